"""The simulated bin-picking world: physics, rays, light, camera and grippers (imports no torch)."""
