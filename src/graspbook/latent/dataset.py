"""Labelled images in memory, from COCO JSON: the sets of §V-A, or one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Shaped, UInt8, UInt16

from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes
from graspbook.instances.model import ClassBatch, images_to_tensor
from graspbook.instances.types import Instances, labelled


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images with their instances.

    Attributes:
        images: RGB images, uint8 [n, h, w, 3].
        ids: Instance at each pixel, 0 for none, uint16 [n, h, w]; each number is one instance of its image.
        classes: For each image the class of each instance number, from 0, int64 [most + 1]; the entry of number 0 means
            nothing.
        groups: Scene of each image, the unit of the bootstrap, [n].
    """

    images: UInt8[np.ndarray, "n h w 3"]
    ids: UInt16[np.ndarray, "n h w"]
    classes: tuple[np.ndarray, ...]
    groups: Shaped[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.images)

    def instances(self, index: int) -> Instances:
        """The instances of an image that have a pixel.

        Args:
            index: Index of the image.
        """
        ids = self.ids[index]
        numbers = np.unique(ids[ids > 0])
        return labelled(ids == numbers[:, None, None], self.classes[index][numbers])

    def subset(self, indices: Sequence[int]) -> LabelledImages:
        """Some of the images, in a given order.

        Args:
            indices: Indices of the images.
        """
        chosen = np.asarray(indices, np.int64)
        classes = tuple(self.classes[k] for k in chosen)
        return LabelledImages(self.images[chosen], self.ids[chosen], classes, self.groups[chosen])

    def batch(self, indices: Sequence[int], mirror: np.ndarray | None = None) -> ClassBatch:
        """Images and instances as a model takes them.

        Args:
            indices: Indices of the images, [b].
            mirror: Whether to flip each image left to right, and upside down, bool [b, 2]; None: no flips.
        """
        images, masks, classes = [], [], []
        for place, index in enumerate(indices):
            image, own = self.images[index], self.instances(index)
            mask = own.masks
            for axis in (1, 0):
                if mirror is not None and mirror[place, 1 - axis]:
                    image, mask = np.flip(image, axis), np.flip(mask, axis + 1)
            images.append(image)
            masks.append(torch.from_numpy(np.ascontiguousarray(mask)))
            classes.append(torch.from_numpy(own.classes))
        return ClassBatch(images_to_tensor(np.stack(images)), masks, classes)


def load_images(annotations: Path | str, height: int | None = None) -> LabelledImages:
    """Reads a COCO file and its images.

    Args:
        annotations: JSON file; crowds are left out, and where instances overlap the later one is on top.
        height: Height to resize the images to, pixels; None: as they are.

    Raises:
        InputError: The file is faulty, see `CocoScenes`, or an annotation's category is no integer.
    """
    scenes = CocoScenes(annotations, height)
    kinds = sorted({note.get("category_id") for notes in scenes.annotations for note in notes}, key=str)
    if any(not isinstance(kind, int) for kind in kinds):
        raise InputError(f"{annotations}: field category_id: expected an integer for every annotation")
    order = {kind: number for number, kind in enumerate(sorted(kinds))}
    classes = tuple(
        np.array([0, *(order[note["category_id"]] for note in notes)], np.int64) for notes in scenes.annotations
    )
    images, ids = np.zeros((len(scenes), *scenes.size, 3), np.uint8), np.zeros((len(scenes), *scenes.size), np.uint16)
    for number, scene in enumerate(scenes):
        images[number], ids[number] = scene.image, scene.ids
    return LabelledImages(images, ids, classes, scenes.groups)
