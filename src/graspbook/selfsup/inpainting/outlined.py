"""Images in which one object's outline is known, and bands along outlines (`selfsup` paper, §III-B.3).

Nobody labels them: the grasp segmentation model has found the grasped object in every image of a bank, and where it
found one, there is a real outline. That is what the bundled inpainting model learns from, and what pasted outlines
are compared with.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from graspbook.core.errors import InputError
from graspbook.data import images as image_files
from graspbook.data.coco import resize_image
from graspbook.data.grasps import GraspDataset
from graspbook.selfsup.pasting.bank import ObjectBank, ObjectCrop


@dataclass(frozen=True)
class OutlinedImages:
    """Images and, in each, the mask of one object.

    Attributes:
        images: uint8 RGB [n, h, w, 3].
        masks: bool [n, h, w]; empty where no object is known.
        bins: int64 [n], the bin that an image shows: images of one bin are alike, and never to be divided between
            training and test.
    """

    images: np.ndarray
    masks: np.ndarray
    bins: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, indices: np.ndarray) -> "OutlinedImages":
        """Some of them, by index or by a boolean per image."""
        return OutlinedImages(self.images[indices], self.masks[indices], self.bins[indices])

    def split(self, n: int) -> tuple["OutlinedImages", "OutlinedImages"]:
        """The last bins, as many as it takes for `n` images, apart from the others: (others, last bins).

        Raises:
            InputError: That would leave no others.
        """
        order = list(dict.fromkeys(self.bins.tolist()))[::-1]
        last: list[int] = []
        while order and np.isin(self.bins, last).sum() < n:
            last.append(order.pop(0))
        chosen = np.isin(self.bins, last)
        if chosen.all():
            raise InputError(f"{n} images were asked for to be set apart, there are {len(self)} in all")
        return self.subset(~chosen), self.subset(chosen)

    def crop(self, index: int) -> ObjectCrop:
        """The object of an image, cut out, as a bank has it.

        Raises:
            InputError: No object is known in that image.
        """
        mask = self.masks[index]
        if not mask.any():
            raise InputError(f"image {index}: no object is known in it")
        box = tuple(slice(np.flatnonzero(line)[0], np.flatnonzero(line)[-1] + 1) for line in (mask.any(1), mask.any(0)))
        return ObjectCrop(self.images[index][box], mask[box])


def load_outlined(grasps: GraspDataset, bank: Path | str, height: int, limit: int | None = None) -> OutlinedImages:
    """The images before grasps, each with the object that a bank has of it, at `height`, in memory.

    Args:
        grasps: Unlabelled grasps; only their images before (and which bin they show) are read.
        bank: Object bank made from these grasps. Where it has several objects of an image, the first one counts.
        height: Height of the result in pixels; aspect is kept.
        limit: At most as many images, the first ones.

    Raises:
        InputError: The bank is missing or faulty, no image has an object in it, or the images differ in shape.
    """
    objects = ObjectBank(bank)
    found = dict(zip(objects.table["grasp_id"][::-1], range(len(objects))[::-1], strict=True))
    table = grasps.table if limit is None else grasps.table.iloc[:limit]
    images, masks = [], []
    for grasp_id, name in zip(table["grasp_id"], table["before"], strict=True):
        image = image_files.read_rgb(grasps.root / name, "before")
        mask = np.zeros(image.shape[:2], bool)
        if grasp_id in found:
            mask = objects.full_mask(found[grasp_id])
        if mask.shape != image.shape[:2]:
            raise InputError(f"{bank}: grasp {grasp_id}: cut from another size than that of {grasps.root / name}")
        size = (height, round(height * image.shape[1] / image.shape[0]))
        images.append(resize_image(image, size))
        covered = cv2.resize(mask.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
        masks.append(covered > 0.5)
    if not any(mask.any() for mask in masks):
        raise InputError(f"{bank}: holds no object of the grasps in {grasps.path}")
    if len({image.shape for image in images}) > 1:
        raise InputError(f"{grasps.path}: expected images before of one shape")
    bins = table["episode"].to_numpy(np.int64) if "episode" in table else np.arange(len(table))
    return OutlinedImages(np.stack(images), np.stack(masks), bins)


def outline(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The pixels of a mask that touch (4-neighbours) a pixel outside it.

    The edge of the image is no outline: what lies beyond it is not seen.
    """
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return mask & (cv2.erode(mask.astype(np.uint8), cross, borderValue=1) == 0)


def band(mask: Bool[np.ndarray, "h w"], dilate: int) -> Bool[np.ndarray, "h w"]:
    """The outline of a mask dilated by `dilate` pixels on all sides: what is inpainted (§III-B.3)."""
    kernel = np.ones((2 * dilate + 1, 2 * dilate + 1), np.uint8)
    return cv2.dilate(outline(mask).astype(np.uint8), kernel, borderValue=0) > 0


def random_band(height: int, width: int, dilate: int, rng: np.random.Generator) -> Bool[np.ndarray, "h w"]:
    """A band along a random closed curve, such as an object's outline might be, somewhere in an image."""
    corners = rng.integers(3, 8)
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = rng.uniform(0.1, 0.45, corners) * min(height, width)
    centre = rng.uniform(0, (width, height))
    points = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
    filled = np.zeros((height, width), np.uint8)
    cv2.fillPoly(filled, [np.round(points).astype(np.int32)], 1)
    return band(filled > 0, dilate)


def around(
    image: UInt8[np.ndarray, "h w 3"], centre: np.ndarray, side: int
) -> tuple[UInt8[np.ndarray, "side side 3"], tuple[slice, slice]]:
    """The square of an image around a pixel, moved inwards where it would stick out, and where it is.

    Raises:
        InputError: The image is smaller than the square.
    """
    if min(image.shape[:2]) < side:
        raise InputError(f"side: {side}, expected at most the image's {image.shape[0]}x{image.shape[1]} pixels")
    starts = [int(np.clip(at - side // 2, 0, size - side)) for at, size in zip(centre, image.shape[:2], strict=True)]
    place = (slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side))
    return image[place], place
