"""Grasp data (§III-D): images with successful grasps, in the layout of Jacquard."""
