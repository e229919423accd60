"""Ten classes of things: each call draws another one, with its own size, colours and build.

Sizes are not true to life: as in COCO, any class may be large or small in a picture. Between a cup and a bowl, a bottle
and a vase, and a stool and a table there are things that could be either; crates stand in stacks and on plinths, balls
lie in heaps, plants grow in pots.
"""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

from graspbook.world.assets.shapes import Part, block, draw_colour, draw_grey, placed, rod, turned
from graspbook.world.labellers.answers import Kind

CLASSES = ("cup", "bowl", "bottle", "vase", "stool", "table", "crate", "ball", "plant", "lamp")
"""Class k of a labelled instance is CLASSES[k]."""
ALIKE = {"cup": "bowl", "bottle": "vase", "stool": "table"}
"""Pairs with something between them."""
SHARE = (2, 2, 2, 2, 2, 2, 4, 4, 4, 3)
"""How often each class is drawn."""


@dataclasses.dataclass(frozen=True)
class Thing:
    """Something that stands at the origin, and how it may be labelled.

    Attributes:
        parts: The meshes of the thing.
        units: The unit of the thing that each part belongs to, from 0.
        names: The class of the thing; or the two classes that it may be.
        asks: The kind of what labellers do not agree about: of two names which ("class"); whether unit 1 belongs to
            unit 0 ("extent"); whether its units are one instance or one each ("cluster"). None: nothing.
        reach: The radius of the circle on the floor that it takes, metres.
    """

    parts: list[Part]
    units: list[int]
    names: tuple[str, ...]
    asks: Kind | None
    reach: float


def draw_thing(rng: np.random.Generator, ambiguous: float, textures: int) -> Thing:
    """One thing of a random class.

    Args:
        rng: The source of randomness.
        ambiguous: The probability that it is one of which labellers do not agree; a lamp never is.
        textures: The number of textures that parts are drawn from.
    """
    name = CLASSES[rng.choice(len(CLASSES), p=np.array(SHARE) / sum(SHARE))]
    asked, size = bool(rng.random() < ambiguous), float(rng.uniform(0.35, 1.0))
    match name:
        case "cup" | "bowl":
            return _of_pair(rng, "cup", name, asked, size, _vessel)
        case "bottle" | "vase":
            return _of_pair(rng, "bottle", name, asked, size, _flask)
        case "stool" | "table":
            return _of_pair(rng, "stool", name, asked, size, _top_on_legs)
        case "crate":
            return _crates(rng, asked, 0.8 * size, textures)
        case "ball":
            return _balls(rng, asked, 0.4 * size)
        case "plant":
            return _plant(rng, asked, size)
    return _whole(_lamp(rng, 1.4 * size), name, 0.3 * size)


def _whole(parts: list[Part], name: str, reach: float) -> Thing:
    return Thing(parts, [0] * len(parts), (name,), None, reach)


def _of_pair(rng: np.random.Generator, first: str, name: str, ambiguous: bool, size: float, draw) -> Thing:
    """`draw` makes something of a place between the pair's first class, 0, and its second, 1."""
    names = (first, ALIKE[first])
    if ambiguous:
        place, names_of, kind = rng.uniform(0.42, 0.58), names, "class"
    else:
        place, names_of, kind = rng.uniform(0.0, 0.2) + 0.8 * names.index(name), (name,), None
    parts, reach = draw(rng, float(place), size)
    return Thing(parts, [0] * len(parts), names_of, kind, reach)


def _vessel(rng: np.random.Generator, place: float, size: float) -> tuple[list[Part], float]:
    """From a tall cup, with an ear, to a flat bowl."""
    colour, dark = draw_colour(rng, (0.1, 0.9), (0.4, 0.95)), draw_grey(rng, 0.05, 0.2)
    high, wide = size * (0.9 - 0.55 * place), size * (0.3 + 0.3 * place)
    foot = wide * (0.85 - 0.4 * place)
    parts = [
        turned([(foot, 0.0), (wide * 0.95, 0.6 * high), (wide, high)], colour, segments=16),
        turned([(0.88 * wide, high), (0.88 * wide, high + 0.004)], dark * colour, segments=16),
    ]
    if place < 0.3:
        turn = rng.uniform(0, 2 * np.pi)
        ear = [(wide + 0.18 * size * np.sin(a), (0.45 - 0.3 * np.cos(a)) * high) for a in np.linspace(0, np.pi, 5)]
        points = [(r * np.cos(turn), r * np.sin(turn), z) for r, z in ear]
        parts += [rod(a, b, 0.05 * size, colour, 5) for a, b in itertools.pairwise(points)]
    return parts, wide


def _flask(rng: np.random.Generator, place: float, size: float) -> tuple[list[Part], float]:
    """From a straight bottle with a thin neck to a bellied vase with a wide mouth."""
    colour = draw_colour(rng, (0.2, 0.9), (0.2, 0.9))
    high, belly = 1.2 * size, size * (0.2 + 0.16 * place)
    neck, mouth = size * (0.06 + 0.1 * place), size * (0.06 + 0.2 * place)
    foot = size * (0.2 - 0.06 * place)
    profile = [(foot, 0.0), (belly, 0.3 * high), (belly * (1 - 0.1 * place), 0.55 * high)]
    profile += [(neck, (0.72 + 0.06 * place) * high), (mouth, high)]
    parts = [turned(profile, colour, segments=16)]
    if place < 0.3:
        parts.append(turned([(0.085 * size, high), (0.085 * size, 1.06 * high)], draw_colour(rng), segments=10))
    return parts, belly


def _top_on_legs(rng: np.random.Generator, place: float, size: float) -> tuple[list[Part], float]:
    """From a high, narrow stool to a low, wide table."""
    wood = np.array((0.6, 0.42, 0.25)) * rng.uniform(0.6, 1.3) if rng.random() < 0.6 else draw_colour(rng)
    high, wide = size * (1.1 - 0.45 * place), size * (0.25 + 0.45 * place)
    parts = [turned([(wide, high - 0.07 * size), (wide, high)], wood, segments=16)]
    for k in range(4):
        a = np.pi / 4 + k * np.pi / 2
        x, y = 0.75 * wide * np.cos(a), 0.75 * wide * np.sin(a)
        parts.append(rod((1.1 * x, 1.1 * y, 0), (x, y, high - 0.05 * size), 0.045 * size, 0.8 * wood, 6))
    return parts, wide


def _crate(rng: np.random.Generator, size: float, textures: int) -> Part:
    looks = np.ones(3) * rng.uniform(0.75, 1.0)
    sides = (size * rng.uniform(0.85, 1.0), size * rng.uniform(0.7, 0.9), 0.6 * size)
    return block((0, 0, 0.3 * size), sides, looks, int(rng.integers(textures)))


def _crates(rng: np.random.Generator, ambiguous: bool, size: float, textures: int) -> Thing:
    """One crate; ambiguous: two or three alike on each other, or one on a plinth."""
    turn, first = rng.uniform(0, np.pi), _crate(rng, size, textures)
    if not ambiguous:
        return _whole(placed([first], turn, (0, 0, 0)), "crate", 0.6 * size)
    if rng.random() < 0.5:
        plinth = block((0, 0, 0.11 * size), (1.1 * size, size, 0.22 * size), draw_grey(rng, 0.3, 0.8))
        parts = placed([first], turn, (0, 0, 0.22 * size)) + placed([plinth], turn, (0, 0, 0))
        return Thing(parts, [0, 1], ("crate",), "extent", 0.7 * size)
    parts = []
    for level in range(int(rng.integers(2, 4))):
        shift = (*rng.uniform(-0.04, 0.04, 2) * size, 0.6 * size * level)
        parts += placed([first], turn + rng.normal(0, 0.08), shift)
    return Thing(parts, list(range(len(parts))), ("crate",), "cluster", 0.7 * size)


def _balls(rng: np.random.Generator, ambiguous: bool, size: float) -> Thing:
    """One ball; ambiguous: three to five of one colour, in a ring that touches."""
    colour = draw_colour(rng, (0.4, 0.95), (0.4, 0.95))
    angle = np.linspace(-np.pi / 2, np.pi / 2, 8)
    profile = [(float(size * np.cos(a)), float(size * (1 + np.sin(a)))) for a in angle]
    if not ambiguous:
        return _whole([turned(profile, colour, segments=16)], "ball", size)
    count = int(rng.integers(3, 6))
    ring, start = size / np.sin(np.pi / count), rng.uniform(0, 2 * np.pi)
    turns = start + np.arange(count) * 2 * np.pi / count
    parts = [turned(profile, colour, (ring * np.cos(a), ring * np.sin(a), 0), 14) for a in turns]
    return Thing(parts, list(range(count)), ("ball",), "cluster", float(ring + size))


def _plant(rng: np.random.Generator, ambiguous: bool, size: float) -> Thing:
    """Leaves on the floor; ambiguous: in a pot, which belongs to the plant or does not."""
    green = np.array((rng.uniform(0.1, 0.45), rng.uniform(0.4, 0.75), rng.uniform(0.08, 0.3)))
    base, leaves = 0.45 * size if ambiguous else 0.0, []
    for _ in range(9):
        turn, lean, long = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.75), size * rng.uniform(0.55, 0.85)
        tip = (long * np.sin(lean) * np.cos(turn), long * np.sin(lean) * np.sin(turn), base + long * np.cos(lean))
        leaves.append(rod((0, 0, base), tip, 0.06 * size, green * rng.uniform(0.7, 1.2), 5))
    if not ambiguous:
        return _whole(leaves, "plant", 0.4 * size)
    wide, pot = size * rng.uniform(0.25, 0.32), draw_colour(rng, (0.1, 0.8), (0.3, 0.9))
    vessel = turned([(0.75 * wide, 0.0), (wide, base)], pot, segments=14)
    return Thing([*leaves, vessel], [0] * len(leaves) + [1], ("plant",), "extent", 0.4 * size)


def _lamp(rng: np.random.Generator, size: float) -> list[Part]:
    """A shade on a pole."""
    metal, shade = draw_grey(rng, 0.1, 0.7), draw_colour(rng, (0.05, 0.6), (0.7, 1.0))
    wide = size * rng.uniform(0.2, 0.3)
    return [
        turned([(0.16 * size, 0.0), (0.16 * size, 0.03 * size)], metal, segments=14),
        rod((0, 0, 0), (0, 0, 0.75 * size), 0.025 * size, metal, 6),
        turned([(wide, 0.68 * size), (0.6 * wide, size)], shade, segments=16),
    ]
