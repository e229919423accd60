"""The robot that picks (§VI)."""
