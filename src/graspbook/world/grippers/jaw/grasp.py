"""A grasp in an image, g = (p, phi, w), and the same grasp in the world (§III-A, Figure 2).

In an image, a grasp is a row (u, v, phi, w): the pixel, the closing direction and the opening. phi is in radians, from
the axis of u (to the right) towards that of v (downwards), so it grows clockwise on the screen; phi and phi + pi are
the same grasp. w is in pixels.

In the world, the gripper moves along the camera's optical axis, perpendicular to the image (Figure 2b), towards the
surface point that the pixel shows.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from graspbook.core.errors import InputError
from graspbook.world.render.camera import Camera


@dataclasses.dataclass(frozen=True)
class JawGrasp:
    """One grasp in the world.

    Attributes:
        point: The surface point under the gripper, [3] metres.
        axis: The direction of approach, a unit vector [3].
        closing: The direction from one finger to the other, a unit vector [3] perpendicular to `axis`.
        opening: The distance between the fingers' inner faces, metres.
    """

    point: np.ndarray
    axis: np.ndarray
    closing: np.ndarray
    opening: float


def half_turn(angle: Float[np.ndarray, "*n"] | float) -> Float[np.ndarray, "*n"] | float:
    """The same directions of a line, brought to [-pi/2, pi/2).

    Args:
        angle: The angles in radians, one or [N].
    """
    return (np.asarray(angle, float) + np.pi / 2) % np.pi - np.pi / 2


def to_image(grasps: list[JawGrasp], camera: Camera) -> Float[np.ndarray, "n 4"]:
    """Grasps of the world as rows of the camera's image.

    The opening is measured at the depth of the surface point.

    Args:
        grasps: The grasps in the world.
        camera: The camera of the image.

    Returns:
        The rows (u, v, phi, w), float64 [N, 4]: u, v and w in pixels, phi in radians within [-pi/2, pi/2).
    """
    if not grasps:
        return np.zeros((0, 4))
    points = np.stack([grasp.point for grasp in grasps])
    arms = np.stack([grasp.closing * grasp.opening / 2 for grasp in grasps])
    (first, _), (second, _), (middle, _) = (camera.project(points + side * arms) for side in (-1, 1, 0))
    across = second - first
    angle = half_turn(np.arctan2(across[:, 1], across[:, 0]))
    return np.column_stack([middle, angle, np.hypot(*across.T)])


def to_world(
    rows: Float[np.ndarray, "n 4"], depth: Float[np.ndarray, "h w"], camera: Camera, max_opening: float = np.inf
) -> list[JawGrasp]:
    """Rows (u, v, phi, w) as grasps of the world: the surface point is what the depth image shows at the pixel.

    Args:
        rows: The grasps (u, v, phi, w) in the image, float [N, 4]: u, v and w in pixels, phi in radians.
        depth: The depth along the optical axis in metres, [H, W], without gaps.
        camera: The camera of the image.
        max_opening: The opening that wider ones are cut to, metres.

    Returns:
        The grasps in the world, in the order of the rows.

    Raises:
        InputError: If a grasp's centre lies outside the image.
    """
    rows = np.asarray(rows, float).reshape(-1, 4)
    height, width = depth.shape
    column, row = (np.rint(rows[:, k]).astype(int) for k in (0, 1))
    outside = (column < 0) | (column >= width) | (row < 0) | (row >= height)
    if outside.any():
        u, v = rows[outside][0, :2]
        raise InputError(f"grasp at pixel ({u:.1f}, {v:.1f}): outside the image of {width}x{height} pixels")
    distance = depth[row, column].astype(float)
    across = np.column_stack([np.cos(rows[:, 2]), np.sin(rows[:, 2])])
    points = camera.backproject(rows[:, :2], distance)
    span = camera.backproject(rows[:, :2] + across, distance) - points  # of one pixel: parallel to the image
    length = np.linalg.norm(span, axis=1)
    axis = camera.world_from_camera[:3, 2]
    return [
        JawGrasp(point, axis, direction / metres, float(min(w * metres, max_opening)))
        for point, direction, metres, w in zip(points, span, length, rows[:, 3], strict=True)
    ]
