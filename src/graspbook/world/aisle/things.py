"""The eight things: each call draws another one, with its own size, colours and build.

They stand at the origin and face along x. A vehicle with somebody on it is two things, as in Cityscapes.
"""

from __future__ import annotations

import numpy as np

from graspbook.world.assets.shapes import Part, block, draw_colour, draw_grey, ring, rod, turned, wheel

Thing = tuple[str, list[Part]]
"""Name of the class, and the parts."""

REACH = {"worker": 0.35, "trolley": 0.65, "forklift": 1.4, "pallet": 0.75, "tugger train": 2.6, "scooter": 0.8}
REACH["bicycle"] = 0.85
"""Radius of the circle on the floor that a thing takes, metres; a rider takes none of its own."""
SPACING = {"worker": 0.5, "trolley": 0.62, "forklift": 1.25, "pallet": 0.85, "scooter": 0.6, "bicycle": 0.45}
"""Distance of neighbours that stand side by side in a row, metres; a tugger train is a row already."""
SHARE = {"worker": 7, "trolley": 7, "pallet": 4, "forklift": 3, "tugger train": 2, "scooter": 4, "bicycle": 4}
"""How often each is drawn; every other scooter, bicycle and tugger train has a rider."""


def draw_things(kind: str, rng: np.random.Generator, textures: int, ridden: bool) -> list[Thing]:
    """One thing of a kind, and whoever rides it.

    Args:
        kind: The class of the thing, one of the keys of `SHARE`.
        rng: The source of randomness.
        textures: The number of textures that parts are drawn from.
        ridden: Whether a scooter, a bicycle or a tugger train has a rider.

    Returns:
        The thing, followed by its rider if it has one, around the origin.
    """
    match kind:
        case "worker":
            return [(kind, _figure(rng, sitting=False, at=(0.0, 0.0)))]
        case "trolley":
            return [(kind, _trolley(rng, textures))]
        case "forklift":
            return [(kind, _forklift(rng))]
        case "pallet":
            return [(kind, _pallet(rng, textures))]
        case "tugger train":
            riders = [("rider", _figure(rng, sitting=False, at=(1.55, 0.25)))] if ridden else []
            return [(kind, _tugger_train(rng, textures)), *riders]
        case "scooter":
            riders = [("rider", _figure(rng, sitting=True, at=(-0.25, 0.3)))] if ridden else []
            return [(kind, _scooter(rng)), *riders]
    riders = [("rider", _figure(rng, sitting=True, at=(-0.2, 0.38)))] if ridden else []
    return [("bicycle", _bicycle(rng)), *riders]


def _figure(rng: np.random.Generator, sitting: bool, at: tuple[float, float]) -> list[Part]:
    """A person who walks, stands or sits; `at`: where on x, and how high the feet or the seat's base."""
    width, scale = rng.uniform(0.9, 1.3), rng.uniform(0.9, 1.1)
    skin = np.array((0.8, 0.6, 0.45)) * rng.uniform(0.35, 1.1)
    shirt, trousers = draw_colour(rng), draw_colour(rng, (0.1, 0.7), (0.08, 0.5))
    if rng.random() < 0.3:  # a safety vest
        shirt = np.array((0.95, 0.6, 0.1)) if rng.random() < 0.5 else np.array((0.8, 0.95, 0.2))
    stride = rng.uniform(-0.25, 0.25)
    if sitting:
        legs = [
            part
            for s in (-1, 1)
            for part in (
                rod((0, s * 0.1, 0.5), (0.4, s * 0.14, 0.48), 0.075 * width, trousers),
                rod((0.4, s * 0.14, 0.48), (0.42, s * 0.14, 0.05), 0.06 * width, trousers),
            )
        ]
        hands, base = (0.45, 0.75), -0.35
    else:
        legs = [rod((s * stride, s * 0.1, 0), (0, s * 0.09, 0.85), 0.075 * width, trousers) for s in (-1, 1)]
        hands, base = (rng.uniform(-0.3, 0.4), rng.uniform(0.95, 1.25)), 0.0
    body = [
        turned([(0.13 * width, 0.8), (0.17 * width, 1.0), (0.2 * width, 1.4), (0.07, 1.5)], shirt, (0, 0, base)),
        turned([(0.06, 1.48), (0.1, 1.56), (0.11, 1.66), (0.07, 1.76)], skin, (0, 0, base)),
        *(rod((0, s * 0.24 * width, 1.4 + base), (hands[0], s * 0.28, hands[1]), 0.05, shirt) for s in (-1, 1)),
    ]
    if rng.random() < 0.5:
        helmet = draw_colour(rng, (0.7, 1.0), (0.7, 1.0))
        body.append(turned([(0.12, 1.68), (0.12, 1.74), (0.05, 1.81)], helmet, (0, 0, base)))
    move = np.array((at[0], 0.0, at[1]))
    return [Part(part.vertices * scale + move, part.faces, part.colour) for part in legs + body]


def _trolley(rng: np.random.Generator, textures: int) -> list[Part]:
    """A platform with tubes at its ends, and sometimes something on it."""
    length, width, height = rng.uniform(0.8, 1.1), rng.uniform(0.5, 0.6), rng.uniform(0.85, 1.1)
    colour, grey, dark = draw_colour(rng), draw_grey(rng, 0.35, 0.7), draw_grey(rng, 0.03, 0.15)
    x, y = length / 2, width / 2
    parts = [block((0, 0, 0.2), (length, width, 0.05), colour)]
    parts += [rod((a * x, b * y, 0.1), (a * x, b * y, height), 0.022, grey) for a in (-1, 1) for b in (-1, 1)]
    parts += [rod((a * x, -y, height), (a * x, y, height), 0.025, grey) for a in (-1, 1)]
    parts += [wheel((a * x * 0.8, b * y * 0.8, 0.07), 0.07, 0.05, dark, 8) for a in (-1, 1) for b in (-1, 1)]
    if rng.random() < 0.6:  # a basket
        parts += [block((0, b * y, 0.5), (length, 0.02, 0.45), colour) for b in (-1, 1)]
        parts += [block((a * x, 0, 0.5), (0.02, width, 0.45), 0.85 * colour) for a in (-1, 1)]
    if rng.random() < 0.6:
        load = rng.uniform(0.25, 0.6)
        size = (0.8 * length, 0.8 * width, load)
        parts.append(block((0, 0, 0.23 + load / 2), size, np.ones(3), int(rng.integers(textures))))
    return parts


def _forklift(rng: np.random.Generator) -> list[Part]:
    colours = np.array([(0.85, 0.7, 0.1), (0.85, 0.4, 0.08), (0.7, 0.1, 0.08), (0.15, 0.5, 0.2), (0.15, 0.3, 0.65)])
    colour = colours[rng.integers(len(colours))] * rng.uniform(0.6, 1.1)
    grey, dark = draw_grey(rng, 0.35, 0.7), draw_grey(rng, 0.03, 0.15)
    mast = rng.uniform(1.9, 2.4)
    parts = [
        block((-0.4, 0, 0.5), (1.2, 1.0, 0.6), colour),
        block((-0.8, 0, 0.95), (0.45, 0.95, 0.35), colour),
        block((-0.35, 0, 0.95), (0.4, 0.5, 0.3), dark),
        block((-0.25, 0, 2.07), (1.0, 0.95, 0.06), dark),
        block((0.42, 0, 0.45), (0.06, 0.9, 0.4), grey),
    ]
    for s in (-1, 1):
        parts += [rod((x, s * 0.42, 0.7), (0.8 * x, s * 0.42, 2.05), 0.04, dark) for x in (-0.8, 0.2)]
        parts += [block((0.35, s * 0.3, mast / 2 + 0.1), (0.1, 0.1, mast), grey)]
        parts += [block((0.9, s * 0.25, 0.08), (1.1, 0.12, 0.06), dark)]
        parts += [wheel((x, s * 0.45, r), r, 0.2, dark) for x, r in ((-0.75, 0.24), (0.1, 0.28))]
    return parts


def _pallet(rng: np.random.Generator, textures: int) -> list[Part]:
    """Planks on feet with layers of cartons; a load belongs to its pallet."""
    wood = np.array((0.6, 0.45, 0.25)) * rng.uniform(0.6, 1.2)
    parts = [block((0, y, 0.125), (1.2, 0.14, 0.03), wood * rng.uniform(0.8, 1.1)) for y in np.linspace(-0.33, 0.33, 5)]
    parts += [block((x, y, 0.06), (0.12, 0.1, 0.1), 0.8 * wood) for x in (-0.5, 0, 0.5) for y in (-0.33, 0, 0.33)]
    layers, texture = int(rng.integers(1, 5)), int(rng.integers(textures))
    wrapped = rng.random() < 0.4
    colour = draw_colour(rng, (0.0, 0.25), (0.7, 0.95)) if wrapped else np.ones(3) * rng.uniform(0.8, 1.0)
    for layer in range(layers):
        size = (1.1 - 0.03 * layer, 0.76, 0.31)
        parts.append(block((0, 0, 0.14 + 0.32 * (layer + 0.5)), size, colour, -1 if wrapped else texture))
    return parts


def _tugger_train(rng: np.random.Generator, textures: int) -> list[Part]:
    """A tractor and two wagons: one thing, five metres long."""
    colour, dark, grey = draw_colour(rng, (0.6, 0.95), (0.4, 0.9)), draw_grey(rng, 0.03, 0.15), draw_grey(rng, 0.3, 0.6)
    parts = [
        block((2.0, 0, 0.55), (0.7, 0.8, 0.7), colour),
        block((1.5, 0, 0.28), (0.6, 0.8, 0.1), dark),
        rod((1.75, 0, 0.8), (1.7, 0, 1.15), 0.03, dark),
        rod((1.7, -0.25, 1.15), (1.7, 0.25, 1.15), 0.03, dark),
        *(wheel((x, s * 0.38, 0.2), 0.2, 0.1, dark, 10) for x in (1.5, 2.1) for s in (-1, 1)),
    ]
    for middle in (0.3, -1.4):
        parts += [
            block((middle, 0, 0.3), (1.4, 0.85, 0.08), colour),
            rod((middle, 0, 0.3), (middle + 1.0, 0, 0.3), 0.03, grey),
        ]
        parts += [wheel((middle + x, s * 0.4, 0.13), 0.13, 0.08, dark, 8) for x in (-0.5, 0.5) for s in (-1, 1)]
        height = rng.uniform(0.3, 0.9)
        parts.append(
            block((middle, 0, 0.35 + height / 2), (1.2, 0.75, height), np.ones(3), int(rng.integers(textures)))
        )
    return parts


def _scooter(rng: np.random.Generator) -> list[Part]:
    colour, dark, grey = draw_colour(rng), draw_grey(rng, 0.03, 0.15), draw_grey(rng, 0.35, 0.7)
    parts = [
        *(wheel((x, 0, 0.27), 0.27, 0.09, dark) for x in (-0.5, 0.55)),
        *(wheel((x, 0, 0.27), 0.14, 0.11, grey) for x in (-0.5, 0.55)),
        block((-0.32, 0, 0.55), (0.7, 0.26, 0.32), colour),
        block((0.12, 0, 0.3), (0.5, 0.28, 0.1), colour),
        rod((0.55, 0, 0.27), (0.33, 0, 1.05), 0.05, colour),
        block((0.4, 0, 0.65), (0.1, 0.3, 0.55), colour),
        rod((0.33, -0.33, 1.05), (0.33, 0.33, 1.05), 0.03, dark),
        block((-0.3, 0, 0.75), (0.65, 0.24, 0.1), dark),
    ]
    if rng.random() < 0.4:
        parts.append(block((-0.65, 0, 0.95), (0.35, 0.38, 0.32), draw_colour(rng)))
    return parts


def _bicycle(rng: np.random.Generator) -> list[Part]:
    colour, dark = draw_colour(rng), draw_grey(rng, 0.03, 0.15)
    seat, head, crank = (-0.2, 0, 0.85), (0.4, 0, 0.85), (-0.05, 0, 0.3)
    parts = [
        *ring((-0.55, 0, 0.34), 0.34, 0.025, dark),
        *ring((0.55, 0, 0.34), 0.34, 0.025, dark),
        rod(crank, seat, 0.025, colour),
        rod(crank, head, 0.03, colour),
        rod((-0.17, 0, 0.75), head, 0.025, colour),
        rod(crank, (-0.55, 0, 0.34), 0.02, colour),
        rod(seat, (-0.55, 0, 0.34), 0.018, colour),
        rod((0.55, 0, 0.34), (0.37, 0, 1.0), 0.025, colour),
        rod((0.37, -0.3, 1.0), (0.37, 0.3, 1.0), 0.022, dark),
        block((-0.2, 0, 0.9), (0.25, 0.15, 0.06), dark),
    ]
    if rng.random() < 0.5:
        parts.append(block((0.62, 0, 0.85), (0.3, 0.35, 0.22), draw_colour(rng)))
    return parts
