"""Predicted grasps carried out in physics, in the very scene that the image shows."""

from collections.abc import Sequence

import numpy as np

from graspbook.core.progress import progress
from graspbook.mlgsl.grasp_data.dataset import Scenery
from graspbook.world.grippers.jaw.config import JawConfig
from graspbook.world.grippers.jaw.execute import GraspOutcome, Trials
from graspbook.world.grippers.jaw.grasp import to_world
from graspbook.world.table.cell import TableCell


def execute_grasps(
    sceneries: Sequence[Scenery],
    depth: np.ndarray,
    grasps: Sequence[np.ndarray],
    gripper: JawConfig,
    title: str = "grasps",
) -> list[list[GraspOutcome]]:
    """How grasps end, each tried as if it were the only one, with its predicted opening.

    Args:
        sceneries: The object, pose and camera of each of N images.
        depth: Depth in metres, float [N, H, W], without gaps: where the robot believes the surface to be.
        grasps: The grasps in each image, rows (u, v, phi, w) in pixels and radians, [K, 4].
        gripper: The gripper that tries them.
        title: The text in front of the progress bar.

    Returns:
        For each image the outcomes in the order of its grasps.

    Raises:
        InputError: A grasp's centre lies outside the image.
    """
    return [
        grasp_in(scenery, image, rows, gripper)
        for scenery, image, rows in progress(zip(sceneries, depth, grasps, strict=True), title, total=len(depth))
    ]


def grasp_in(scenery: Scenery, depth: np.ndarray, rows: np.ndarray, gripper: JawConfig) -> list[GraspOutcome]:
    """How grasps end in one scene; see `execute_grasps`.

    Args:
        scenery: The object, its pose and the camera of the image.
        depth: Depth in metres, float [H, W], without gaps.
        rows: The grasps, rows (u, v, phi, w) in pixels and radians, [K, 4].
        gripper: The gripper that tries them.

    Raises:
        InputError: A grasp's centre lies outside the image.
    """
    rotation, position = scenery.pose
    with TableCell() as cell:
        cell.add(1, scenery.item, position, rotation)
        trials = Trials(cell, gripper)
        return [trials.attempt(grasp) for grasp in to_world(rows, depth, scenery.camera, gripper.max_opening)]
