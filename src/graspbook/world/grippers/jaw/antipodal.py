"""Antipodal candidates: pairs of surface points whose normals face each other, and the grasps that close on them."""

from __future__ import annotations

import numpy as np

from graspbook.world.grippers.jaw.grasp import JawGrasp
from graspbook.world.table.surface import Surface

FRICTION = 0.5
"""The line between two contacts lies within both friction cones of this coefficient."""
JITTER = 0.15
"""Standard deviation of the lines around the surface normal."""
SLOPE = 0.3
"""Largest component of the line along the approach."""
NARROWEST = 0.004
"""Shortest distance between contacts, metres."""


def antipodal_grasps(
    surface: Surface,
    axis: np.ndarray,
    rng: np.random.Generator,
    *,
    max_opening: float,
    clearance: float,
    samples: int = 1000,
    object_id: int | None = None,
) -> list[JawGrasp]:
    """Grasps whose fingers would meet the surface at antipodal points, in the order in which they were drawn.

    Points are drawn uniformly on the surface, and from each a line near the inward normal is followed to the other
    side. What the fingers do not fit around is not sorted out here.

    Args:
        surface: The surfaces of the objects on the table.
        axis: The direction of approach in the world, a unit vector [3].
        rng: The source of randomness, which draws triangles, points and lines.
        max_opening: The largest opening of the gripper, metres.
        clearance: How much wider the fingers open than the contacts are apart, metres.
        samples: The number of points to draw.
        object_id: The id of the only object that points are drawn on; by default, they are drawn on all.

    Returns:
        The grasps in the world, at most `samples`.
    """
    areas = surface.areas
    if object_id is not None:
        areas = areas * (surface.face_ids() == object_id)
    face = rng.choice(len(areas), samples, p=areas / areas.sum())
    weights = rng.dirichlet([1, 1, 1], samples)
    points = np.einsum("nk,nkd->nd", weights, surface.corners[face])
    lines = -surface.normals[face] + rng.normal(0, JITTER, (samples, 3))
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    start = points + 1e-3 * lines
    other, t = surface.hit(start, lines)
    cone = np.cos(np.arctan(FRICTION))
    good = (other >= 0) & (-(surface.normals[face] * lines).sum(1) > cone)
    good &= ((surface.normals[other] * lines).sum(1) > cone) & (np.abs(lines @ axis) < SLOPE)
    ends = start + np.where(good, t, 0)[:, None] * lines
    apart = ends - points
    flat = apart - (apart @ axis)[:, None] * axis
    width = np.linalg.norm(flat, axis=1)
    good &= (width > NARROWEST) & (width + clearance <= max_opening)
    middles = surface.below((points + ends)[good] / 2, axis)
    return [
        JawGrasp(middle, axis, across / w, float(w + clearance))
        for middle, across, w in zip(middles, flat[good], width[good], strict=True)
    ]
