"""A table under a depth camera: one object at rest, or a clutter of several."""
