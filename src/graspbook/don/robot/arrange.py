"""References and scenes of the robot's experiment (§IV-G): arranged until the object can be seen and grasped.

The paper's authors clicked two pixels in one picture of each object, and arranged every scene such that the object
could be detected and grasped. Here a rule does both: a scene counts once the two points are in plain view in every
turn, and a grasp at the *true* points succeeds. So 100 percent can be reached, and what is missing is the network's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
from scipy.spatial.transform import Rotation

from graspbook.core.errors import InputError
from graspbook.don.lookalikes import look_alikes
from graspbook.don.robot.axis import axis_grasp, axis_pixels, lift_pixels
from graspbook.don.robot.config import RobotConfig
from graspbook.don.robot.moment import Seen, see
from graspbook.don.scenes.config import ScenesConfig
from graspbook.don.scenes.episode import FIRST_UNKNOWN
from graspbook.don.scenes.studio import Studio, draw_backdrop, draw_bent_item
from graspbook.world.assets.items import Item, draw_item
from graspbook.world.grippers.jaw.execute import GraspOutcome, Trials
from graspbook.world.physics.bullet import pybullet
from graspbook.world.table.bending import Bend
from graspbook.world.table.cell import TableCell
from graspbook.world.table.wrist import looks

Setting = Literal["singulated", "isolated", "packed"]
SETTINGS: tuple[Setting, ...] = ("singulated", "isolated", "packed")
"""As Table V has them."""
NEAR = 0.06
"""The object lies within this distance of the table's middle, so that no turn takes it out of the picture, metres."""
GAP = 0.02
"""Isolated objects are at least so far apart, metres."""
TRIES = 30
"""So often another place is tried for an object that would be too near to one that is there."""
PATCH, CONTRAST = 8, 10.0
"""Someone who clicks does it where there is something to see: in a square of an eighth of the picture's height around
the click, grey values have at least this standard deviation (of 255)."""
HIDDEN = 0.008
"""A point is hidden if the true depth at its pixel differs from its own by more, metres."""


@dataclasses.dataclass(frozen=True, eq=False)
class Lab:
    """Setting of the experiment.

    Attributes:
        studio: Shapes, prints and renderer.
        scenes: Appearance and number of the objects in a scene.
        robot: Settings of the robot.
    """

    studio: Studio
    scenes: ScenesConfig
    robot: RobotConfig


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """Picture that is clicked on.

    Attributes:
        number: Id of the object, from 1.
        image: Picture of the object alone, uint8 [H, W, 3] RGB.
        pixels: Pixel coordinates (u, v) of the two clicks, float64 [2, 2].
        points: The clicked points in the frame of the object at rest, metres, float64 [2, 3].
        rotation: Rotation of the object on the table, float64 [3, 3].
    """

    number: int
    image: np.ndarray
    pixels: np.ndarray
    points: np.ndarray
    rotation: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Arranged:
    """A scene in physics in which the object can be seen and grasped.

    Attributes:
        trials: Grasp trials on this scene.
        turns: Pictures of the scene, one for each turn.
        points: True positions of the two points in the scene's frame, metres, float64 [2, 3].
    """

    trials: Trials
    turns: tuple[Seen, ...]
    points: np.ndarray


def draw_reference(lab: Lab, number: int) -> Reference:
    """Draws a picture of an object alone on the table, with two clicks on its longer axis.

    Args:
        lab: Setting of the experiment.
        number: Id of the object, from 1.

    Raises:
        InputError: In none of the attempts could the true points be grasped.
    """
    for attempt in range(lab.robot.patience):
        rng = np.random.default_rng([lab.robot.seed, 0, number, attempt])
        item, bend = draw_bent_item(lab.studio, lab.scenes, number, rng)
        with TableCell() as cell:
            if not cell.drop(number, item, rng) or number not in cell.items:
                continue
            cell.shift(number, np.array([*-cell.pose(number)[1][:2], 0.0]))
            backdrop = draw_backdrop(lab.studio, lab.scenes, rng)
            seen = see(lab.studio, cell, backdrop, lab.scenes, 0.0, rng)
            pixels = axis_pixels(seen.ids == number, lab.robot.click)
            if not something_to_see(seen.image, pixels):
                continue
            there = lift_pixels(pixels, seen.depth, seen.camera)
            rotation, position = cell.pose(number)
            points = bend.undo((there - position) @ rotation)
            if holds(Trials(cell, lab.robot.gripper), there, (seen,), number, lab.robot):
                return Reference(number, seen.image, pixels, points, rotation)
    raise InputError(f"robot.patience: object {number} could not be grasped in {lab.robot.patience} references")


@contextmanager
def arrange(lab: Lab, reference: Reference, setting: Setting, number: int) -> Iterator[Arranged | None]:
    """A scene that can be grasped, alive as long as the context; None where no arrangement would do.

    Args:
        lab: Setting of the experiment.
        reference: Reference of the object that is looked for.
        setting: Arrangement of the objects.
        number: Number of the scene, from 0; it seeds the scene.
    """
    for attempt in range(lab.robot.patience):
        key = [lab.robot.seed, 1 + SETTINGS.index(setting), reference.number, number, attempt]
        rng = np.random.default_rng(key)
        with TableCell() as cell:
            bend = lay_out(cell, lab, reference, setting, rng)
            if reference.number not in cell.items:
                continue
            rotation, position = cell.pose(reference.number)
            points = bend.apply(reference.points) @ rotation.T + position
            backdrop = draw_backdrop(lab.studio, lab.scenes, rng)
            turns: list[Seen] = []
            for k in range(lab.robot.turns):
                seen = see(lab.studio, cell, backdrop, lab.scenes, k * lab.robot.angle, rng)
                if not in_plain_view(points, seen, reference.number):
                    break
                turns.append(seen)
            if len(turns) < lab.robot.turns:
                continue
            trials = Trials(cell, lab.robot.gripper)
            if holds(trials, points, tuple(turns), reference.number, lab.robot):
                yield Arranged(trials, tuple(turns), points)
                return
    yield None


def holds(trials: Trials, points: np.ndarray, turns: tuple[Seen, ...], number: int, robot: RobotConfig) -> bool:
    """Whether the grasp at some points, planned from each picture of a scene, lifts an object and no other.

    Args:
        trials: Grasp trials on the scene.
        points: Two points in the scene's frame, metres, [2, 3].
        turns: Pictures of the scene.
        number: Id of the object that must be lifted alone.
        robot: Settings of the robot.
    """
    for seen in turns:
        grasp = axis_grasp(points @ seen.turn.T, seen.depth, seen.camera, robot)
        if grasp is None or trials.attempt(seen.back(grasp)) is not GraspOutcome.SUCCESS or trials.held != [number]:
            return False
    return True


def something_to_see(image: np.ndarray, pixels: np.ndarray) -> bool:
    """Whether the picture has texture around each of some pixels.

    Args:
        image: RGB picture, uint8 [h, w, 3].
        pixels: Pixel coordinates (u, v), [n, 2].
    """
    grey, reach = image.mean(2), len(image) // PATCH // 2
    for u, v in np.rint(pixels).astype(int):
        patch = grey[max(v - reach, 0) : v + reach + 1, max(u - reach, 0) : u + reach + 1]
        if patch.std() < CONTRAST:
            return False
    return True


def in_plain_view(points: np.ndarray, seen: Seen, number: int) -> bool:
    """Whether points of an object are all visible in a picture of its scene.

    Args:
        points: Points in the scene's frame, metres, [n, 3].
        seen: Picture of the scene.
        number: Id of the object.
    """
    uv, depth = seen.camera.project(points @ seen.turn.T)
    column, row = np.rint(uv).astype(int).T
    camera = seen.camera
    if not ((column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)).all():
        return False
    return bool(
        (np.abs(seen.true_depth[row, column] - depth) < HIDDEN).all() and (seen.ids[row, column] == number).all()
    )


def lay_out(cell: TableCell, lab: Lab, reference: Reference, setting: Setting, rng: np.random.Generator) -> Bend:
    """Puts objects onto the table: the one that is looked for as it lay in its reference, turned about the vertical.

    Beside it lie, except in "singulated", its look-alikes, further known objects and some that nobody knows.

    Args:
        cell: Empty table in physics.
        lab: Setting of the experiment.
        reference: Reference of the object that is looked for.
        setting: Arrangement of the objects.
        rng: Source of all random draws.

    Returns:
        Bend of the object that is looked for.
    """
    config = lab.scenes
    item, bend = draw_bent_item(lab.studio, config, reference.number, rng)
    about = Rotation.from_rotvec([0, 0, rng.uniform(0, 2 * np.pi)]).as_matrix()
    as_it_lay = about @ reference.rotation
    others: dict[int, Item] = {}
    if setting != "singulated":
        others = draw_others(lab, reference.number, rng)
    if setting == "packed":
        _heap(cell, others, (reference.number, item, as_it_lay), config.packed / 2, rng)
    else:
        _place(cell, reference.number, item, as_it_lay, rng, NEAR)
        for number, other in others.items():
            _place_apart(cell, number, other, rng, config.loose / 2)
        cell.settle(480)
    cell.remove(cell.outside())
    return bend


def draw_others(lab: Lab, wanted: int, rng: np.random.Generator) -> dict[int, Item]:
    """What lies beside an object: look-alikes first, then others, as many as in the recorded scenes.

    Args:
        lab: Setting of the experiment.
        wanted: Id of the object that is looked for.
        rng: Source of the draws.

    Returns:
        Objects by id.
    """
    config = lab.scenes
    known = [number for number in range(1, config.known + 1) if number != wanted]
    order = sorted(rng.permutation(known), key=lambda number: int(number) not in look_alikes(wanted))
    count = int(rng.integers(config.min_known, config.max_known + 1)) - 1
    found = {int(number): draw_bent_item(lab.studio, config, int(number), rng)[0] for number in order[:count]}
    for k in range(config.unknown):
        found[FIRST_UNKNOWN + k] = draw_item(rng, lab.studio.plain, "test", looks(config.camera), 0)
    return found


def _place(
    cell: TableCell, number: int, item: Item, rotation: np.ndarray, rng: np.random.Generator, within: float
) -> None:
    """Stands an object on the bare table, its lowest point just above it."""
    x, y = rng.uniform(-within, within, 2) / np.sqrt(2)
    cell.add(number, item, np.array([x, y, 0.001 - float((item.shape.vertices @ rotation[2]).min())]), rotation)


def _place_apart(cell: TableCell, number: int, item: Item, rng: np.random.Generator, half: float) -> None:
    """Lays an object down as it comes to rest alone, where nothing is near; leaves it out where there is no room."""
    with TableCell() as alone:
        alone.drop(number, item, rng)
        if number not in alone.items:
            return
        rotation, _ = alone.pose(number)
    for _ in range(TRIES):
        about = Rotation.from_rotvec([0, 0, rng.uniform(0, 2 * np.pi)]).as_matrix()
        _place(cell, number, item, about @ rotation, rng, half * np.sqrt(2))
        own = cell.body(number)
        near = [
            other
            for other in cell.items
            if other != number and pybullet.getClosestPoints(own, cell.body(other), GAP, physicsClientId=cell.client)
        ]
        if not near:
            return
        cell.remove([number])


def _heap(
    cell: TableCell,
    others: dict[int, Item],
    wanted: tuple[int, Item, np.ndarray],
    half: float,
    rng: np.random.Generator,
) -> None:
    """Lets objects fall one after another, the one that is looked for among the last three."""
    order = [int(number) for number in rng.permutation(sorted(others))]
    last = int(rng.integers(0, 3))
    before, after = order[: len(order) - last], order[len(order) - last :]
    with cell.chute(half, half):
        for number in before:
            cell.drop(number, others[number], rng, 0.7 * half, 240)
        number, item, rotation = wanted
        x, y = rng.uniform(-NEAR, NEAR, 2) / np.sqrt(2)
        height = cell.top() + 0.01 - float((item.shape.vertices @ rotation[2]).min())
        cell.add(number, item, np.array([x, y, height]), rotation)
        cell.settle(240)
        for number in after:
            cell.drop(number, others[number], rng, 0.7 * half, 240)
    cell.settle(480)
