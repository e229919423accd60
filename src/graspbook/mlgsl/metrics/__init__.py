"""How good predicted grasps are (§IV-A)."""
