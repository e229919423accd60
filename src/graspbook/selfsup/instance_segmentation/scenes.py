"""Labelled images for instance segmentation, out of grasps (`selfsup` paper, §V: "the dataset from Section IV-A").

The image before a grasp is a photograph of a full bin; labelling it means outlining every object in it. Here the
simulator's ids stand in for the person who would.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from graspbook.core.errors import InputError
from graspbook.data.coco import LabelledScene, write_scenes
from graspbook.data.grasps import GraspDataset


def scene_before(grasps: GraspDataset, index: int, prefix: str = "") -> LabelledScene:
    """The image before a grasp with all its instances, numbered from 1 without gaps.

    Args:
        grasps: with ids.
        index: of the grasp.
        prefix: of the scene's name; the rest is the grasp_id.

    Raises:
        InputError: the grasp has no ids, or a file of it is faulty.
    """
    ids = grasps.ids(index)[0]
    numbers = np.zeros(256, np.uint16)
    present = np.unique(ids[ids > 0])
    numbers[present] = np.arange(1, len(present) + 1)
    return LabelledScene(prefix + grasps.table["grasp_id"].iloc[index], grasps[index].before, numbers[ids])


def write_grasp_scenes(folder: Path | str, parts: Mapping[str, GraspDataset]) -> Path:
    """Write the images before grasps as labelled images, one part after the other.

    Args:
        folder: to make; see `write_scenes`.
        parts: by the prefix of their scenes' names, grasps of different worlds: equal grasp_ids and equal
            episodes in two parts have nothing to do with each other.

    Returns:
        Path of the COCO file. Its images say which bin they show: the part and the grasp's episode.

    Raises:
        InputError: a part has no episodes or no ids, or two scenes get the same name.
    """
    bins: list[int] = []
    for grasps in parts.values():
        if "episode" not in grasps.table:
            raise InputError(f"{grasps.path}: column episode is missing; it tells which images show the same bin")
        first = max(bins, default=-1) + 1
        bins += [first + int(episode) for episode in grasps.table["episode"]]

    def scenes() -> Iterator[LabelledScene]:
        for prefix, grasps in parts.items():
            for index in range(len(grasps)):
                yield scene_before(grasps, index, prefix)

    return write_scenes(folder, scenes(), bins)
