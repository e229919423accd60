"""What stands on the table: shapes of the catalogue with a weight and a surface, and the splits by object."""

from __future__ import annotations

from typing import Literal

import numpy as np

from graspbook.core.errors import InputError
from graspbook.world.assets.catalogue import Catalogue, Shape
from graspbook.world.assets.items import Item
from graspbook.world.table.config import ObjectConfig

TableSplit = Literal["train", "validation", "test"]
SPLITS: tuple[TableSplit, ...] = ("train", "validation", "test")
VALIDATION_DIGIT = 5
"""Training shapes whose number ends in this digit are for validation."""


def table_shapes(catalogue: Catalogue, split: TableSplit) -> tuple[Shape, ...]:
    """The shapes of a split: no two splits share one.

    Training has shapes of every family. Validation and test have `random_urdfs` alone: boxes, cans and bottles are so
    easy to grasp that they would hide differences.

    Args:
        catalogue: The catalogue that the shapes are taken from.
        split: The split, "train", "validation" or "test".

    Raises:
        InputError: If there is no such split, or the catalogue has no shape for it.
    """
    if split not in SPLITS:
        raise InputError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
    if split == "test":
        found = [shape for shape in catalogue.shapes("test") if shape.family == "random"]
    else:
        held_out = split == "validation"
        found = [shape for shape in catalogue.shapes("train") if _for_validation(shape) == held_out]
        found = [shape for shape in found if shape.family == "random" or not held_out]
    if not found:
        raise InputError(f"catalogue: no shapes for the split '{split}'")
    return tuple(found)


def _for_validation(shape: Shape) -> bool:
    return shape.number % 10 == VALIDATION_DIGIT


def draw_table_item(rng: np.random.Generator, shape: Shape, config: ObjectConfig) -> Item:
    """A shape with a mass and a friction coefficient, drawn in this order.

    Args:
        rng: The source of randomness.
        shape: The shape of the item.
        config: The ranges of mass, density and friction.
    """
    mass = shape.volume * rng.uniform(config.min_density, config.max_density)
    return Item(
        shape=shape,
        texture=0,
        mass=float(np.clip(mass, config.min_mass, config.max_mass)),
        friction=float(rng.uniform(config.min_friction, config.max_friction)),
    )
