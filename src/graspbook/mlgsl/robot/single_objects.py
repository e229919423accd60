"""Table II: the robot grasps single objects that nobody has seen, each at several poses (§V)."""

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from graspbook.core.parallel import in_turn
from graspbook.mlgsl.config import RobotConfig, WorldConfig
from graspbook.mlgsl.robot.clutter_scenes import look
from graspbook.mlgsl.robot.planners import Planner
from graspbook.world.assets.catalogue import Shape
from graspbook.world.grippers.jaw.execute import GRASP_OUTCOMES, GraspOutcome, Trials
from graspbook.world.grippers.jaw.grasp import to_world
from graspbook.world.table.cell import TableCell
from graspbook.world.table.items import draw_table_item

TRIES = 20
"""So often an object may fall before it lies still."""


def choose_objects(shapes: Sequence[Shape], tried: pd.DataFrame, names: Sequence[str], count: int) -> list[Shape]:
    """Unseen objects by rule: the adversarial one last.

    The adversarial object is the one that fewest of the antipodal grasps tried in the test images could hold; the
    others are spread evenly over the rest of the shapes, ordered by that share.

    Args:
        shapes: The shapes of the test split.
        tried: The grasps tried in the test images, with the columns `image` and `end`.
        names: The name of the object in each image.
        count: The number of objects.

    Returns:
        The chosen shapes, the adversarial one last.
    """
    good = tried.assign(
        object=[names[k] for k in tried["image"]], good=tried["end"] == GRASP_OUTCOMES.index(GraspOutcome.SUCCESS)
    )
    share = good.groupby("object")["good"].mean()
    known = sorted((shape for shape in shapes if shape.name in share.index), key=lambda shape: share[shape.name])
    adversarial, rest = known[0], known[1:]
    chosen = [rest[round(place)] for place in np.linspace(0, len(rest) - 1, min(count - 1, len(rest)))]
    return [*chosen, adversarial]


def grasp_objects(
    planners: dict[str, Planner], shapes: Sequence[Shape], world: WorldConfig, config: RobotConfig
) -> pd.DataFrame:
    """How each planner's best grasp ends, for each object at each pose; all planners see the same image.

    Args:
        planners: The planners, by name.
        shapes: The objects to grasp.
        world: The camera, the objects' properties and the gripper.
        config: The settings of the robot; `seed` and `grasps_per_object` are used.

    Returns:
        One row per planner, object and pose: `method`, `object`, `pose` (from 0) and `end` (a value of `GraspOutcome`).
    """
    poses = [(place, pose) for place in range(len(shapes)) for pose in range(config.grasps_per_object)]
    done = in_turn(_grasp_at_pose, (planners, shapes, world, config, poses), len(poses))
    return pd.DataFrame([row for rows in done for row in rows])


def _grasp_at_pose(
    job: tuple[dict[str, Planner], Sequence[Shape], WorldConfig, RobotConfig, list[tuple[int, int]]], number: int
) -> list[dict]:
    """The rows of one object at one pose."""
    planners, shapes, world, config, poses = job
    place, pose = poses[number]
    rng = np.random.default_rng([config.seed, 0, place, pose])
    rows = []
    with TableCell() as cell:
        if not _lay_down(cell, shapes[place], world, rng):
            return []
        camera, depth = look(cell, world, rng)
        trials = Trials(cell, world.gripper)
        for name, planner in planners.items():
            plan = planner.plan(depth, 1, np.random.default_rng([config.seed, 4, place, pose]))
            [grasp] = to_world(plan, depth, camera, world.gripper.max_opening)
            end = trials.attempt(grasp)
            rows.append({"method": name, "object": shapes[place].name, "pose": pose, "end": end.value})
    return rows


def _lay_down(cell: TableCell, shape: Shape, world: WorldConfig, rng: np.random.Generator) -> bool:
    for _ in range(TRIES):
        if cell.drop(1, draw_table_item(rng, shape, world.objects), rng) and cell.items:
            cell.shift(1, np.array([*-cell.pose(1)[1][:2], 0.0]))
            return True
        cell.remove(list(cell.items))
    return False


def time_planners(planners: dict[str, Planner], depth: np.ndarray, repeats: int) -> dict[str, np.ndarray]:
    """Milliseconds that each planner takes for a grasp, [repeats], in one run, taking turns.

    Args:
        planners: The planners, by name.
        depth: Depth in metres, float32 [N, H, W], without gaps; images are taken in turn.
        repeats: The number of plans of each planner that are timed; two more come first and are not counted.

    Returns:
        The milliseconds of each plan, [repeats], by the planner's name.
    """
    spent: dict[str, list[float]] = {name: [] for name in planners}
    for number in range(repeats + 2):
        image = depth[number % len(depth)]
        for name, planner in planners.items():
            rng = np.random.default_rng(number)
            start = time.perf_counter()
            planner.plan(image, 1, rng)
            spent[name].append(1e3 * (time.perf_counter() - start))
    return {name: np.array(times[2:]) for name, times in spent.items()}
