"""Table V: detection and grasp together (§IV-G)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np
import pandas as pd
from jaxtyping import Float
from torch import Tensor

from graspbook.core.parallel import in_turn
from graspbook.core.progress import progress
from graspbook.don.find import descriptors_of, find_descriptors
from graspbook.don.model_file import DescriptorModel
from graspbook.don.robot.arrange import SETTINGS, Arranged, Lab, Reference, Setting, arrange
from graspbook.don.robot.axis import axis_grasp, lift_pixels
from graspbook.don.robot.config import RobotConfig
from graspbook.don.robot.moment import Seen
from graspbook.world.grippers.jaw.execute import GraspOutcome

Name = tuple[str, int]
"""Of a network: its row's title, and the seed of its training."""


class Outcome(StrEnum):
    """How an attempt ends: a `GraspOutcome` of the jaw, or what only a search can get wrong."""

    SUCCESS = "success"
    """The right object alone hangs in the gripper."""
    WRONG_OBJECT = "wrong object"
    """Another object alone hangs there."""
    NO_AXIS = "no axis"
    """The two points were found at one place, or one above the other."""
    COLLISION = "collision"
    NOTHING_HELD = "nothing held"
    SLIPPED = "slipped"
    DROPPED = "dropped"
    TWO_HELD = "two held"


@dataclasses.dataclass(frozen=True, eq=False)
class Aim:
    """Result of one attempt.

    Attributes:
        pixels: Pixel coordinates (u, v) of the best match of each click, float64 [2, 2].
        on_object: Number of the two matches on the right object, 0 to 2.
        error: Mean distance of the two found points from the true ones, metres.
        outcome: Outcome of the grasp.
    """

    pixels: np.ndarray
    on_object: int
    error: float
    outcome: Outcome


def outcome_of(end: GraspOutcome, held: Sequence[int], wanted: int) -> Outcome:
    """Outcome of a grasp where only one object is right.

    Args:
        end: Outcome as the gripper's trial reports it.
        held: Ids of the objects that hang in the gripper.
        wanted: Id of the object that was looked for.
    """
    if end is GraspOutcome.SUCCESS and list(held) != [wanted]:
        return Outcome.WRONG_OBJECT
    return Outcome(end.value)


def try_network(
    trained: DescriptorModel,
    wanted: Float[Tensor, "2 d"],
    reference: Reference,
    seen: Seen,
    arranged: Arranged,
    robot: RobotConfig,
) -> Aim:
    """One attempt: find both points, lift them into the world, grasp across their axis.

    Args:
        trained: Network with its row.
        wanted: Descriptors of the two clicks, [2, d].
        reference: Reference with the clicks.
        seen: Picture to search.
        arranged: Scene that the picture is of.
        robot: Settings of the robot.
    """
    pixels = find_descriptors(trained, wanted, seen.image)
    points = lift_pixels(pixels, seen.depth, seen.camera)
    column, row = pixels.astype(int).T
    on_object = int((seen.ids[row, column] == reference.number).sum())
    error = float(np.linalg.norm(points - arranged.points @ seen.turn.T, axis=1).mean())
    grasp = axis_grasp(points, seen.depth, seen.camera, robot)
    if grasp is None:
        return Aim(pixels, on_object, error, Outcome.NO_AXIS)
    end = arranged.trials.attempt(seen.back(grasp))
    return Aim(pixels, on_object, error, outcome_of(end, arranged.trials.held, reference.number))


def grasp_all(
    networks: Mapping[Name, DescriptorModel],
    references: Sequence[Reference],
    lab: Lab,
    settings: Sequence[Setting] = SETTINGS,
) -> pd.DataFrame:
    """Every network tries every object in every turn of every scene; all see the same pictures.

    Args:
        networks: Networks by row title and training seed.
        references: One reference for each object.
        lab: Setting of the experiment.
        settings: Arrangements to test.

    Returns:
        One row per attempt: `method`, `seed`, `setting`, `object`, `scene`, `turn`, `outcome`, `on_object` (of the two
        points), `error` (metres). A scene that could not be arranged is left out.
    """
    scenes = [(s, r, n) for s in settings for r in references for n in range(lab.robot.scenes)]
    done = in_turn(_grasp_in_scene, (networks, lab, scenes), len(scenes))
    rows = [row for some in progress(done, "scenes to grasp in", total=len(scenes)) for row in some]
    columns = ["method", "seed", "setting", "object", "scene", "turn", "outcome", "on_object", "error"]
    return pd.DataFrame(rows, columns=columns)


def _grasp_in_scene(
    job: tuple[Mapping[Name, DescriptorModel], Lab, list[tuple[Setting, Reference, int]]], place: int
) -> list[tuple]:
    """The rows of one scene: every network in every turn."""
    networks, lab, scenes = job
    setting, reference, number = scenes[place]
    rows = []
    with arrange(lab, reference, setting, number) as arranged:
        if arranged is None:
            return []
        wanted = {
            name: descriptors_of(trained, reference.image, reference.pixels) for name, trained in networks.items()
        }
        for turn, seen in enumerate(arranged.turns):
            for (method, seed), trained in networks.items():
                aim = try_network(trained, wanted[method, seed], reference, seen, arranged, lab.robot)
                what = aim.outcome.value, aim.on_object, aim.error
                rows.append((method, seed, setting, reference.number, number, turn, *what))
    return rows


def table_lines(attempts: pd.DataFrame) -> pd.DataFrame:
    """Sums for Table V as `graspbook.statistics.ratios.bootstrap_ratios` takes them.

    Args:
        attempts: Table from `grasp_all`.

    Returns:
        One row per method, training and scene, where a scene is all turns of one arrangement: for each setting and over
        all of them, a hundred for each success (`<setting>`), and the attempts (`<setting>_tried`).
    """
    good = 100.0 * (attempts["outcome"] == Outcome.SUCCESS.value)
    sums = {}
    for setting in SETTINGS:
        own = attempts["setting"] == setting
        sums[setting], sums[f"{setting}_tried"] = good * own, own.astype(float)
    sums["overall"], sums["overall_tried"] = good, 1.0
    scene = attempts["setting"] + " " + attempts["object"].astype(str) + " " + attempts["scene"].astype(str)
    names = attempts[["method", "seed"]].assign(scene=scene)
    return names.assign(**sums).groupby(["method", "seed", "scene"], as_index=False).sum()
