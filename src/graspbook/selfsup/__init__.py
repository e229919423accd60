"""Self-Supervised Instance Segmentation by Grasping (Liu, Chen, Abbeel)."""
