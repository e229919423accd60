"""The robot grasps (§V)."""
