"""One scene: objects fall onto the table, the wrist camera goes round them (§IV-B)."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from graspbook.core.generators import WORDS, generator_from, generator_place
from graspbook.data.bop import SceneObject
from graspbook.data.states import Fields, State, make_state
from graspbook.don.scenes.config import ScenesConfig
from graspbook.don.scenes.objects import KNOWN
from graspbook.don.scenes.studio import Studio, draw_backdrop, draw_bent_item
from graspbook.world.assets.catalogue import Split
from graspbook.world.assets.items import Item, draw_item
from graspbook.world.physics.simulation import pose_of
from graspbook.world.table.cell import TableCell
from graspbook.world.table.wrist import looks, measure, photograph, wrist_cameras

Arrangement = Literal["single", "loose", "packed"]
FIRST_UNKNOWN = 101
"""Ids from here on are objects that nobody knows."""
FIELDS: Fields = {
    "ids": ("<i4", ()),  # of the objects that lie on the table
    "poses": ("<f8", (7,)),  # position in metres and quaternion of each
    "drawn": ("<u8", (WORDS,)),  # one row: where the generator stands, as table, light and pictures are drawn from it
}
"""What is chaotic in a scene."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """Recorded scene, as `graspbook.data.bop.write_scene` takes it.

    Attributes:
        images: RGB image of each view, uint8 [V, H, W, 3].
        depth: Measured depth along the optical axis, metres, float32 [V, H, W].
        ids: Object at each pixel, uint8 [V, H, W]; 0 is the table, unknown objects are from `FIRST_UNKNOWN` on.
        objects: Known objects by id.
    """

    images: np.ndarray
    depth: np.ndarray
    ids: np.ndarray
    objects: dict[int, SceneObject]


def simulate_scene(
    studio: Studio, config: ScenesConfig, arrangement: Arrangement, known: tuple[int, ...], split: Split, seed: tuple
) -> State:
    """Lets objects fall.

    Args:
        studio: Shapes and prints.
        config: Contents of the scene.
        arrangement: "single" for one known object alone; "loose" and "packed" have unknown ones among them.
        known: Ids of the known objects.
        split: Split of the shapes and prints of the unknown objects.
        seed: Seed of everything in the scene: (set, number).

    Returns:
        The state, with the fields `FIELDS`.
    """
    rng = np.random.default_rng(seed)
    items, _ = _draw_items(studio, config, arrangement, known, split, rng)
    with TableCell() as cell:
        _arrange(cell, items, arrangement, config, rng)
        raw = cell.raw_poses()
    poses = [[*position, *turn] for position, turn in raw.values()]
    return make_state(FIELDS, ids=list(raw), poses=poses, drawn=generator_place(rng))


def draw_scene(
    state: State,
    studio: Studio,
    config: ScenesConfig,
    arrangement: Arrangement,
    known: tuple[int, ...],
    split: Split,
    seed: tuple,
) -> Recording:
    """Records objects that lie where they fell, along the whole camera path.

    Args:
        state: What `simulate_scene` returned.
        studio: Shapes, prints and renderer.
        config: Contents of the scene, and the camera.
        arrangement: "single" for one known object alone; "loose" and "packed" have unknown ones among them.
        known: Ids of the known objects.
        split: Split of the shapes and prints of the unknown objects.
        seed: Seed of everything in the scene: (set, number).
    """
    items, extras = _draw_items(studio, config, arrangement, known, split, np.random.default_rng(seed))
    raw = dict(zip(state["ids"].tolist(), state["poses"].tolist(), strict=True))
    lying, poses = {n: items[n] for n in raw}, {n: pose_of(row[:3], row[3:]) for n, row in raw.items()}
    rng = generator_from(state["drawn"][0])
    backdrop = draw_backdrop(studio, config, rng)
    images, depth, ids = [], [], []
    for camera in wrist_cameras(config.camera):
        layers = studio.renderer.see(lying, poses, backdrop.table, backdrop.light, camera, config.camera.samples)
        images.append(photograph(layers, rng, config.camera))
        depth.append(measure(layers, rng, config.camera))
        ids.append(layers.ids)
    objects = {n: SceneObject(*poses[n], extras[n]) for n in sorted(lying) if n < FIRST_UNKNOWN}
    return Recording(np.stack(images), np.stack(depth), np.stack(ids), objects)


def _draw_items(
    studio: Studio,
    config: ScenesConfig,
    arrangement: Arrangement,
    known: tuple[int, ...],
    split: Split,
    rng: np.random.Generator,
) -> tuple[dict[int, Item], dict[int, dict]]:
    """The objects that fall, and how soft ones among the known are bent."""
    items, extras = {}, {}
    for number in known:
        items[number], bend = draw_bent_item(studio, config, number, rng)
        soft = KNOWN[number - 1].soft
        extras[number] = {"squeeze": list(bend.squeeze), "curve": bend.curve} if soft else {}
    if arrangement != "single":
        for k in range(config.unknown):
            items[FIRST_UNKNOWN + k] = draw_item(rng, studio.plain, split, looks(config.camera), 0)
    return items, extras


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
