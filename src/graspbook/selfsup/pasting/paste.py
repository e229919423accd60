"""Pasting cut-out objects into other scenes (`selfsup` paper, §III-B.2), and the outline that is inpainted (§III-B.3).

0 to 25 objects are pasted on a labelled image, each turned by up to 360 degrees, scaled by 0.75 to 1.25 and put
anywhere. A later object covers earlier ones and everything of the image. Labels stay true by construction: there is
one label per *pixel* (`ids`), never a list of masks beside the image, so an object's mask is what can be seen of it,
a covered object has no label, and areas and boxes follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from graspbook.core.errors import InputError
from graspbook.selfsup.pasting.config import PasteConfig
from graspbook.selfsup.pixels import scaled_area, scaled_length

if TYPE_CHECKING:
    from graspbook.data.coco import LabelledScene
    from graspbook.selfsup.pasting.bank import ObjectCrop


class Crops(Protocol):
    """What `paste` takes objects from: an `ObjectBank`, or anything with a length and crops."""

    def __len__(self) -> int: ...

    def crop(self, index: int) -> ObjectCrop:
        """The object of that index."""


_OPAQUE = np.uint8(255)


@dataclass(frozen=True)
class Placement:
    """Where one object goes.

    Attributes:
        index: of the object in the bank.
        angle: degrees, clockwise as seen.
        scale: magnification.
        x: centre of the object's box, pixels from the image's left edge.
        y: the same from its top edge.
    """

    index: int
    angle: float
    scale: float
    x: float
    y: float


@dataclass(frozen=True)
class Composite:
    """An image with pasted objects and its true labels.

    Attributes:
        image: uint8 RGB [H, W, 3].
        ids: uint16 [H, W], 0 background. The scene's objects keep their ids; the pasted ones follow after the
            scene's largest id, in the order of pasting. The ids of what is covered, or too small, are missing.
        pasted: bool [H, W], pixels that come from pasted objects, labelled or not.
    """

    image: np.ndarray
    ids: np.ndarray
    pasted: np.ndarray


def draw_placements(
    count: int, bank_size: int, height: int, width: int, rng: np.random.Generator, config: PasteConfig
) -> list[Placement]:
    """Draw where `count` objects go, independently of each other: each object any of the bank, anywhere."""
    indices = rng.integers(bank_size, size=count).tolist() if count else []
    low = np.array([0, config.min_scale, 0, 0])
    high = np.array([config.rotation, config.max_scale, width, height])
    drawn = low + (high - low) * rng.random((count, 4))
    return [Placement(index, *row) for index, row in zip(indices, drawn.tolist(), strict=True)]


def place(
    crop: ObjectCrop, placement: Placement, height: int, width: int
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """Turn, scale and move one object, computing no pixel outside its own box.

    Args:
        crop: image uint8 [h, w, 3] and mask bool [h, w].
        placement: where it goes; `index` is not used.
        height: of the image it goes into.
        width: of the same.

    Returns:
        The box, as slices of the image's rows and columns, cut at its edges (the object may stick out); what to
        paint there, uint8 RGB; and where to, uint8 of the box's size, 1 on the object.
    """
    rows, columns = crop.mask.shape
    cos, sin = np.cos(np.radians(placement.angle)), np.sin(np.radians(placement.angle))
    reach_x = placement.scale * (abs(cos) * columns + abs(sin) * rows) / 2
    reach_y = placement.scale * (abs(sin) * columns + abs(cos) * rows) / 2
    left, right = max(0, int(placement.x - reach_x)), min(width, int(np.ceil(placement.x + reach_x)))
    top, bottom = max(0, int(placement.y - reach_y)), min(height, int(np.ceil(placement.y + reach_y)))
    # where each pixel of the box reads from, in the crop with a border of one pixel; a pixel's index is half a
    # pixel less than its centre
    a, b = cos / placement.scale, sin / placement.scale
    x, y = left + 0.5 - placement.x, top + 0.5 - placement.y
    source = np.array([[a, b, a * x + b * y + (columns + 1) / 2], [-b, a, a * y - b * x + (rows + 1) / 2]])
    # one warp of four channels is three times as fast as one of three and another of one; the border repeats the
    # crop's edge in colour and is no object, so that nothing black from beyond the crop bleeds into the object
    pixels = cv2.cvtColor(cv2.copyMakeBorder(crop.image, 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.COLOR_RGB2RGBA)
    cv2.insertChannel(
        cv2.copyMakeBorder(crop.mask.view(np.uint8) * _OPAQUE, 1, 1, 1, 1, cv2.BORDER_CONSTANT), pixels, 3
    )
    size, flags = (right - left, bottom - top), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpAffine(pixels, source, size, flags=flags)
    # the mask's outline, interpolated and cut at one half, is smoother than that of the nearest pixel
    mask = cv2.threshold(cv2.extractChannel(pixels, 3), 127, 1, cv2.THRESH_BINARY)[1]
    return (slice(top, bottom), slice(left, right)), cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB), mask


def paste(scene: LabelledScene, bank: Crops, rng: np.random.Generator, config: PasteConfig) -> Composite:
    """Paste random objects of a bank on a scene.

    Args:
        scene: image uint8 [H, W, 3] and ids uint16 [H, W]; not changed.
        bank: the objects, in pixels of the scene's size.
        rng: the only source of randomness: the same state gives the same composite.
        config: what to do.

    Raises:
        InputError: the bank is empty although objects shall be pasted.
    """
    if config.max_objects > 0 and len(bank) == 0:
        raise InputError("bank: expected at least one object to paste, got an empty object bank (or max_objects: 0)")
    height, width = scene.ids.shape
    count = int(rng.integers(config.min_objects, config.max_objects + 1))
    image, owner = scene.image.copy(), scene.ids.copy()
    first = int(owner.max(initial=0)) + 1
    for number, placement in enumerate(draw_placements(count, len(bank), height, width, rng, config), first):
        box, pixels, mask = place(bank.crop(placement.index), placement, height, width)
        cv2.copyTo(pixels, mask, image[box])
        owner[box][mask.view(bool)] = number
    return Composite(image, _without_slivers(owner, scaled_area(config.min_area, height)), owner >= first)


def _without_slivers(owner: np.ndarray, min_area: float) -> np.ndarray:
    """`owner` with 0 in place of every id of fewer than `min_area` pixels."""
    areas = np.bincount(owner.ravel())
    kept = np.arange(len(areas), dtype=owner.dtype)
    kept[areas < min_area] = 0
    return kept.take(owner)


def boundary(composite: Composite, dilate: float) -> np.ndarray:
    """The visible outline of everything pasted, widened: what §III-B.3 repaints.

    The outline is the pixels of pasted objects next to (4-neighbours) another object or background. The image's
    edge is no outline: there is nothing beyond it that the object would have to blend with.

    Args:
        composite: of `paste`.
        dilate: by how many pixels to widen it to all sides (§III-B.3: 5); at 640x960, scales with the image.

    Returns:
        bool [H, W].
    """
    # an unlabelled sliver is pasted too: the sign bit tells it from the background
    owner = np.where(composite.pasted, -composite.ids.astype(np.int32) - 1, composite.ids)
    edge = np.zeros(owner.shape, bool)
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = owner[one] != owner[other]
        edge[one] |= differ
        edge[other] |= differ
    edge &= composite.pasted
    width = 2 * scaled_length(dilate, len(owner)) + 1
    return cv2.dilate(edge.view(np.uint8), np.ones((width, width), np.uint8)).view(bool)


def instance_masks(ids: np.ndarray, min_area: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The objects of an id image.

    Args:
        ids: integers [H, W], 0 background.
        min_area: objects of fewer pixels (of this image) are left out.

    Returns:
        Masks bool [N, H, W] in the order of their ids; areas int64 [N] in pixels; boxes int64 [N, 4] as x0, y0,
        x1, y1 with the last column and row excluded, so that x1 - x0 is the width.
    """
    from scipy import ndimage  # imported late: much of this module does without

    # most objects are small: nothing is compared outside their boxes, and zeros that nobody writes to cost nothing
    found = [(number, box) for number, box in enumerate(ndimage.find_objects(ids.astype(np.int32)), 1) if box]
    inside = [ids[box] == number for number, box in found]
    areas = np.array([np.count_nonzero(mask) for mask in inside], np.int64)
    kept = np.flatnonzero(areas >= min_area)
    masks, boxes = np.zeros((len(kept), *ids.shape), bool), np.zeros((len(kept), 4), np.int64)
    for row, index in enumerate(kept):
        ys, xs = found[index][1]
        masks[row, ys, xs] = inside[index]
        boxes[row] = xs.start, ys.start, xs.stop, ys.stop
    return masks, areas[kept], boxes
