"""The suction gripper: cups, seal, housing, pull."""
