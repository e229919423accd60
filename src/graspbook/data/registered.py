"""Do registered views fit together? What one camera sees has to lie where the others see it."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from graspbook.core.errors import InputError
from graspbook.world.render.camera import Camera

SIDE = 24
"""Points along each side of a view that are looked for in another."""
PAIRS = 32
"""Pairs of views that are compared at most."""
TOLERANCE = (0.01, 0.02)
"""A point agrees with a measured depth within so many metres, or so large a part of its distance."""
FAULTS = {
    (1000.0, False): "cam_t_w2c is in metres, expected millimetres",
    (1.0, True): "cam_R_w2c and cam_t_w2c lead from the camera to the world, expected from the world to the camera",
    (1000.0, True): "cam_R_w2c and cam_t_w2c are in metres and lead from the camera to the world, expected millimetres "
    "and from the world to the camera",
    (10.0, False): "depth_scale is ten times too large",
    (0.1, False): "depth_scale is ten times too small",
}
"""What is wrong with a recording whose views fit once positions are longer by a factor, and poses inverted or not."""


def check_views(depth: Float32[np.ndarray, "v h w"], cameras: Sequence[Camera], source: str) -> None:
    """Refuse views whose poses contradict their depth since they are in another unit or inverted; warn of others.

    Args:
        depth: The depth of each view along the optical axis in metres, float32 [V, H, W]; 0 where there is none.
        cameras: The camera of each view.
        source: The name of the file, with which the error message begins.

    Raises:
        InputError: The views fit twice as well with one of the usual mistakes undone. Views that do not overlap
            contradict nothing.
    """
    pairs = _pairs(len(cameras))
    if not pairs:
        return
    seen, landed = _shares(depth, cameras, pairs)
    contradicted = landed > 0.1 and seen < 0.5 * landed
    for (factor, inverted), fault in FAULTS.items() if seen < 0.5 else ():
        if "depth_scale" in fault and not contradicted:  # cameras that come closer together always see more in common
            continue
        mended, _ = _shares(depth, [_changed(camera, factor, inverted) for camera in cameras], pairs)
        if mended > max(2 * seen, 0.2):
            raise InputError(
                f"{source}: the views do not fit together: {seen:.0%} of the points of a view are seen in another, "
                f"but {mended:.0%} if {fault}"
            )
    if landed > 0.1 and seen < 0.05 * landed:
        warnings.warn(
            f"{source}: the views do not fit together: {landed:.0%} of the points of a view fall into another, "
            f"{seen:.1%} agree with its depth; expected cam_R_w2c and cam_t_w2c from the world to the camera, "
            "in millimetres",
            stacklevel=3,
        )


def _pairs(count: int) -> list[tuple[int, int]]:
    """Neighbours in the order of the views, and views half and a quarter of the recording apart; evenly thinned out."""
    steps = sorted({step for step in (1, count // 4, count // 2) if step > 0})
    pairs = [(view, view + step) for step in steps for view in range(count - step)]
    return [pairs[k] for k in np.unique(np.linspace(0, len(pairs) - 1, PAIRS).astype(int))] if pairs else []


def _shares(depth: np.ndarray, cameras: Sequence[Camera], pairs: list[tuple[int, int]]) -> tuple[float, float]:
    """Of the points of the first views, the parts that the second see, and that fall onto their measured pixels."""
    counts = np.sum([_compare(depth[a], cameras[a], depth[b], cameras[b]) for a, b in pairs], axis=0)
    return counts[0] / max(counts[2], 1), counts[1] / max(counts[2], 1)


def _compare(depth_a: np.ndarray, a: Camera, depth_b: np.ndarray, b: Camera) -> tuple[int, int, int]:
    """How many points of A agree with B's depth, fall onto a measured pixel of B, and are there at all."""
    v, u = (k.ravel() for k in np.meshgrid(*(np.linspace(0, n - 1, SIDE).astype(int) for n in depth_a.shape)))
    z = depth_a[v, u].astype(float)
    v, u, z = v[z > 0], u[z > 0], z[z > 0]
    points = np.stack([(u - a.cx) / a.fx * z, (v - a.cy) / a.fy * z, z, np.ones_like(z)])
    x, y, z, _ = np.linalg.inv(b.world_from_camera) @ a.world_from_camera @ points
    before = z > 1e-6
    x, y, z = x[before], y[before], z[before]
    column, row = x / z * b.fx + b.cx, y / z * b.fy + b.cy
    height, width = depth_b.shape
    inside = (abs(column - (width - 1) / 2) < width / 2) & (abs(row - (height - 1) / 2) < height / 2)
    measured = depth_b[np.rint(row[inside]).astype(int), np.rint(column[inside]).astype(int)]
    error, known = abs(measured - z[inside]), measured > 0
    near, far = TOLERANCE
    return int((known & (error <= np.maximum(near, far * z[inside]))).sum()), int(known.sum()), points.shape[1]


def _changed(camera: Camera, factor: float, inverted: bool) -> Camera:
    pose = np.linalg.inv(camera.world_from_camera) if inverted else camera.world_from_camera.copy()
    pose[:3, 3] *= factor
    return dataclasses.replace(camera, world_from_camera=pose)
