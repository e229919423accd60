"""One scene: objects fall onto the table, the wrist camera goes round them (§IV-B)."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from graspbook.data.bop import SceneObject
from graspbook.don.scenes.config import ScenesConfig
from graspbook.don.scenes.objects import KNOWN, known_item, with_prints
from graspbook.world.catalogue import Catalogue, Split
from graspbook.world.items import Item, draw_item
from graspbook.world.scene import draw_light
from graspbook.world.table.bending import draw_bend
from graspbook.world.table.cell import TableCell
from graspbook.world.table.renderer import TableRenderer, table_item
from graspbook.world.table.wrist import looks, measure, photograph, wrist_cameras

Arrangement = Literal["single", "loose", "packed"]
FIRST_UNKNOWN = 101
"""Ids from here on are objects that nobody knows."""
TABLE_REPEAT = 0.45
"""Metres that the table's texture covers before it repeats."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """Recorded scene, as `graspbook.data.bop.write_scene` takes it.

    Attributes:
        images: RGB image of each view, uint8 [V, H, W, 3].
        depth: Measured depth along the optical axis, metres, float32 [V, H, W].
        ids: Object at each pixel, uint8 [V, H, W]; 0 is the table, unknown objects are from `FIRST_UNKNOWN` on.
        objects: Known objects by id.
        arrangement: Arrangement of the objects.
    """

    images: np.ndarray
    depth: np.ndarray
    ids: np.ndarray
    objects: dict[int, SceneObject]
    arrangement: Arrangement


class Studio:
    """What all scenes share: shapes, prints, renderer. One per process.

    Args:
        catalogue: Catalogue of shapes and textures.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue, self.first_print = with_prints(catalogue)
        self.renderer = TableRenderer(self.catalogue)
        self.plain = catalogue

    def known(self, number: int) -> Item:
        """A known object at rest.

        Args:
            number: Id of the object, from 1.
        """
        return known_item(self.catalogue, self.first_print, number)


def record_scene(
    studio: Studio, config: ScenesConfig, arrangement: Arrangement, known: tuple[int, ...], split: Split, seed: tuple
) -> Recording:
    """Lets objects fall, and records them along the whole camera path.

    Args:
        studio: Shapes, prints and renderer.
        config: Contents of the scene, and the camera.
        arrangement: "single" for one known object alone; "loose" and "packed" have unknown ones among them.
        known: Ids of the known objects.
        split: Split of the shapes and prints of the unknown objects.
        seed: Seed of everything in the scene: (set, number).
    """
    rng = np.random.default_rng(seed)
    items, extras = {}, {}
    for number in known:
        items[number], extras[number] = _as_it_is_today(studio, config, number, rng)
    if arrangement != "single":
        for k in range(config.unknown):
            items[FIRST_UNKNOWN + k] = draw_item(rng, studio.plain, split, looks(config.camera), 0)
    with TableCell() as cell:
        _arrange(cell, items, arrangement, config, rng)
        lying, poses = dict(cell.items), cell.poses()
    brightness = 1 + config.table_variety * rng.uniform(-1, 1)
    offset = float(rng.uniform()), float(rng.uniform())
    table = table_item(studio.first_print + len(KNOWN), TABLE_REPEAT, offset)
    light = draw_light(rng, looks(config.camera))
    light = dataclasses.replace(light, direct=light.direct * brightness, ambient=light.ambient * brightness)
    images, depth, ids = [], [], []
    for camera in wrist_cameras(config.camera):
        layers = studio.renderer.see(lying, poses, table, light, camera, config.camera.samples)
        images.append(photograph(layers, rng, config.camera))
        depth.append(measure(layers, rng, config.camera))
        ids.append(layers.ids)
    objects = {n: SceneObject(*poses[n], extras[n]) for n in sorted(lying) if n < FIRST_UNKNOWN}
    return Recording(np.stack(images), np.stack(depth), np.stack(ids), objects, arrangement)


def _as_it_is_today(
    studio: Studio, config: ScenesConfig, number: int, rng: np.random.Generator
) -> tuple[Item, dict[str, object]]:
    """A known object, bent if it is soft, and what `scene_gt.json` says of that."""
    item = studio.known(number)
    if not KNOWN[number - 1].soft:
        return item, {}
    bend = draw_bend(rng, config.squeeze, config.curve)
    return bend.bent(item, f"{item.shape.name}_bent"), {"squeeze": list(bend.squeeze), "curve": bend.curve}


def _arrange(
    cell: TableCell, items: dict[int, Item], arrangement: Arrangement, config: ScenesConfig, rng: np.random.Generator
) -> None:
    """Drops objects one after another, in any order; those that roll out of sight are taken away."""
    half = (config.packed if arrangement == "packed" else config.loose) / 2
    order = [int(key) for key in rng.permutation(sorted(items))]
    if arrangement == "single":
        cell.drop(order[0], items[order[0]], rng, 0.02)
        _, position = cell.pose(order[0])
        place = rng.uniform(-0.04, 0.04, 2) - position[:2]
        cell.shift(order[0], np.array([*place, 0.0]))
        return
    with cell.chute(half, half):
        for key in order:
            cell.drop(key, items[key], rng, 0.7 * half, 240)
    cell.settle(480)
    cell.remove({key for key, (_, position) in cell.poses().items() if np.hypot(*position[:2]) > half + 0.08})
