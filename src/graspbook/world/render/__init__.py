"""Cameras, rays, light and the sensor: from a scene to a picture with ids and depth."""
