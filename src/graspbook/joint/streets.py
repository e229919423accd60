"""The pictures that the chapter learns, chooses and is tested on: a simulated aisle, or a real Cityscapes."""

from __future__ import annotations

from pathlib import Path

from graspbook.data.cityscapes import Streets
from graspbook.joint.config import DataConfig
from graspbook.world.aisle.config import AisleConfig

SPLITS = {"train": "train", "validation": "val", "test": "test"}
"""From our name of a split to the folder of a simulated one."""


def open_splits(data: DataConfig, world: AisleConfig, made: Path) -> dict[str, Streets]:
    """The splits "train", "validation" and "test"; no two share a drive, or a city.

    A real folder's split "train" is divided by city, since its labels for "test" are not published: the cities that
    `data` names choose, and its "val" is the test.

    Args:
        data: Folder of an existing data set, if there is one, and its validation cities.
        world: Settings of the simulated aisle, of which the size of the pictures is used.
        made: Folder of the simulated pictures.

    Raises:
        InputError: Images or labels are missing from the folder; the message names what is missing.
    """
    size = world.height, world.width
    if data.folder is None:
        return {name: Streets(made, split) for name, split in SPLITS.items()}
    chosen = data.validation_cities
    return {
        "train": Streets(data.folder, "train", size, without=chosen),
        "validation": Streets(data.folder, "train", size, only=chosen),
        "test": Streets(data.folder, "val", size),
    }
