"""Rigid bodies in time, through PyBullet."""
