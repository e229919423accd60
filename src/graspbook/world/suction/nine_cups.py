"""The nine-cup gripper of the `latent` paper (§V-E): three rows of three, its seal and its planner.

The paper prints neither layout nor size. A cup seals as one of the five-cup gripper does (`seal`), on the same rubber;
the planner is the same, too, with more cups: as many as possible are to land on what is believed to be one item.
"""

from __future__ import annotations

import numpy as np

from graspbook.world.camera import Camera
from graspbook.world.rays import RayScene
from graspbook.world.suction.gripper import FLAT, SuctionGripper, sample
from graspbook.world.suction.seal import (
    CUP_RADIUS,
    MAX_BULGE,
    MAX_RESIDUAL,
    MAX_TILT,
    N_RIM,
    STROKE,
    Contact,
    ToolPose,
    fit_lip,
)

SPREAD = 0.034
"""Distance of neighbouring cups, metres."""
GRID = SPREAD * np.array([(x, y, 0) for y in (-1, 0, 1) for x in (-1, 0, 1)], float)
"""Cup centres in the tool's frame [9, 3], metres; the fifth is the middle one."""
_ANGLES = np.arange(N_RIM) * 2 * np.pi / N_RIM
_LIP = CUP_RADIUS * np.stack([np.cos(_ANGLES), np.sin(_ANGLES), np.zeros(N_RIM)], 1)
PROBES = GRID[:, None] + np.concatenate([_LIP, np.zeros((1, 3))])[None]
"""Where rays start, in the tool's frame [9, N_RIM + 1, 3]: each cup's lip, then its centre."""
_START = 0.12
"""Rays start this far behind the tool's target, metres."""


class NineCups(SuctionGripper):
    """Plans poses of the nine-cup gripper; see `SuctionGripper`."""

    def _count(
        self, points: np.ndarray, rotations: np.ndarray, depth: np.ndarray, mask: np.ndarray, camera: Camera
    ) -> np.ndarray:
        """How many cups lie wholly in the mask on flat depth: int [N, n_turns]."""
        probes = np.einsum("ntij,cpj->ntcpi", rotations, PROBES, optimize=True) + points[:, None, None, None]
        uv, expected = camera.project(probes)
        seen, inside = sample(uv, depth, mask)
        valid = seen > 0
        height = np.where(valid, expected - seen, -np.inf)
        top = height.max(-1)
        reached = top >= top.max(-1, keepdims=True) - STROKE
        count = valid.sum(-1)
        mean = np.where(valid, height, 0).sum(-1) / np.maximum(count, 1)
        lip = np.where(valid, height, mean[..., None])[..., :N_RIM]
        flat = fit_lip(lip)[3] < FLAT
        return (inside.all(-1) & (count > PROBES.shape[1] // 2) & flat & reached).sum(-1)


def press_nine(pose: ToolPose, scene: RayScene) -> Contact:
    """Lowers the tool along its approach until the first cup's bellows are pressed in, and tests each seal.

    Args:
        pose: The pose of the tool; the middle cup goes to its position.
        scene: The items and the tote as they stand.

    Returns:
        What each of the nine cups met, as `seal.press` says it of five.
    """
    back, cups = pose.rotation[:, 2], len(GRID)
    origins = pose.to_world(PROBES).reshape(-1, 3) + _START * back
    directions = np.broadcast_to(-back, origins.shape)
    hits = scene.cast(np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(directions, np.float32))
    ids = scene.object_at(hits).reshape(cups, -1)
    heights = np.where(hits.geom >= 0, _START - hits.t.astype(float), -np.inf).reshape(cups, -1)
    first = heights.max(1)
    touching = np.isfinite(first) & (first >= first.max() - STROKE)

    lip = np.where(np.isfinite(heights[:, :N_RIM]), heights[:, :N_RIM], -1.0)
    mean, slope_x, slope_y, residual = fit_lip(lip)
    tilt = np.arctan(np.hypot(slope_x, slope_y))
    one_item = (ids == ids[:, :1]).all(1) & (ids[:, 0] > 0)
    quality = (1 - (residual / MAX_RESIDUAL) ** 2).clip(0) * (1 - (tilt / MAX_TILT) ** 2).clip(0)
    bulge = np.abs(heights[:, N_RIM] - mean)
    quality = np.where(touching & one_item & (bulge < MAX_BULGE), quality, 0.0)

    stand = np.where(touching, first, np.where(np.isfinite(first), first.max() - STROKE, -STROKE))
    normals = np.stack([-slope_x, -slope_y, np.ones(cups)], 1)
    normals = np.where((quality > 0)[:, None], normals, (0.0, 0.0, 1.0))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    highest = np.take_along_axis(ids, heights.argmax(1)[:, None], 1)[:, 0]
    return Contact(
        object_ids=np.where(touching, highest.clip(0), 0).astype(np.int64),
        touching=touching,
        sealed=quality > 0,
        quality=quality,
        centres=pose.to_world(GRID + np.stack([np.zeros(cups), np.zeros(cups), stand], 1)),
        normals=normals @ pose.rotation.T,
    )
