"""Suction cups: their layout, and the physics of whether each of them seals.

The `selfsup` paper uses "a 5 suction cup end-effector" with a gauge on each cup (§IV-A) and prints neither layout
nor size; ours is a cross: one cup in the middle and four around it, `SPREAD` away.

A cup is judged by rays along the approach, from its lip and its centre: it seals if it reaches, if all its rays
meet the same item (the bin and the table cannot be sealed on), if the lip's heights lie close to a plane (its
rubber follows small curvature only), if that plane is not tilted too far, and if the surface does not bulge into
the cup. The truth (geometry of the scene) decides, never the noisy picture.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.world.render.rays import RayScene

N_CUPS = 5
CUP_RADIUS = 0.012
"""Radius of a cup's lip, metres."""
SPREAD = 0.028
"""Distance of the outer cups from the middle one, metres."""
CUPS = SPREAD * np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0)], float)
"""Cup centres in the tool's frame [5, 3], metres: x, y across, z back along the approach."""
N_RIM = 8
"""Rays around each lip."""
STROKE = 0.010
"""How far a cup's bellows give way along the approach, metres: cups that much behind the first still reach."""
MAX_RESIDUAL = 0.0018
"""Largest deviation of the lip's heights from a plane at which the rubber still closes, metres."""
MAX_TILT = np.radians(30)
"""Largest angle between that plane and the cup."""
MAX_BULGE = 0.005
"""How far the surface may rise above the lip's plane inside the cup (its depth), or sink below it, metres."""
VACUUM = 60.0
"""Vacuum of a sealed cup, kPa."""
FORCE = VACUUM * 1e3 * np.pi * CUP_RADIUS**2
"""What a perfectly sealed cup holds along its axis, newtons (27 N)."""

_ANGLES = np.arange(N_RIM) * 2 * np.pi / N_RIM
_RIM = CUP_RADIUS * np.stack([np.cos(_ANGLES), np.sin(_ANGLES), np.zeros(N_RIM)], 1)
_START = 0.12
"""Rays start this far behind the tool's target, so that whatever stands in the way is met first, metres."""


def probes_of(cups: np.ndarray) -> np.ndarray:
    """Where rays start: at each cup's lip, then at its centre.

    Args:
        cups: The cups' centres in the tool's frame, [N, 3] metres.

    Returns:
        The points in the tool's frame, [N, N_RIM + 1, 3] metres.
    """
    return cups[:, None] + np.concatenate([_RIM, np.zeros((1, 3))])[None]


PROBES = probes_of(CUPS)
"""Those of the five-cup gripper, [5, N_RIM + 1, 3] metres."""


@dataclasses.dataclass(frozen=True)
class ToolPose:
    """Where the gripper goes.

    Attributes:
        position: The point where the middle cup's lip is to meet the surface, [3] metres in the world.
        rotation: The rotation from the tool's frame to the world, [3, 3]; its third column points back along the
            approach, away from the surface.
    """

    position: np.ndarray
    rotation: np.ndarray

    def to_world(self, points: np.ndarray) -> np.ndarray:
        """Points of the tool's frame in the world.

        Args:
            points: The points in the tool's frame, [..., 3] metres.

        Returns:
            The points in the world, [..., 3] metres.
        """
        return points @ self.rotation.T + self.position


@dataclasses.dataclass(frozen=True)
class Contact:
    """What the N cups of a tool met; N is 5, or 9 for the nine-cup gripper.

    Attributes:
        object_ids: The id of the item under each cup that reached one, int [N]; 0 where it reached none.
        touching: Whether each cup reached something, be it the bin or the table, bool [N].
        sealed: Whether each cup sealed, bool [N].
        quality: The share of `FORCE` that each cup holds, float [N], from 0 (not sealed) to 1.
        centres: The point where each cup's centre came to stand, float [N, 3] metres in the world.
        normals: The unit normals of the lips' planes in the world, float [N, 3]; the approach reversed where a cup did
            not seal.
    """

    object_ids: np.ndarray
    touching: np.ndarray
    sealed: np.ndarray
    quality: np.ndarray
    centres: np.ndarray
    normals: np.ndarray

    @property
    def grasped_id(self) -> int:
        """The item under the first sealed cup; without one, under the first cup that reached one; else 0."""
        for among in (self.sealed, self.touching):
            ids = self.object_ids[among & (self.object_ids > 0)]
            if len(ids):
                return int(ids[0])
        return 0


def press(pose: ToolPose, scene: RayScene, cups: np.ndarray = CUPS) -> Contact:
    """Lowers the tool along its approach until the first cup's bellows are pressed in, and tests each seal.

    Args:
        pose: The pose of the tool; the middle cup goes to its position.
        scene: The items and the bin as they stand.
        cups: The cups' centres in the tool's frame, [N, 3] metres; those of the five-cup gripper by default.

    Returns:
        What each of the cups met.
    """
    back, count = pose.rotation[:, 2], len(cups)
    origins = pose.to_world(probes_of(cups)).reshape(-1, 3) + _START * back
    directions = np.broadcast_to(-back, origins.shape)
    hits = scene.cast(np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(directions, np.float32))
    ids = scene.object_at(hits).reshape(count, -1)
    # heights along `back` above the target plane; where a ray meets nothing it is infinitely deep
    heights = np.where(hits.geom >= 0, _START - hits.t.astype(float), -np.inf).reshape(count, -1)
    first = heights.max(axis=1)
    touching = np.isfinite(first) & (first >= first.max() - STROKE)

    lip = np.where(np.isfinite(heights[:, :N_RIM]), heights[:, :N_RIM], -1.0)
    mean, slope_x, slope_y, residual = fit_lip(lip)
    tilt = np.arctan(np.hypot(slope_x, slope_y))
    bulge = np.abs(heights[:, N_RIM] - mean)
    one_item = (ids == ids[:, :1]).all(axis=1) & (ids[:, 0] > 0)
    quality = (1 - (residual / MAX_RESIDUAL) ** 2).clip(0) * (1 - (tilt / MAX_TILT) ** 2).clip(0)
    quality = np.where(touching & one_item & (bulge < MAX_BULGE), quality, 0.0)

    stand = np.where(touching, first, np.where(np.isfinite(first), first.max() - STROKE, -STROKE))
    local = cups + np.stack([np.zeros(count), np.zeros(count), stand], 1)
    normals = np.stack([-slope_x, -slope_y, np.ones(count)], 1)
    normals = np.where((quality > 0)[:, None], normals, (0.0, 0.0, 1.0))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    highest = np.take_along_axis(ids, heights.argmax(axis=1)[:, None], 1)[:, 0]
    return Contact(
        object_ids=np.where(touching, highest.clip(0), 0).astype(np.int64),
        touching=touching,
        sealed=quality > 0,
        quality=quality,
        centres=pose.to_world(local),
        normals=normals @ pose.rotation.T,
    )


def fit_lip(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Least-squares plane through the heights of evenly spaced points of a lip.

    Over a full circle the plane's three columns are orthogonal, so the fit has a closed form.

    Args:
        heights: The heights of the lip's points along the approach, float [..., N_RIM] metres.

    Returns:
        The mean height in metres, the slopes along x and y (metres per metre), and the largest deviation from the plane
        in metres, each [...].
    """
    mean = heights.mean(axis=-1)
    slope_x = heights @ np.cos(_ANGLES) * 2 / N_RIM / CUP_RADIUS
    slope_y = heights @ np.sin(_ANGLES) * 2 / N_RIM / CUP_RADIUS
    plane = mean[..., None] + slope_x[..., None] * _RIM[:, 0] + slope_y[..., None] * _RIM[:, 1]
    return mean, slope_x, slope_y, np.abs(heights - plane).max(axis=-1)


def read_gauges(contact: Contact, rng: np.random.Generator) -> np.ndarray:
    """Draws the gauge readings of the cups.

    Args:
        contact: What the five cups met.
        rng: The source of the leaks and of the noise.

    Returns:
        The pressure relative to ambient, float32 [5] in kPa: near -60 for a good seal, -5 to -15 for a cup that leaks
        on a surface, about -5 in the open air, each with 1.5 kPa of noise.
    """
    leak = np.where(contact.touching, rng.uniform(-15, -5, N_CUPS), -5.0)
    sealed = -VACUUM * (0.85 + 0.15 * contact.quality)
    return (np.where(contact.sealed, sealed, leak) + rng.normal(0, 1.5, N_CUPS)).astype(np.float32)
