"""One hall: drawn, photographed, and asked about."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from embreex.rtcore import EmbreeDevice

from graspbook.world.aisle.drive import TEXTURES, split_textures
from graspbook.world.aisle.renderer import AisleRenderer, camera_at
from graspbook.world.aisle.scene import Aisle
from graspbook.world.assets.shapes import PLAIN, Part, block, draw_colour, placed
from graspbook.world.choices import Choices
from graspbook.world.hall.config import HallConfig
from graspbook.world.hall.things import CLASSES, Thing, draw_thing
from graspbook.world.labellers.answers import Answers, Draft
from graspbook.world.labellers.config import LabelConfig

NEAREST, FARTHEST = 2.0, 6.0
"""Where things stand before the camera, metres."""
TRIES = 30


@dataclasses.dataclass(frozen=True)
class Hall:
    """A hall with things.

    Attributes:
        scene: The hall as `AisleRenderer` takes it; its owners are units: 0 the hall, then those of the things in their
            order.
        things: The things that stand in the hall.
        starts: The number of the unit 0 of each thing.
    """

    scene: Aisle
    things: tuple[Thing, ...]
    starts: tuple[int, ...]


def draw_hall(rng: np.random.Generator, config: HallConfig, textures: int, choices: Choices | None = None) -> Hall:
    """A hall of random size, surfaces, light and things; the camera looks along x.

    Args:
        rng: The source of randomness.
        config: The configuration; the numbers of things and the share of ambiguous ones are used.
        textures: The number of textures that parts are drawn from.
        choices: Where things have room; by default, that is found out.
    """
    choices = choices or Choices()
    half, end = rng.uniform(2.5, 5.0), rng.uniform(7.5, 12.0)
    parts = _surfaces(rng, half, end, textures)
    owners, things, starts, taken = [0] * len(parts), [], [], []
    for _ in range(int(rng.integers(config.min_things, config.max_things + 1))):
        thing = draw_thing(rng, config.ambiguous, textures)
        spot = _spot(rng, thing.reach, half, taken, choices)
        if spot is None:
            continue
        taken.append((*spot, thing.reach))
        start = 1 + sum(max(other.units) + 1 for other in things)
        parts += placed(thing.parts, rng.uniform(0, 2 * np.pi), (*spot, 0.0))
        owners += [start + unit for unit in thing.units]
        things.append(thing)
        starts.append(start)
    scene = Aisle(
        parts,
        np.array(owners, np.uint16),
        np.zeros(max(owners) + 1, np.uint8),
        lane=0.0,
        end=float(end),
        ambient=float(rng.uniform(0.25, 0.5)),
        direct=float(rng.uniform(0.5, 1.2)),
        tint=rng.uniform(0.85, 1.15, 3) * rng.uniform(0.8, 1.5),
    )
    return Hall(scene, tuple(things), tuple(starts))


def photograph_hall(
    config: HallConfig,
    labels: LabelConfig,
    seed: int,
    number: int,
    choices: Choices | None = None,
    known: Answers | None = None,
) -> tuple[np.ndarray, Answers]:
    """A picture of a hall, and what it may be labelled as.

    Args:
        config: The configuration of the hall and its camera.
        labels: The configuration of the labellers.
        seed: The seed of the split; its textures follow from it.
        number: The number of the hall, from 0.
        choices: Where things have room; by default, that is found out.
        known: The answers, whatever units they show; by default, they are drawn.

    Returns:
        The picture, sRGB uint8 [H, W, 3], and everything that it may be labelled as.
    """
    rng = np.random.default_rng([seed, number])
    hall = draw_hall(rng, config, TEXTURES, choices)
    renderer = AisleRenderer(hall.scene, split_textures(seed), _device())
    size = config.height, config.height * 3 // 2
    camera = camera_at(
        0.0, 0.0, rng.uniform(1.2, 2.2), rng.normal(0, 0.05), rng.uniform(-0.36, -0.2), rng.uniform(1.0, 1.3), size
    )
    view = renderer.see(camera, config.samples, config.noise, rng)
    if known is not None:
        return view.image, known.shown_by(view.instances)
    return view.image, ask_hall(hall, view.instances, labels, rng)


def ask_hall(hall: Hall, units: np.ndarray, labels: LabelConfig, rng: np.random.Generator) -> Answers:
    """The questions of a picture, with drawn answers.

    Args:
        hall: The hall that is seen.
        units: The unit at each pixel, uint16 [H, W].
        labels: The configuration of the labellers: what counts as seen.
        rng: The source of the coins.
    """
    draft = Draft(units)
    for thing, start in zip(hall.things, hall.starts, strict=True):
        number, own = CLASSES.index(thing.names[0]), range(start, start + max(thing.units) + 1)
        seen = [unit for unit in own if draft.seen(unit) >= labels.least_pixels]
        match thing.asks:
            case "class":
                draft.either(own, number, CLASSES.index(thing.names[1]))
            case "extent" if len(seen) == 2:
                draft.reaches(start, start + 1, number)
            case "cluster" if len(seen) > 1:
                draft.cluster([[unit] for unit in seen], number)
            case _:
                draft.sure(own, number)
    return draft.answered(rng, labels.agreement)


def _spot(
    rng: np.random.Generator, reach: float, half: float, taken: list[tuple[float, float, float]], choices: Choices
) -> tuple[float, float] | None:
    """A free place before the camera; None where there is none."""
    for _ in range(TRIES):
        x = NEAREST + reach + (FARTHEST - NEAREST) * rng.uniform() ** 1.3
        side = min(half - reach, 0.5 * x)
        y = rng.uniform(-side, side) if side > 0 else 0.0
        free = all((a - x) ** 2 + (b - y) ** 2 > 0.8 * (reach + r) ** 2 for a, b, r in taken)
        if choices(free):
            return float(x), float(y)
    return None


def _surfaces(rng: np.random.Generator, half: float, end: float, textures: int) -> list[Part]:
    """Floor, walls, ceiling, a rug, pictures and pillars: what no labeller labels."""

    def looks(share: float) -> tuple[np.ndarray, int]:
        if rng.random() < share:
            return np.ones(3) * rng.uniform(0.5, 1.0), int(rng.integers(textures))
        return draw_colour(rng, (0.0, 0.5), (0.25, 0.95)), PLAIN

    parts = [
        block((10, 0, -0.05), (40, 30, 0.1), *looks(0.35)),
        block((end, 0, 3), (0.2, 30, 6.4), *looks(0.35)),
        block((10, 0, 6.3), (40, 30, 0.2), np.full(3, 0.6)),
        block((-3, 0, 3), (0.2, 30, 6.4), np.full(3, 0.6)),
    ]
    wall, texture = looks(0.2)
    parts += [block((10, s * (half + 0.3), 3), (40, 0.2, 6.4), wall, texture) for s in (-1, 1)]
    if rng.random() < 0.5:
        size = (rng.uniform(1.5, 4), rng.uniform(1, 3), 0.01)
        parts.append(block((rng.uniform(3, 6), rng.uniform(-1, 1), 0.005), size, *looks(0.7)))
    for _ in range(int(rng.integers(0, 4))):
        place = (end - 0.12, rng.uniform(-0.9, 0.9) * half, rng.uniform(0.8, 2.5))
        parts.append(block(place, (0.04, rng.uniform(0.4, 1.4), rng.uniform(0.4, 1.0)), *looks(0.8)))
    for _ in range(int(rng.integers(0, 3))):
        place = (rng.uniform(end - 2, end), rng.choice((-1, 1)) * rng.uniform(0.4, 0.95) * half, 3.0)
        parts.append(block(place, (0.3, rng.uniform(0.2, 0.5), 6.0), *looks(0.3)))
    return parts


@functools.cache
def _device() -> EmbreeDevice:
    return EmbreeDevice()
