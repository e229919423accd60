"""What all scenes share: shapes, prints and renderer; and what is drawn anew for each: light, table, bends."""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.don.scenes.config import ScenesConfig
from graspbook.don.scenes.objects import KNOWN, known_item, with_prints
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.assets.items import Item
from graspbook.world.scene import Light, draw_light
from graspbook.world.table.bending import Bend, draw_bend
from graspbook.world.table.renderer import TableRenderer, table_item
from graspbook.world.table.wrist import looks

TABLE_REPEAT = 0.45
"""Metres that the table's texture covers before it repeats."""


class Studio:
    """What all scenes share: shapes, prints, renderer. One per process.

    Args:
        catalogue: Catalogue of shapes and textures.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue, self.first_print = with_prints(catalogue)
        self.renderer = TableRenderer(self.catalogue)
        self.plain = catalogue

    def __reduce__(self) -> tuple:
        """Another process makes a renderer of its own."""
        return type(self), (self.plain,)

    def known(self, number: int) -> Item:
        """A known object at rest.

        Args:
            number: Id of the object, from 1.
        """
        return known_item(self.catalogue, self.first_print, number)


@dataclasses.dataclass(frozen=True, eq=False)
class Backdrop:
    """Light and table of a scene: the same for all of its turns, but for the turn.

    Attributes:
        light: Lamp and ambient light.
        table: Table top with its texture.
    """

    light: Light
    table: Item


def draw_backdrop(studio: Studio, config: ScenesConfig, rng: np.random.Generator) -> Backdrop:
    """Draws light and table: brightness, texture offset and light in this order.

    Args:
        studio: Shapes, prints and renderer.
        config: Variety of the light, and the camera.
        rng: Source of the draws.
    """
    brightness = 1 + config.table_variety * rng.uniform(-1, 1)
    table = table_item(studio.first_print + len(KNOWN), TABLE_REPEAT, (float(rng.uniform()), float(rng.uniform())))
    light = draw_light(rng, looks(config.camera))
    light = dataclasses.replace(light, direct=light.direct * brightness, ambient=light.ambient * brightness)
    return Backdrop(light, table)


def draw_bent_item(studio: Studio, config: ScenesConfig, number: int, rng: np.random.Generator) -> tuple[Item, Bend]:
    """A known object, bent at random if it is soft, and its bend.

    Args:
        studio: Shapes, prints and renderer.
        config: Strength of squeeze and bend.
        number: Id of the object, from 1.
        rng: Source of the bend.
    """
    item = studio.known(number)
    if not KNOWN[number - 1].soft:
        return item, Bend()
    bend = draw_bend(rng, config.squeeze, config.curve)
    return bend.bent(item, f"{item.shape.name}_bent"), bend
