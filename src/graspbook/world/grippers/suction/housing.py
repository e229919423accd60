"""The body of the gripper, its bellows, and whether they have room (`selfsup`, §VI-A: "a collision-free path").

The body is a cylinder in the tool's frame; bellows join it to the cups. The tool comes down along its approach, so
all that the body passes through is the cylinder continued upwards. The planner asks the depth image whether that
space is free, of a tool grown by a margin; the truth about the body is decided by rays against the scene, and that
about the cups by `seal.press`.
"""

from __future__ import annotations

import numpy as np

from graspbook.world.grippers.suction.gripper import sample
from graspbook.world.grippers.suction.seal import CUP_RADIUS, CUPS, STROKE, Contact, ToolPose
from graspbook.world.render.camera import Camera
from graspbook.world.render.rays import RayScene

RADIUS = 0.045
"""Radius of the body, metres: just wide enough for the five cups."""
BELLOWS = 0.05
"""Height of the body's lower face above the lips of cups that press on nothing, metres."""
LENGTH = 0.30
"""Length of the body, metres: nothing in a bin stands taller."""
MARGIN = 0.005
"""What the planner adds around body and cups, metres, for the noise and the pixels of the depth image."""

_FACE = BELLOWS - STROKE
"""Height of the lower face above the lips when the tool stands with its cups pressed in, metres."""
_RAYS_APART = 0.005
"""Distance between the rays that decide whether the body collides, metres."""


def ring(radius: float, n: int) -> np.ndarray:
    """Points evenly around a circle in the plane z = 0.

    Args:
        radius: The radius of the circle, metres.
        n: The number of points.

    Returns:
        The points, float64 [n, 3] metres.
    """
    angles = np.arange(n) * 2 * np.pi / n
    return radius * np.stack([np.cos(angles), np.sin(angles), np.zeros(n)], 1)


def disc(radius: float, spacing: float) -> np.ndarray:
    """Points on a square grid inside a circle and on the circle, in the plane z = 0.

    Args:
        radius: The radius of the circle, metres.
        spacing: The distance between neighbouring points, metres.

    Returns:
        The points, float64 [N, 3] metres.
    """
    ticks = spacing * np.arange(-(radius // spacing), radius // spacing + 1)
    grid = np.stack(np.meshgrid(ticks, ticks, 0.0), -1).reshape(-1, 3)
    inside = np.linalg.norm(grid, axis=1) < radius - spacing / 2
    return np.concatenate([grid[inside], ring(radius, int(np.ceil(2 * np.pi * radius / spacing)))])


# What the planner probes, in the tool's frame [P, 3]: the lower face and the side of the body. Whatever is inside
# hides one of them from a camera above. And, lower down, rings around the cups.
_SIDE = [ring(RADIUS + MARGIN, 40) + np.array([0, 0, z]) for z in np.arange(_FACE, 0.18, 0.015)]
_BODY = np.concatenate([disc(RADIUS + MARGIN, 0.008) + np.array([0, 0, _FACE - MARGIN]), *_SIDE])
_CUPS = np.concatenate(
    [
        ring(CUP_RADIUS + MARGIN, 12) + centre + np.array([0, 0, z])
        for centre in CUPS
        for z in (STROKE + 0.002, STROKE + 0.014)
    ]
)


def clear(depth: np.ndarray, camera: Camera, mask: np.ndarray, points: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Where the tool can come down and stand without touching anything that the camera sees.

    A point of the tool counts as blocked if the camera sees something in front of it: what is hidden may be
    occupied. Where the depth image has a hole, nothing is known to be in the way. The body may touch nothing; the
    cups may meet what is believed to be the item, and whatever stands no more than a stroke above their target.

    Args:
        depth: The measured depth along the optical axis in metres, float32 [H, W]; 0 is a drop-out.
        camera: The camera of the depth image.
        mask: The pixels that are believed to be the item, bool [H, W].
        points: The points where the middle cup is to meet the surface, [N, 3] metres.
        rotations: The rotations of the tool, [N, T, 3, 3]; those of one point differ by turns about the approach.

    Returns:
        Whether the tool has room at each pose, bool [N, T].
    """
    # the body is round: one turn stands for all
    body = np.einsum("nij,pj->npi", rotations[:, 0], _BODY, optimize=True) + points[:, None]
    cups = np.einsum("ntij,pj->ntpi", rotations, _CUPS, optimize=True) + points[:, None, None]
    blocked, _ = _hidden(body, depth, camera, mask)
    hidden, behind_mask = _hidden(cups, depth, camera, mask)
    return ~blocked.any(axis=-1)[:, None] & ~(hidden & ~behind_mask).any(axis=-1)


def _hidden(probes: np.ndarray, depth: np.ndarray, camera: Camera, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of the probes [..., 3] lie behind something that the camera sees, and which in the mask: bool [...]."""
    uv, expected = camera.project(probes)
    seen, inside = sample(uv, depth, mask)
    return (seen > 0) & (seen < expected), inside


def collides(pose: ToolPose, contact: Contact, rays: RayScene) -> bool:
    """Whether the body meets anything on its way down, or where it stands.

    Args:
        pose: The pose of the tool.
        contact: What the cups would meet there, which tells where the tool stops.
        rays: The items and the bin as they stand.

    Returns:
        The truth, up to things that slip between the rays.
    """
    back = pose.rotation[:, 2]
    met = (contact.centres[contact.touching] - pose.position) @ back
    # the tool stops a stroke below the first surface that a cup meets
    face = _FACE + (met.max() if len(met) else 0.0)
    origins = (pose.to_world(disc(RADIUS, _RAYS_APART)) + (face + LENGTH) * back).astype(np.float32)
    ways = np.ascontiguousarray(np.broadcast_to(-back, origins.shape), np.float32)
    return bool(rays.occluded(origins, ways, LENGTH).any())
