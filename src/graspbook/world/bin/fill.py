"""Filling the bin: how many items, where they are dropped, and which of them missed it.

Two dials act here. `clutter` is the mean number of items. `occlusion` is how piled they lie: items fall through a
chute that stands in the bin until they rest, and is then pulled out. At 0 it is as wide as the bin, so that items
spread; at 1 it is `NARROW`, so that they lie on each other. (Drop points alone would not do: heaps slump.)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.spatial.transform import Rotation

from graspbook.world.assets import tote
from graspbook.world.assets.items import Item
from graspbook.world.physics.simulation import Cell

MAX_ITEMS = 250
_LAYER = 6
"""Items in the air at once."""
_LAYER_STEPS = 60
"""Physics steps until the next layer falls."""
_CHUTE_STEPS = 180
"""Physics steps, at most, from the last layer until the chute is pulled out."""
NARROW = (0.12, 0.10)
"""Half length and half width of the narrowest chute, metres."""
_INSET = 0.07
"""Drop points keep this far from the chute, metres."""


def draw_count(rng: np.random.Generator, clutter: float) -> int:
    """Draws how many items a bin holds, uniformly within 40 % of the mean and from 1 to `MAX_ITEMS`.

    Args:
        rng: The source of randomness.
        clutter: The mean number of items.
    """
    return int(np.clip(round(clutter * rng.uniform(0.6, 1.4)), 1, MAX_ITEMS))


def chute(occlusion: float) -> np.ndarray:
    """The size of the chute through which the items fall.

    Args:
        occlusion: How piled the items shall lie, from 0 (the chute is as wide as the floor) to 1 (it is `NARROW`).

    Returns:
        The half length and the half width of the chute in metres, float64 [2].
    """
    return (1 - occlusion) * np.array([tote.LENGTH, tote.WIDTH]) / 2 + occlusion * np.array(NARROW)


def drop_points(n: int, rng: np.random.Generator, occlusion: float) -> np.ndarray:
    """Draws where items are dropped: one in each cell of a grid over the chute, in random order.

    Args:
        n: The number of items to drop.
        rng: The source of randomness.
        occlusion: How piled the items shall lie, from 0 to 1 (see `chute`).

    Returns:
        The drop points' x and y in metres, float64 [n, 2].
    """
    half = chute(occlusion) - _INSET
    columns = max(1, int(np.ceil(np.sqrt(n * half[0] / half[1]))))
    rows = -(-n // columns)
    cells = rng.permutation(columns * rows)[:n]
    grid = np.stack([cells % columns, cells // columns], 1) + rng.uniform(0.25, 0.75, (n, 2))
    return (grid / (columns, max(1, rows)) * 2 - 1) * half


def fill(cell: Cell, items: Mapping[int, Item], rng: np.random.Generator, occlusion: float) -> tuple[int, ...]:
    """Drops items into the bin and waits for rest.

    Args:
        cell: The physics cell of the bin; the items are added to it.
        items: The items to drop, by object id (1..250).
        rng: The source of randomness.
        occlusion: How piled the items shall lie, from 0 to 1 (see `chute`).

    Returns:
        The ids of the items that missed or left the bin, ascending. They are no longer in the cell.

    Raises:
        InputError: If an object id is out of range or already in use in the cell.
    """
    points = drop_points(len(items), rng, occlusion)
    turns = Rotation.random(len(items), rng=rng).as_matrix()
    with cell.chute(*chute(occlusion)):
        for number, (object_id, item) in enumerate(items.items()):
            height = 0.12 + 0.05 * (number % _LAYER)
            cell.add(object_id, item, np.array([*points[number], height]), turns[number])
            if number % _LAYER == _LAYER - 1:
                cell.step(_LAYER_STEPS)
        cell.settle(_CHUTE_STEPS)
    cell.settle()
    lost = tuple(sorted(cell.outside()))
    cell.remove(lost)
    return lost
