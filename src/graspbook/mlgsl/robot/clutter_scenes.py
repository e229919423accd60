"""Cluttered scenes (§IV-C.5, §V): how often grasps collide, and how much of a scene a robot removes."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from graspbook.mlgsl.config import RobotConfig, WorldConfig
from graspbook.mlgsl.robot.planners import Planner
from graspbook.world.assets.catalogue import Shape
from graspbook.world.grippers.jaw.execute import GraspOutcome, Trials
from graspbook.world.grippers.jaw.grasp import to_world
from graspbook.world.render.camera import Camera
from graspbook.world.table.cameras import draw_table_camera
from graspbook.world.table.cell import TableCell
from graspbook.world.table.items import draw_table_item
from graspbook.world.table.sensor import inpaint_depth, measure_table
from graspbook.world.table.surface import Surface

SPREAD = 0.07
"""Objects fall within this distance of the table's middle, metres."""
PATIENCE = 5
"""Failures in a row after which a scene is given up (§V)."""


@dataclasses.dataclass(frozen=True)
class Picked:
    """What a robot did in one scene.

    Attributes:
        objects: The number of objects in the scene.
        removed: The number of objects that the robot took out.
        ends: The outcomes of its attempts, in their order.
    """

    objects: int
    removed: int
    ends: tuple[GraspOutcome, ...]


def fill_table(
    cell: TableCell, shapes: Sequence[Shape], world: WorldConfig, config: RobotConfig, rng: np.random.Generator
) -> None:
    """Drops objects onto the table one after another.

    Args:
        cell: The physics of the table, which is changed.
        shapes: The shapes to draw the objects from.
        world: The objects' properties.
        config: The settings of the robot; `min_objects` and `max_objects` are used.
        rng: The random generator that draws the objects and where they fall.
    """
    for number in range(1, int(rng.integers(config.min_objects, config.max_objects + 1)) + 1):
        item = draw_table_item(rng, shapes[int(rng.integers(len(shapes)))], world.objects)
        cell.drop(number, item, rng, spread=SPREAD)


def look(cell: TableCell, world: WorldConfig, rng: np.random.Generator) -> tuple[Camera, np.ndarray]:
    """A camera, and the depth that it measures, without gaps.

    Args:
        cell: The physics of the table.
        world: The properties of the camera.
        rng: The random generator that draws the camera, then the noise of its depth.

    Returns:
        The camera, and the depth that it measures in metres, float32 [H, W], without gaps.
    """
    camera = draw_table_camera(rng, world.camera)
    return camera, inpaint_depth(measure_table(Surface(cell).see(camera).depth, rng, world.camera))


def grasp_clutter(
    planners: dict[str, Planner],
    shapes: Sequence[Shape],
    world: WorldConfig,
    config: RobotConfig,
    number: int,
    count: int,
) -> dict[str, list[GraspOutcome]]:
    """How the best grasps of each planner end in one scene, each tried as if it were the only one.

    Args:
        planners: The planners, by name; all see the same image.
        shapes: The shapes to draw the objects from.
        world: The camera, the objects' properties and the gripper.
        config: The settings of the robot; `seed`, `min_objects` and `max_objects` are used.
        number: The number of the scene, which decides it together with the seed.
        count: The number of grasps of each planner.

    Returns:
        The outcomes of each planner's grasps, best grasp first, by the planner's name.
    """
    rng = np.random.default_rng([config.seed, 1, number])
    with TableCell() as cell:
        fill_table(cell, shapes, world, config, rng)
        camera, depth = look(cell, world, rng)
        trials = Trials(cell, world.gripper)
        ends = {}
        for name, planner in planners.items():
            rows = planner.plan(depth, count, np.random.default_rng([config.seed, 2, number]))
            ends[name] = [trials.attempt(grasp) for grasp in to_world(rows, depth, camera, world.gripper.max_opening)]
    return ends


def clear_table(
    planner: Planner, shapes: Sequence[Shape], world: WorldConfig, config: RobotConfig, number: int
) -> Picked:
    """Lets a robot pick from one scene until it is empty, or until `PATIENCE` attempts in a row have failed.

    Whatever an attempt does to the scene stays; what was grasped is taken away.

    Args:
        planner: The planner.
        shapes: The shapes to draw the objects from.
        world: The camera, the objects' properties and the gripper.
        config: The settings of the robot; `seed`, `min_objects` and `max_objects` are used.
        number: The number of the scene, which decides it together with the seed.

    Returns:
        The numbers of objects there and removed, and the outcomes of all attempts.
    """
    rng = np.random.default_rng([config.seed, 3, number])
    ends: list[GraspOutcome] = []
    with TableCell() as cell:
        fill_table(cell, shapes, world, config, rng)
        objects, failures = len(cell.items), 0
        removed = 0
        while cell.items and failures < PATIENCE:
            camera, depth = look(cell, world, rng)
            trials = Trials(cell, world.gripper)
            [grasp] = to_world(planner.plan(depth, 1, rng), depth, camera, world.gripper.max_opening)
            ends.append(trials.attempt(grasp))
            trials.close()
            if ends[-1] in (GraspOutcome.SUCCESS, GraspOutcome.TWO_HELD):
                cell.remove(trials.held)
                removed, failures = removed + len(trials.held), 0
            else:
                failures += 1
            cell.settle()
            cell.remove(cell.outside())
    return Picked(objects, removed, tuple(ends))
