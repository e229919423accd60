"""The robot grasps what two clicks name (§IV-G)."""
