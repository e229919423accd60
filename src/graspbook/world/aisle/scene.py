"""An aisle between two racks, with things on its floor: what stays still while the camera drives through."""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.world.aisle.classes import NUMBER_OF
from graspbook.world.aisle.config import AisleConfig
from graspbook.world.aisle.things import REACH, SHARE, SPACING, draw_things
from graspbook.world.assets.shapes import PLAIN, Part, block, draw_colour, placed
from graspbook.world.choices import Choices

NEAREST = 2.2
"""The first thing stands so many metres before the camera's start."""
LANE = 0.45
"""Half the width of the camera's lane, which things leave free as far as it drives, metres."""
FARTHEST = 24.0
"""Where the last thing stands, metres."""
TRIES = 20
LAMP_HEIGHT, LAMP_STEP = 5.8, 5.0
"""Lamps hang in a line above the middle of the aisle, metres."""


@dataclasses.dataclass(frozen=True)
class Aisle:
    """A still aisle; x runs along it, y to the left, z up.

    Attributes:
        parts: The P meshes of the aisle, in world coordinates.
        owners: The number of the thing that each part belongs to, uint16 [P], 1 to N; 0 is no thing.
        classes: The class of each thing, uint8 [N + 1], 1 to 8; the first entry is 0.
        lane: The y of the camera's path, metres.
        end: The x of the wall at the end, metres.
        ambient, direct: The irradiance that comes from everywhere where nothing is near, and that of a lamp on the
            floor right below it.
        tint: The factors of red, green and blue, float64 [3].
    """

    parts: list[Part]
    owners: np.ndarray
    classes: np.ndarray
    lane: float
    end: float
    ambient: float
    direct: float
    tint: np.ndarray


def draw_aisle(rng: np.random.Generator, config: AisleConfig, textures: int, choices: Choices | None = None) -> Aisle:
    """An aisle of random width and length, with random racks, goods, light and things.

    Args:
        rng: The source of randomness.
        config: The configuration; the numbers of things and rows and the length of the drive are used.
        textures: The number of textures that parts are drawn from.
        choices: Where things have room; by default, that is found out.
    """
    choices = choices or Choices()
    half, end = rng.uniform(2.0, 3.4), rng.uniform(18, 34)
    lane = rng.uniform(-0.5, 0.5) * (half - 1.2)
    background = _racks(rng, half, end, textures)
    parts, owners, classes = list(background), [0] * len(background), [0]
    taken: list[tuple[float, float, float]] = []
    kinds, shares = list(SHARE), np.array(list(SHARE.values()), float)
    driven = NEAREST + config.step * (config.frames - 1)
    for _ in range(int(rng.integers(config.min_things, config.max_things + 1))):
        kind = kinds[rng.choice(len(kinds), p=shares / shares.sum())]
        count = 1
        if kind in SPACING and rng.random() < config.row_share:
            count = int(rng.integers(config.min_row, config.max_row + 1))
        spots = _spots(rng, kind, count, half, min(end, FARTHEST), lane, driven, taken, choices)
        for x, y, turn in spots:
            taken.append((x, y, REACH[kind]))
            ridden = count == 1 and rng.random() < 0.5
            for name, meshes in draw_things(kind, rng, textures, ridden):
                parts += placed(meshes, turn, (x, y, 0.0))
                owners += [len(classes)] * len(meshes)
                classes.append(NUMBER_OF[name])
    return Aisle(
        parts,
        np.array(owners, np.uint16),
        np.array(classes, np.uint8),
        float(lane),
        float(end),
        ambient=float(rng.uniform(0.22, 0.45)),
        direct=float(rng.uniform(0.5, 1.2)),
        tint=rng.uniform(0.9, 1.1, 3) * rng.uniform(0.8, 1.5),
    )


def _spots(
    rng: np.random.Generator,
    kind: str,
    count: int,
    half: float,
    end: float,
    lane: float,
    driven: float,
    taken: list[tuple[float, float, float]],
    choices: Choices,
) -> list[tuple[float, float, float]]:
    """Places (x, y, turn) of a thing, or of a row of `count` of them; none where there is no room."""
    reach = REACH[kind]
    for _ in range(TRIES):
        x = NEAREST + reach + (end - NEAREST - 2 * reach - 1) * rng.uniform() ** 1.4
        side = rng.choice((-1, 1))
        if count == 1:
            y = rng.uniform(-half + 0.7 * reach, half - 0.7 * reach) if half > 0.7 * reach else 0.0
            turn = rng.uniform(0, 2 * np.pi)
            if kind == "tugger train":  # it drives along the aisle
                y, turn = (
                    side * rng.uniform(0.3, 1.0) * (half - 0.6),
                    rng.normal(0, 0.06) + np.pi * (rng.random() < 0.5),
                )
            spots = [(x, y, turn)]
        else:  # side by side along a rack, as parked, or as in a queue
            turn = np.pi / 2 * side + rng.normal(0, 0.1)
            y = side * (half - 0.75 * reach)
            step = SPACING[kind] * rng.uniform(1.0, 1.12)
            spots = [(x + k * step, y, turn + rng.normal(0, 0.05)) for k in range(count)]
            spots = spots[: choices(sum(spot[0] < end - reach for spot in spots))]
        apart = all((a - x) ** 2 + (b - y) ** 2 > 0.7 * (reach + r) ** 2 for x, y, _ in spots for a, b, r in taken)
        aside = all(x - reach > driven + 1.5 or abs(y - lane) > LANE + 0.8 * reach for x, y, _ in spots)
        if choices(apart and aside):
            return spots
    return []


def _racks(rng: np.random.Generator, half: float, end: float, textures: int) -> list[Part]:
    """Floor, ceiling, end wall, and racks with goods on both sides."""
    floor = np.full(3, rng.uniform(0.25, 0.6)) * rng.uniform(0.9, 1.1, 3)
    steel, wall = draw_colour(rng, (0.4, 0.9), (0.2, 0.7)), draw_colour(rng, (0.0, 0.3), (0.4, 0.9))
    parts = [
        block((15, 0, -0.05), (60, 20, 0.1), floor),
        block((end, 0, 3), (0.2, 20, 6), wall),
        block((15, 0, 6.2), (60, 20, 0.1), np.full(3, 0.5)),
    ]
    if rng.random() < 0.6:  # lines on the floor
        line = np.array((0.85, 0.75, 0.1)) * rng.uniform(0.7, 1.1)
        parts += [block((15, s * (half - 0.15), 0.001), (60, 0.1, 0.002), line) for s in (-1, 1)]
    for s in (-1, 1):
        y = s * (half + 0.55)
        parts.append(block((15, y + 0.6 * s, 2.5), (60, 0.05, 5), np.full(3, 0.25)))
        for x in np.arange(-1 + rng.uniform(0, 2), end, 2.7):
            parts.append(block((x, s * half, 2.5), (0.1, 0.08, 5), steel))
            for z in (0.12, 1.5, 2.9):
                parts.append(block((x + 1.35, y, z), (2.6, 1.1, 0.1), steel * (1.2, 0.9, 0.5)))
                parts += _goods(rng, x + 0.2, x + 2.2, y, z + 0.05, textures)
    return parts


def _goods(rng: np.random.Generator, start: float, stop: float, y: float, z: float, textures: int) -> list[Part]:
    """Cartons and crates on one shelf."""
    goods = []
    while start < stop:
        length, height = rng.uniform(0.3, 0.9), rng.uniform(0.25, 1.1)
        if rng.random() < 0.8:
            textured = rng.random() < 0.5
            colour = np.ones(3) * rng.uniform(0.7, 1.0) if textured else draw_colour(rng, (0.0, 0.6), (0.2, 0.9))
            middle = (start + length / 2, y + rng.uniform(-0.1, 0.1), z + height / 2)
            texture = int(rng.integers(textures)) if textured else PLAIN
            goods.append(block(middle, (0.93 * length, 0.85, height), colour, texture))
        start += length
    return goods
