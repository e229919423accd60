"""The robot's eyes: segmenters turn a picture into masks of single items, and say how sure they are of each.

The same interface serves the robot that collects grasps and the one whose errors are counted. A trained model is one
(`graspbook.selfsup.picking.robot.ModelSegmenter`); those here look at the truth instead. The `selfsup` paper collects
its grasps with whatever segmentation there is, and keeps the successful ones: this "can bootstrap even a poorly
performing model" (§IV-A).
"""

from __future__ import annotations

import dataclasses
from typing import Protocol

import cv2
import numpy as np

from graspbook.core.errors import InputError
from graspbook.instances.types import Instances, of_one_class

EMPTY_RADIUS = 0.1
"""Radius of a mask on empty ground, as a fraction of the image height: about that of an object's."""


class Segmenter(Protocol):
    """Finds items in a picture; frozen, so that it travels to other processes."""

    @property
    def key(self) -> str:
        """Names the segmenter and its settings: what was collected with another is never mistaken for its own."""
        ...

    def __call__(self, image: np.ndarray, ids: np.ndarray, rng: np.random.Generator) -> Instances:
        """What it takes for items.

        Args:
            image: The photograph, RGB uint8 [H, W, 3].
            ids: The true object ids, uint8 [H, W]; 0 is the background. A model does not look at them.
            rng: The source of randomness.
        """
        ...


def find_items(segmenter: Segmenter, image: np.ndarray, ids: np.ndarray, rng: np.random.Generator) -> Instances:
    """What a segmenter takes for items.

    Args:
        segmenter: The segmenter.
        image: The photograph, RGB uint8 [H, W, 3].
        ids: The true object ids, uint8 [H, W]; 0 is the background.
        rng: The source of randomness.

    Raises:
        InputError: If the segmenter's masks do not have the image's size.
    """
    found = segmenter(image, ids, rng)
    if found.masks.shape[1:] != ids.shape:
        raise InputError(f"{segmenter.key}: expected masks of {ids.shape}, got {found.masks.shape[1:]}")
    return found


@dataclasses.dataclass(frozen=True)
class TrueSegmenter:
    """Knows every visible mask exactly: the upper reference of Table III."""

    @property
    def key(self) -> str:
        """Names the segmenter."""
        return "true"

    def __call__(self, image: np.ndarray, ids: np.ndarray, rng: np.random.Generator) -> Instances:
        """The true visible masks in the order of the ids, all with score 1."""
        return of_one_class(split_ids(ids))


@dataclasses.dataclass(frozen=True)
class NoisySegmenter:
    """The true masks with the errors that a poor segmentation model makes; the default for collecting.

    The paper's Figure 4 shows the kinds: masks on no item, an item split in two, two items in one mask. Lengths
    are fractions of the image height, so that they mean the same at every size.

    Attributes:
        merge: The probability that a mask swallows a neighbour that touches it.
        divide: The probability that only one side of a mask is believed.
        shift: The standard deviation of a mask's displacement along each axis, as a share of the image height.
        swell: The standard deviation of how far a mask's border moves out or in, as a share of the image height.
        phantom: The probability of a mask on the bin per true mask.
        miss: The probability that an item is overlooked.
        empty: The probability that a further mask lies on empty ground, a disc of `EMPTY_RADIUS` that touches no item.

    Raises:
        InputError: If one of them is not in 0..1.
    """

    merge: float = 0.15
    divide: float = 0.2
    shift: float = 0.015
    swell: float = 0.015
    phantom: float = 0.05
    miss: float = 0.15
    empty: float = 0.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if not 0 <= getattr(self, field.name) <= 1:
                raise InputError(f"segmenter.{field.name}: expected 0 to 1, got {getattr(self, field.name)!r}")

    @property
    def key(self) -> str:
        """Names the segmenter and its settings."""
        return "noisy(" + ",".join(f"{k}={v:g}" for k, v in dataclasses.asdict(self).items()) + ")"

    def __call__(self, image: np.ndarray, ids: np.ndarray, rng: np.random.Generator) -> Instances:
        """Corrupted masks, all with score 1; empty ones are left out."""
        height = ids.shape[0]
        masks = []
        for true in split_ids(ids):
            # every draw is made whatever the others say, so settings do not reshuffle each other's luck
            missed, merged, divided, phantom = rng.random(4) < (
                self.miss,
                self.merge,
                self.divide,
                self.phantom,
            )
            angle, cut = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.2)
            offset, growth = rng.normal(0, self.shift * height, 2), rng.normal(0, self.swell * height)
            spot, size, pick = rng.random(2), rng.uniform(0.03, 0.09) * height, rng.random()
            if phantom:
                masks.append(_blob(ids, spot, size))
            if missed:
                continue
            mask = _with_neighbour(true, ids, pick) if merged else true
            if divided:
                mask = _one_side(mask, angle, cut)
            masks.append(_distort(mask, offset, growth))
        if self.empty > 0 and rng.random() < self.empty:
            masks += _empty_ground(ids, rng)
        masks = [mask for mask in masks if mask.any()]
        return of_one_class(np.stack(masks) if masks else np.zeros((0, *ids.shape), bool))


@dataclasses.dataclass(frozen=True)
class OneAtRandom:
    """Keeps one of another segmenter's masks, whichever, so that a planner has nothing to choose from (ours).

    Attributes:
        segmenter: The segmenter whose masks are drawn from.
    """

    segmenter: Segmenter

    @property
    def key(self) -> str:
        """Names the other one."""
        return f"one of {self.segmenter.key}"

    def __call__(self, image: np.ndarray, ids: np.ndarray, rng: np.random.Generator) -> Instances:
        """One of the masks, all as probable; none where there is none."""
        found = self.segmenter(image, ids, rng)
        if not len(found.masks):
            return found
        kept = rng.integers(len(found.masks), size=1)
        return found.select(kept)


def split_ids(ids: np.ndarray) -> np.ndarray:
    """One mask per object id that is present.

    Args:
        ids: The object ids, uint8 [H, W]; 0 is the background, which is left out.

    Returns:
        The masks, bool [N, H, W], by ascending id.
    """
    present = np.unique(ids)
    return ids[None] == present[present > 0][:, None, None]


def _with_neighbour(mask: np.ndarray, ids: np.ndarray, pick: float) -> np.ndarray:
    """Joins a mask with one of the items whose pixels touch it, chosen by `pick` in 0..1."""
    ring = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~mask
    touching = np.unique(ids[ring])
    touching = touching[touching > 0]
    if len(touching) == 0:
        return mask
    return mask | (ids == touching[int(pick * len(touching))])


def _one_side(mask: np.ndarray, angle: float, cut: float) -> np.ndarray:
    """The part of a mask on one side of a line near its centre, shifted by `cut` of its half size."""
    rows, columns = np.nonzero(mask)
    along = (columns - columns.mean()) * np.cos(angle) + (rows - rows.mean()) * np.sin(angle)
    keep = along > cut * np.abs(along).max()
    side = np.zeros_like(mask)
    side[rows[keep], columns[keep]] = True
    return side


def _distort(mask: np.ndarray, offset: np.ndarray, growth: float) -> np.ndarray:
    """Shifts a mask by `offset` (x, y) pixels and grows (or shrinks) it by `growth` pixels."""
    move = np.float64([[1, 0, offset[0]], [0, 1, offset[1]]])
    moved = cv2.warpAffine(mask.astype(np.uint8), move, mask.shape[::-1], flags=cv2.INTER_NEAREST)
    radius = round(abs(growth))
    if radius:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        moved = cv2.dilate(moved, disc) if growth > 0 else cv2.erode(moved, disc)
    return moved.astype(bool)


def _blob(ids: np.ndarray, spot: np.ndarray, size: float) -> np.ndarray:
    """A disc of `size` pixels at a place (fractions of the image), on the background only."""
    height, width = ids.shape
    rows, columns = np.ogrid[:height, :width]
    return (np.hypot(rows - spot[0] * height, columns - spot[1] * width) <= size) & (ids == 0)


def _empty_ground(ids: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """A disc anywhere in the picture that touches no item, bool [H, W]; none if there is no room."""
    radius = EMPTY_RADIUS * ids.shape[0]
    framed = np.pad((ids == 0).astype(np.uint8), 1)  # the disc must not leave the picture either
    room = np.argwhere(cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1] > radius + 1)
    if not len(room):
        return []
    row, column = room[rng.integers(len(room))]
    rows, columns = np.ogrid[: ids.shape[0], : ids.shape[1]]
    return [np.hypot(rows - row, columns - column) <= radius]
