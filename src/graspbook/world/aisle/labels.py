"""A picture of an aisle whose labels have coins: far two-wheelers and people, loads, far rows."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from embreex.rtcore import EmbreeDevice

from graspbook.world.aisle.classes import NUMBER_OF
from graspbook.world.aisle.config import AisleConfig
from graspbook.world.aisle.drive import TEXTURES, split_textures
from graspbook.world.aisle.renderer import AisleRenderer, camera_at
from graspbook.world.aisle.scene import Aisle, draw_aisle
from graspbook.world.aisle.touching import touching
from graspbook.world.assets.shapes import PLAIN
from graspbook.world.choices import Choices
from graspbook.world.labellers.answers import Answers, Draft
from graspbook.world.labellers.config import FarLabelConfig

ALIKE = {"worker": "rider", "rider": "worker", "scooter": "bicycle", "bicycle": "scooter"}
"""Which class a far thing may be taken for."""
PALLET_TOP = 0.14
"""What is higher than this on a pallet is its load, metres."""


def photograph_aisle(
    config: AisleConfig,
    labels: FarLabelConfig,
    seed: int,
    number: int,
    choices: Choices | None = None,
    known: Answers | None = None,
) -> tuple[np.ndarray, Answers]:
    """The first picture of a drive, as `run_drive` takes it, and its answers.

    Args:
        config: The configuration of the aisle and its camera.
        labels: The configuration of the labellers.
        seed: The seed of the split; its textures follow from it.
        number: The number of the drive, from 0.
        choices: Where things have room; by default, that is found out.
        known: The answers, whatever units they show; by default, they are drawn.

    Returns:
        The picture, sRGB uint8 [H, W, 3], and everything that it may be labelled as.
    """
    rng = np.random.default_rng([seed, number])
    aisle = draw_aisle(rng, config, TEXTURES, choices)
    units, rest_of = unload(aisle)
    owned = dataclasses.replace(aisle, owners=units, classes=np.zeros(len(aisle.classes) + len(rest_of), np.uint8))
    renderer = AisleRenderer(owned, split_textures(seed), _device())
    eye = rng.uniform(1.4, 1.8)
    yaw, pitch, field = rng.normal(0, 0.06), rng.normal(-0.17, 0.03), rng.uniform(1.1, 1.4)
    camera = camera_at(
        0.0,
        aisle.lane + rng.normal(0, 0.05),
        eye,
        yaw + rng.normal(0, 0.02),
        pitch + rng.normal(0, 0.01),
        field,
        (config.height, config.width),
    )
    view = renderer.see(camera, config.samples, config.noise, rng)
    if known is not None:
        return view.image, known.shown_by(view.instances)
    return view.image, ask_aisle(view.instances, aisle.classes, rest_of, labels, rng)


def unload(aisle: Aisle) -> tuple[np.ndarray, dict[int, int]]:
    """Which unit each part of an aisle belongs to.

    Things keep their numbers. What may or may not belong to a thing gets a number of its own: the pallet below its
    load, and what lies on a trolley.

    Args:
        aisle: The aisle, its parts owned by things.

    Returns:
        The unit of each part, uint16 [P], and, for each thing that can be labelled without something, the number of
        that.
    """
    units, rest_of = aisle.owners.copy(), {}
    for thing, number in enumerate(aisle.classes):
        own = np.flatnonzero(aisle.owners == thing)
        if thing == 0 or number not in (NUMBER_OF["pallet"], NUMBER_OF["trolley"]):
            continue
        if number == NUMBER_OF["pallet"]:
            chosen = [k for k in own if aisle.parts[k].vertices[:, 2].max() < PALLET_TOP + 0.01]
        else:
            chosen = [k for k in own if aisle.parts[k].texture != PLAIN]
        if chosen:
            rest_of[thing] = len(aisle.classes) + len(rest_of)
            units[chosen] = rest_of[thing]
    return units, rest_of


def ask_aisle(
    units: np.ndarray, classes: np.ndarray, rest_of: dict[int, int], labels: FarLabelConfig, rng: np.random.Generator
) -> Answers:
    """The questions of a picture, with drawn answers.

    Far neighbours of one class are a cluster. Other far people and two-wheelers may be of the class that looks like
    theirs. Of what is near, it is asked whether what can be left out belongs to it.

    Args:
        units: The unit at each pixel, uint16 [H, W].
        classes: The class of each thing, uint8 [N + 1], 1 to 8; the first entry is 0.
        rest_of: The unit that may be left out, by the number of its thing (see `unload`).
        labels: The configuration of the labellers: what counts as far, and as seen.
        rng: The source of the coins.
    """
    draft, owner = Draft(units), np.arange(len(classes) + len(rest_of), dtype=np.uint16)
    for thing, rest in rest_of.items():
        owner[rest] = thing
    things = owner[units]
    names = {number: name for name, number in NUMBER_OF.items()}
    pixels = np.bincount(things.ravel(), minlength=len(classes))
    in_cluster = set()
    for group in touching(things, classes.astype(np.int64), labels.far_pixels):
        seen = [thing for thing in group if pixels[thing] >= labels.least_pixels]
        if len(seen) > 1:
            draft.cluster([_with(thing, rest_of) for thing in seen], int(classes[seen[0]]) - 1)
            in_cluster.update(seen)
    for thing in range(1, len(classes)):
        if thing in in_cluster or not pixels[thing]:
            continue
        number, alike = int(classes[thing]), ALIKE.get(names[int(classes[thing])])
        rest = rest_of.get(thing)
        if alike is not None and pixels[thing] <= labels.far_pixels:
            first, second = sorted((number, NUMBER_OF[alike]))
            draft.either([thing], first - 1, second - 1)
        elif rest is not None and min(draft.seen(thing), draft.seen(rest)) >= labels.least_pixels:
            draft.reaches(thing, rest, number - 1)
        else:
            draft.sure(_with(thing, rest_of), number - 1)
    return draft.answered(rng, labels.agreement)


def _with(thing: int, rest_of: dict[int, int]) -> list[int]:
    return [thing, rest_of[thing]] if thing in rest_of else [thing]


@functools.cache
def _device() -> EmbreeDevice:
    return EmbreeDevice()
