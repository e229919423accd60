"""What each row of Table II learns from: labelled images, with or without something pasted (`selfsup` paper, §V-A).

    Mask2Former-n       n labelled images
    Single-Object       half of each batch labelled images, half images of grasps with the grasped object's mask
    Paste-...           labelled images with the objects of a bank pasted on them (§III-B.2)
    Paste-...-Inpaint   the same, with the outlines of what was pasted repainted (§III-B.3)

In every row each image is augmented at last, which is not what the rows differ in. Batch k of a supply depends on
its seed and on k alone, so a training that was interrupted sees what the unbroken one would have seen.
"""

import dataclasses
import hashlib
from typing import Protocol

import numpy as np
import torch

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.data.coco import CocoScenes, LabelledScene, resize_ids, resize_image
from graspbook.data.grasps import GraspDataset
from graspbook.instances.model import Batch, images_to_tensor
from graspbook.selfsup.inpainting.inpaint import Inpainter
from graspbook.selfsup.instance_segmentation.augment import InstanceAugmentation, augment_instances
from graspbook.selfsup.pasting.bank import ObjectBank
from graspbook.selfsup.pasting.config import PasteConfig
from graspbook.selfsup.pasting.paste import boundary, instance_masks, paste
from graspbook.selfsup.pixels import scaled_area
from graspbook.training.seeds import batch_indices, generator


class Scenes(Protocol):
    """Labelled images: `CocoScenes`, or anything with a length and scenes of one size."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> LabelledScene: ...


class SingleObjects:
    """Images of unlabelled grasps, each with one mask: that of the object that was about to be taken (§V-A.1).

    Args:
        grasps: the grasps.
        bank: the masks that a mask source found in them.
        size: height and width, in pixels, of the scenes handed out.

    Raises:
        InputError: the bank has objects of other grasps.
    """

    def __init__(self, grasps: GraspDataset, bank: ObjectBank, size: tuple[int, int]):
        place = {name: index for index, name in enumerate(grasps.table["grasp_id"])}
        missing = sorted(set(bank.table["grasp_id"]) - set(place))
        if missing:
            raise InputError(f"{bank.path}: column grasp_id: {missing[0]} is no grasp of {grasps.path}")
        self._grasps, self._bank, self._size = grasps, bank, size
        self._places = [place[name] for name in bank.table["grasp_id"]]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> LabelledScene:
        """The image before a grasp; id 1 on the mask, 0 on all the rest, objects or not."""
        sample = self._grasps[self._places[index]]
        ids = resize_ids(self._bank.full_mask(index).astype(np.uint16), self._size)
        return LabelledScene(str(self._bank.table["grasp_id"][index]), resize_image(sample.before, self._size), ids)

    def digest(self) -> str:
        """A name for the images; a bank holds parts of them, so that it tells one data set from another."""
        return fingerprint([_contents(self._bank), self._size], *classes_of(self))


class BatchSampler:
    """Training batches of one row.

    Args:
        scenes: labelled images; what is read of them is kept in memory.
        batch_size: images per batch.
        seed: of everything random.
        config: how many objects are pasted and how; what is too small to be labelled (`min_area`) is left out of
            the labels of every row, with or without pasting.
        bank: objects to paste, or None.
        inpainter: repaints the outlines of what was pasted, or None.
        dilate: by how many pixels of a 640x960 image the outlines are widened for that.
        singles: images with a single mask, which then make half of each batch, or None.
        augmentation: of every image.

    Raises:
        InputError: there is nothing to learn from, to paste or to inpaint.
    """

    def __init__(
        self,
        scenes: Scenes,
        batch_size: int,
        seed: int,
        *,
        config: PasteConfig,
        bank: ObjectBank | None = None,
        inpainter: Inpainter | None = None,
        dilate: float | None = None,
        singles: SingleObjects | None = None,
        augmentation: InstanceAugmentation | None = None,
    ):
        if len(scenes) == 0 or (singles is not None and len(singles) == 0):
            raise InputError("scenes, singles: expected at least one image to learn from")
        if bank is not None and len(bank) == 0:
            raise InputError(f"{bank.path}: expected at least one object to paste")
        if inpainter is not None and bank is None:
            raise InputError("inpaint: expected a bank, since outlines of pasted objects are what is inpainted")
        if inpainter is not None and dilate is None:
            raise InputError("dilate: expected pixels, since outlines are widened before they are inpainted")
        self.batch_size = batch_size
        self._scenes, self._singles, self._bank, self._seed = scenes, singles, bank, seed
        self._paste, self._inpainter, self._dilate = config, inpainter, dilate
        self._augmentation = augmentation or InstanceAugmentation()
        self._read: dict[int, LabelledScene] = {}

    def __call__(self, step: int, part: int = 0, parts: int = 1) -> Batch:
        """The batch of a step; with several processes, one of `parts` parts of it (images part, part + parts, ...)."""
        places = range(part, self.batch_size, parts)
        n_full = self.batch_size if self._singles is None else (self.batch_size + 1) // 2
        rngs = [np.random.default_rng([self._seed, step, place]) for place in places]
        full = self._full(step, [place for place in places if place < n_full], n_full, rngs)
        rest = [place - n_full for place in places if place >= n_full]
        chosen = batch_indices(len(self._singles), self.batch_size - n_full, step, self._seed, 1) if rest else []
        scenes = [*full, *(_arrays(self._singles[chosen[place]]) for place in rest)]

        images, masks = [], []
        for (image, ids), rng in zip(scenes, rngs, strict=True):
            image, ids = augment_instances(image, ids, rng, self._augmentation)
            images.append(image)
            kept, _, _ = instance_masks(ids, scaled_area(self._paste.min_area, len(ids)))
            masks.append(torch.from_numpy(kept))
        single = torch.tensor([place >= n_full for place in places])
        return Batch(images_to_tensor(np.stack(images)), masks, single)

    def digest(self) -> str:
        """A name for everything that batches depend on, to tell checkpoints of one training from another's."""
        scenes = [self._scene(index) for index in range(len(self._scenes))]
        arrays = {f"{number}.image": scene.image for number, scene in enumerate(scenes)}
        arrays |= {f"{number}.ids": scene.ids for number, scene in enumerate(scenes)}
        first = self(0)  # an inpainter is known by its code and by what it does
        arrays |= {"first": first.images} | {f"first.{number}": masks for number, masks in enumerate(first.masks)}
        settings = [self.batch_size, self._seed, self._dilate]
        settings += [dataclasses.asdict(self._paste), dataclasses.asdict(self._augmentation)]
        settings += [None if self._bank is None else _contents(self._bank)]
        settings += [None if self._singles is None else self._singles.digest()]
        return fingerprint(settings, *classes_of(self, self._scenes, self._inpainter), arrays=arrays)

    def _full(
        self, step: int, places: list[int], count: int, rngs: list[np.random.Generator]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Labelled images (image, ids), pasted on and inpainted where that is asked for."""
        order = batch_indices(len(self._scenes), count, step, self._seed, 0)
        scenes = [self._scene(order[place]) for place in places]
        if self._bank is None or not scenes:
            return [_arrays(scene) for scene in scenes]
        composites = [paste(scene, self._bank, rng, self._paste) for scene, rng in zip(scenes, rngs, strict=False)]
        images = np.stack([composite.image for composite in composites])
        if self._inpainter is not None:
            outlines = np.stack([boundary(composite, self._dilate) for composite in composites])
            images = self._inpainter(images, outlines, generator(self._seed, 2, step, places[0]))
        return [(image, composite.ids) for image, composite in zip(images, composites, strict=True)]

    def _scene(self, index: int) -> LabelledScene:
        if index not in self._read:
            self._read[index] = self._scenes[index]
        return self._read[index]


def labelled(scenes: CocoScenes, labels: int) -> CocoScenes:
    """The first `labels` images, so that 100 labels are the first 100 of 1000.

    Raises:
        InputError: there are fewer.
    """
    if not 1 <= labels <= len(scenes):
        raise InputError(f"labels: expected 1 to {len(scenes)}, the images of {scenes.path}, got {labels}")
    return scenes.subset(range(labels))


def _contents(bank: ObjectBank) -> list:
    """The file of a bank, and which of its objects are used."""
    return [hashlib.sha256(bank.path.read_bytes()).hexdigest(), bank.table["grasp_id"].tolist()]


def _arrays(scene: LabelledScene) -> tuple[np.ndarray, np.ndarray]:
    return scene.image, scene.ids
