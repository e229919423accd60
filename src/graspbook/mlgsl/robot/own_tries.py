"""What the robot learns by itself: it tries grasps in a scene until one holds, and keeps that one.

Two edges that face each other are all that it knows of grasping. Who collects labels in this way has one for each
image, and knows nothing of the pixels that were never tried: the regime that the paper argues for (§I).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from graspbook.core.parallel import in_turn
from graspbook.core.progress import progress
from graspbook.mlgsl.grasp_data.dataset import GraspImages, Scenery
from graspbook.mlgsl.robot.planners import edge_pairs
from graspbook.world.grippers.jaw.config import JawConfig
from graspbook.world.grippers.jaw.execute import GraspOutcome, Trials
from graspbook.world.grippers.jaw.grasp import to_world
from graspbook.world.table.cell import TableCell


def try_and_keep(
    images: GraspImages, sceneries: Sequence[Scenery], gripper: JawConfig, widest: float, tries: int, seed: int
) -> tuple[GraspImages, np.ndarray]:
    """The images in which a grasp held, each with that one label.

    Args:
        images: The images that the robot sees; their labels are not looked at.
        sceneries: The object, pose and camera of each image.
        gripper: The gripper, which tries each grasp as if it were the first.
        widest: The largest opening of the gripper, in pixels.
        tries: The largest number of tries in an image.
        seed: The seed that decides, with an image's place, what is tried in it.

    Returns:
        The images in which a grasp held, with one label each; and the number of tries that each of the N images took,
        int64 [N], 0 where none held.
    """
    needed, kept, labels = np.zeros(len(images), np.int64), [], []
    done = in_turn(_tried, (images.depth, sceneries, gripper, widest, tries, seed), len(sceneries))
    for place, (rows, held) in enumerate(progress(done, "own tries", total=len(images))):
        if held is not None:
            needed[place] = held + 1
            kept.append(place)
            labels.append(rows[held : held + 1].astype(np.float32))
    return dataclasses.replace(images.subset(kept), labels=tuple(labels)), needed


def _tried(
    job: tuple[np.ndarray, Sequence[Scenery], JawConfig, float, int, int], place: int
) -> tuple[np.ndarray, int | None]:
    """The grasps tried in one image, and the number of the first that held."""
    depth, sceneries, gripper, widest, tries, seed = job
    rows = edge_pairs(depth[place], tries, widest, np.random.default_rng([seed, place]))
    scenery = sceneries[place]
    rotation, position = scenery.pose
    with TableCell() as cell:
        cell.add(1, scenery.item, position, rotation)
        trials = Trials(cell, gripper)
        grasps = to_world(rows, depth[place], scenery.camera, gripper.max_opening)
        held = next((k for k, grasp in enumerate(grasps) if trials.attempt(grasp) is GraspOutcome.SUCCESS), None)
    return rows, held
