"""The depth sensor: noise that grows with distance, drop-outs at edges, and inpainting of what is missing (§V)."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

from graspbook.core.errors import InputError
from graspbook.world.table.config import CameraConfig

EDGE = 0.01
"""A step in depth of so many metres between neighbouring pixels is an edge, where stereo often fails."""
RADIUS = 3
"""Pixels around a gap from which OpenCV's inpainting takes its values."""


def measure_table(
    depth: Float32[np.ndarray, "h w"], rng: np.random.Generator, config: CameraConfig
) -> Float32[np.ndarray, "h w"]:
    """What the sensor makes of true depth.

    Args:
        depth: The true depth along the optical axis in metres, float32 [H, W].
        rng: The source of randomness, which draws the noise, then the drop-outs.
        config: The configuration of the camera; `noise`, `edge_loss` and `loss` are used.

    Returns:
        The measured depth in metres, float32 [H, W]; 0 where there is a drop-out.
    """
    noisy = depth + config.noise * depth**2 * rng.standard_normal(depth.shape)
    chance = np.where(_edges(depth), config.edge_loss, config.loss)
    return np.where(rng.random(depth.shape) < chance, 0, noisy).astype(np.float32)


def inpaint_depth(depth: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Depth without gaps: invalid values are inpainted with OpenCV (Navier-Stokes; the paper names OpenCV only).

    Args:
        depth: The measured depth in metres, float32 [H, W]; zero, negative and not finite values are invalid.

    Returns:
        The filled depth in metres, float32 [H, W]; valid pixels are as they were.

    Raises:
        InputError: If not one value is valid.
    """
    invalid = ~(np.isfinite(depth) & (depth > 0))
    if invalid.all():
        raise InputError("depth: not one pixel has a finite, positive depth")
    if not invalid.any():
        return depth
    filled = np.where(invalid, 0, depth).astype(np.float32)
    # gaps at the rim have no outer neighbours: a border of copies gives them some
    padded = cv2.copyMakeBorder(filled, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    mask = cv2.copyMakeBorder(invalid.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    painted = cv2.inpaint(padded, mask, RADIUS, cv2.INPAINT_NS)[1:-1, 1:-1]
    low, high = depth[~invalid].min(), depth[~invalid].max()
    return np.where(invalid, np.clip(painted, low, high), depth).astype(np.float32)


def _edges(depth: np.ndarray) -> np.ndarray:
    """Pixels that differ from one of their four neighbours by more than `EDGE`, bool [H, W]."""
    edge = np.zeros(depth.shape, bool)
    for axis in (0, 1):
        step = np.abs(np.diff(depth, axis=axis)) > EDGE
        before, after = [slice(None)] * 2, [slice(None)] * 2
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        edge[tuple(before)] |= step
        edge[tuple(after)] |= step
    return edge
