"""How an episode in bins begins, before anything falls: how the bins look, and what will be dropped into one."""

from __future__ import annotations

import dataclasses
from typing import get_args

import numpy as np

from graspbook.world.assets.catalogue import Catalogue, Split
from graspbook.world.assets.items import Item, draw_item
from graspbook.world.assets.tote import Tote, draw_tote
from graspbook.world.bin.fill import draw_count
from graspbook.world.config import WorldConfig
from graspbook.world.render.camera import Camera, draw_camera
from graspbook.world.scene import Light, Pose, Scene, draw_light


@dataclasses.dataclass(frozen=True, eq=False)
class Looks:
    """How a bin looks, whatever is in it.

    Attributes:
        camera: The camera above it.
        tote: The colours and the reflectances of the bin.
        light: The lamp and the light of its surroundings.
    """

    camera: Camera
    tote: Tote
    light: Light

    def scene(self, items: dict[int, Item], poses: dict[int, Pose]) -> Scene:
        """The bin with items in it.

        Args:
            items: The items by object id.
            poses: The poses by object id.
        """
        return Scene(items, poses, self.tote, self.light, self.camera)


@dataclasses.dataclass(frozen=True, eq=False)
class Beginning:
    """An episode before anything falls.

    Attributes:
        rng: The generator of all that comes.
        bins: How the bins look.
        items: The items that will be dropped into the first one, by object id.
    """

    rng: np.random.Generator
    bins: tuple[Looks, ...]
    items: dict[int, Item]

    @property
    def camera(self) -> Camera:
        """The camera, of the same kind above all bins."""
        return self.bins[0].camera


def begin_episode(seed: int, split: Split, catalogue: Catalogue, config: WorldConfig, number: int) -> Beginning:
    """The beginning of an episode of grasping, in one bin.

    Args:
        seed: The seed of the whole collection.
        split: The split of shapes and textures, "train" or "test".
        catalogue: The catalogue that shapes and textures are drawn from.
        config: The configuration of the world.
        number: The number of the episode within the collection.

    Raises:
        InputError: If the split is unknown.
    """
    # the split is part of the seed: otherwise the splits would share their lights and cameras
    rng, dials = np.random.default_rng([seed, number, split == "test"]), config.dials
    looks = Looks(draw_camera(rng, config.height), draw_tote(rng, dials), draw_light(rng, dials))
    bin_texture = int(rng.choice(catalogue.textures(split)))
    count = draw_count(rng, dials.clutter)
    items = {k: draw_item(rng, catalogue, split, dials, bin_texture) for k in range(1, count + 1)}
    return Beginning(rng, (looks,), items)


def begin_picking(rng: np.random.Generator, catalogue: Catalogue, config: WorldConfig, share_new: float) -> Beginning:
    """The beginning of an episode of picking, in two bins.

    Args:
        rng: The generator of the beginning.
        catalogue: The catalogue that shapes and textures are drawn from.
        config: The configuration of the world.
        share_new: The probability, from 0 to 1, that an object is of the split "test", else "train".
    """
    camera, dials = draw_camera(rng, config.height), config.dials
    bins = tuple(Looks(camera, draw_tote(rng, dials), draw_light(rng, dials)) for _ in range(2))
    bin_textures = {split: int(rng.choice(catalogue.textures(split))) for split in get_args(Split)}
    new = rng.random(draw_count(rng, dials.clutter)) < share_new
    splits = ["test" if is_new else "train" for is_new in new]
    items = {
        object_id: draw_item(rng, catalogue, split, dials, bin_textures[split])
        for object_id, split in enumerate(splits, start=1)
    }
    return Beginning(rng, bins, items)
