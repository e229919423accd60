"""Grasps as rotated rectangles: their exact overlap, and when a predicted grasp counts as right (§IV-A)."""

import numpy as np
from jaxtyping import Bool, Float

from graspbook.mlgsl.config import MetricsConfig

_GROWN = 1 + 1e-9
"""The second rectangle is enlarged by this: then no two edges coincide, which would count twice or leave gaps."""


def rectangle_iou(one: Float[np.ndarray, "n 4"], other: Float[np.ndarray, "n 4"], jaw: float) -> Float[np.ndarray, "n"]:
    """Intersection over union of pairs of grasp rectangles.

    The boundary of the intersection of two convex shapes is what of each one's boundary lies inside the other. Each
    edge is cut to the other rectangle, and Green's theorem adds up the area.

    Args:
        one: Rows (u, v, phi, w) in pixels and radians, [N, 4]: each rectangle is w long in the direction phi, and `jaw`
            * w across it.
        other: The rows that they are paired with, [N, 4].
        jaw: The height of a rectangle over its length.

    Returns:
        The IoU of each pair in 0..1, [N].
    """
    areas = jaw * one[:, 3] ** 2, jaw * other[:, 3] ** 2
    middle = one[:, :2]  # numbers near zero lose least
    a, b = (np.concatenate([grasps[:, :2] - middle, grasps[:, 2:]], 1).astype(float) for grasps in (one, other))
    b[:, 3] *= _GROWN
    common = _inside(a, b, jaw) + _inside(b, a, jaw)
    common = np.clip(common, 0, np.minimum(*areas))
    return common / (areas[0] + areas[1] - common)


def corners(grasps: Float[np.ndarray, "n 4"], jaw: float) -> Float[np.ndarray, "n 4 2"]:
    """The corners of grasp rectangles, in order around each; the first two are joined by an edge of one finger.

    Args:
        grasps: Rows (u, v, phi, w) in pixels and radians, [N, 4].
        jaw: The height of a rectangle over its length.

    Returns:
        The corners (u, v) in pixels, [N, 4, 2].
    """
    along = np.stack([np.cos(grasps[:, 2]), np.sin(grasps[:, 2])], -1) * grasps[:, 3:] / 2
    across = jaw * np.stack([-along[:, 1], along[:, 0]], -1)
    sides = [along - across, along + across, -along + across, -along - across]
    return grasps[:, None, :2] + np.stack(sides, 1)


def _inside(a: np.ndarray, b: np.ndarray, jaw: float) -> np.ndarray:
    """Half the sum of cross products along those parts of the edges of `a` that lie in `b`, [N]."""
    start = corners(a, jaw)
    end = np.roll(start, -1, axis=1)
    cos, sin = np.cos(b[:, 2])[:, None], np.sin(b[:, 2])[:, None]

    def local(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = (points[..., k] - b[:, None, k] for k in (0, 1))
        return x * cos + y * sin, y * cos - x * sin

    first, last = np.zeros(start.shape[:2]), np.ones(start.shape[:2])
    half = b[:, 3:] / 2
    for begun, ended, reach in zip(local(start), local(end), (half, jaw * half), strict=True):
        step = ended - begun
        with np.errstate(divide="ignore", invalid="ignore"):
            enter, leave = (-np.sign(step) * reach - begun) / step, (np.sign(step) * reach - begun) / step
        parallel = np.abs(step) < 1e-15
        within = np.abs(begun) <= reach
        first = np.maximum(first, np.where(parallel, np.where(within, 0, 2), enter))
        last = np.minimum(last, np.where(parallel, np.where(within, 1, -1), leave))
    part = np.clip(last - first, 0, None)
    cross = start[..., 0] * end[..., 1] - start[..., 1] * end[..., 0]
    # the cross product of two points on an edge is that of its ends, times the share of the edge between them
    return (part * cross).sum(1) / 2


def angle_between(
    one: Float[np.ndarray, "*n"] | float, other: Float[np.ndarray, "*n"] | float
) -> Float[np.ndarray, "*n"] | float:
    """The angle between two directions of closing, 0 to pi / 2: a half-turn is none.

    Args:
        one: The first direction, or several, in radians.
        other: The second direction, or several, in radians.

    Returns:
        The angle in radians, 0 to pi / 2.
    """
    difference = np.abs(one - other) % np.pi
    return np.minimum(difference, np.pi - difference)


def is_right(
    grasps: Float[np.ndarray, "n 4"], labels: Float[np.ndarray, "k 4"], config: MetricsConfig
) -> Bool[np.ndarray, "n"]:
    """Which grasps overlap some label by `iou` at an angle of at most `angle` (§IV-A).

    Args:
        grasps: The predicted rows (u, v, phi, w) in pixels and radians, [N, 4].
        labels: The rows of all successful grasps of the image, [K, 4].
        config: The settings of the metrics; `iou`, `angle` and `jaw` are used.

    Returns:
        Whether each predicted grasp is right, bool [N].
    """
    if not len(labels):
        return np.zeros(len(grasps), bool)
    first, second = (index.ravel() for index in np.indices((len(grasps), len(labels))))
    one, other = grasps[first].astype(float), labels[second].astype(float)
    right = angle_between(one[:, 2], other[:, 2]) <= np.radians(config.angle)
    right[right] = rectangle_iou(one[right], other[right], config.jaw) >= config.iou
    return right.reshape(len(grasps), len(labels)).any(1)
