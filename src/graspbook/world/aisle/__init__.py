"""A warehouse aisle, seen from a camera that drives along it."""
