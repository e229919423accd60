"""Two clicked pixels that name an axis, and the grasp across what was found of them (§IV-G).

The jaws close on the middle of the two points, across their axis and level with the table; the approach is as near to
straight down as an axis that is not level allows. The paper says that the two points determine position and
orientation, and not how wide the jaws open: here they open as wide as the depth image shows the object to be.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from graspbook.core.errors import InputError
from graspbook.don.robot.config import RobotConfig
from graspbook.world.grippers.jaw.grasp import JawGrasp
from graspbook.world.render.camera import Camera

STEP = 0.002
"""The object's width is measured in such steps, metres."""
SHORTEST = 0.005
"""Two points nearer to each other are no axis, metres."""
STEEPEST = 60.0
"""Nor are those whose line rises by more, degrees."""


def axis_pixels(mask: Bool[np.ndarray, "h w"], click: float) -> Float[np.ndarray, "2 2"]:
    """Two pixels (u, v) on the longer main axis of an object's mask.

    The paper clicks them by hand. Here each lies `click` of the way from the middle to the end of the object.

    Args:
        mask: Pixels of the object, [h, w].
        click: Distance from the middle, as a share of half the object's length along the axis, 0..1.

    Raises:
        InputError: The mask has fewer than two pixels.
    """
    row, column = np.nonzero(mask)
    if len(row) < 2:
        raise InputError("mask: expected an object of at least two pixels")
    pixels = np.stack([column, row], 1).astype(float)
    middle = pixels.mean(0)
    _, _, axes = np.linalg.svd(pixels - middle, full_matrices=False)
    along = (pixels - middle) @ axes[0]
    wanted = middle + click * np.array([[along.min()], [along.max()]]) * axes[0]
    # the nearest pixels that are on the object: a bent one may not contain the point itself
    return pixels[[np.argmin(((pixels - point) ** 2).sum(1)) for point in wanted]]


def lift_pixels(
    uv: Float[np.ndarray, "n 2"], depth: Float[np.ndarray, "h w"], camera: Camera
) -> Float[np.ndarray, "n 3"]:
    """World points that pixels show.

    Args:
        uv: Pixel coordinates (u, v) inside the image, [n, 2].
        depth: Depth along the optical axis without gaps, metres, [h, w].
        camera: Camera of the image.

    Returns:
        World points, metres, [n, 3].
    """
    column, row = np.rint(np.asarray(uv)).astype(int).T
    return camera.backproject(np.asarray(uv, float), depth[row, column].astype(float))


def axis_grasp(
    points: Float[np.ndarray, "2 3"], depth: Float[np.ndarray, "h w"], camera: Camera, config: RobotConfig
) -> JawGrasp | None:
    """The grasp across an axis; None where the points are too close to each other, or the axis is too steep.

    Args:
        points: Both ends of the axis in the world, metres, [2, 3].
        depth: Measured depth along the optical axis without gaps, metres, [h, w].
        camera: Camera of the depth image.
        config: Settings of the robot, of which `drop`, `clearance` and `gripper` are used.
    """
    along = points[1] - points[0]
    length = np.linalg.norm(along)
    if length < SHORTEST or abs(along[2]) > length * np.sin(np.radians(STEEPEST)):
        return None
    closing = np.cross(along, (0.0, 0.0, 1.0))
    closing /= np.linalg.norm(closing)
    approach = np.cross(along / length, closing)
    approach *= -np.sign(approach[2])
    middle = points.mean(0)
    opening = opening_across(middle, closing, approach, depth, camera, config)
    return JawGrasp(middle, approach, closing, opening)


def opening_across(
    middle: Float[np.ndarray, " 3"],
    closing: Float[np.ndarray, " 3"],
    approach: Float[np.ndarray, " 3"],
    depth: Float[np.ndarray, "h w"],
    camera: Camera,
    config: RobotConfig,
) -> float:
    """How wide the jaws open: to where the surface falls away on both sides of a point, and a little more; metres.

    The gripper's own width is the answer where the surface goes on.

    Args:
        middle: Grasped point in the world, metres, [3].
        closing: Closing direction of the jaws, a unit vector [3].
        approach: Approach direction, a unit vector [3].
        depth: Measured depth along the optical axis without gaps, metres, [h, w].
        camera: Camera of the depth image.
        config: Settings of the robot, of which `drop`, `clearance` and `gripper` are used.

    Returns:
        Opening, metres, at most the gripper's own.
    """
    widest = config.gripper.max_opening
    steps = np.arange(STEP, widest / 2, STEP)
    ends = []
    for side in (-1, 1):
        uv, _ = camera.project(middle + side * steps[:, None] * closing)
        inside = ((np.rint(uv) >= 0) & (np.rint(uv) < (camera.width, camera.height))).all(1)
        below = np.zeros(len(steps))
        below[inside] = (lift_pixels(uv[inside], depth, camera) - middle) @ approach
        ended = np.flatnonzero(below > config.drop)
        ends.append(steps[ended[0]] if len(ended) else widest / 2)
    return float(min(2 * max(ends) + 2 * config.clearance, widest))
