"""Grasp segmentation (§III-A, §IV)."""
