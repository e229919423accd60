"""Whom to pick: policies turn what the robot sees into believed masks of items.

The `selfsup` paper collects its grasps with whatever segmentation there is, and keeps the successful ones: this
"can bootstrap even a poorly performing model" (§IV-A). A policy is anything that maps an `Observation` and a
generator to masks bool [N, H, W]; it has a `key` that names it, so that data collected with another policy is
never mistaken for its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np

from graspbook.errors import InputError


@dataclasses.dataclass(frozen=True)
class Observation:
    """What a policy may look at.

    Attributes:
        image: uint8 RGB [H, W, 3].
        depth: float32 [H, W] metres, 0 = drop-out.
        true_ids: uint8 [H, W], 0 = background. Only `TruePolicy` and `NoisyPolicy` look at it.
    """

    image: np.ndarray
    depth: np.ndarray
    true_ids: np.ndarray


class Policy(Protocol):
    """Maps an observation to believed masks of single items."""

    @property
    def key(self) -> str:
        """Names the policy and its settings."""
        ...

    def __call__(self, observation: Observation, rng: np.random.Generator) -> np.ndarray:
        """Believed masks, bool [N, H, W]."""
        ...


@dataclasses.dataclass(frozen=True)
class TruePolicy:
    """Knows every visible mask exactly."""

    @property
    def key(self) -> str:
        """Names the policy."""
        return "true"

    def __call__(self, observation: Observation, rng: np.random.Generator) -> np.ndarray:
        """The true visible masks, bool [N, H, W], in the order of the ids."""
        return split_ids(observation.true_ids)


@dataclasses.dataclass(frozen=True)
class NoisyPolicy:
    """The true masks with the errors that a poor segmentation model makes; the default for collecting.

    The paper's Figure 4 shows the kinds: masks on no item, an item split in two, two items in one mask. Lengths
    are fractions of the image height, so that they mean the same at every size.

    Attributes:
        merge: probability that a mask swallows a neighbour that touches it.
        divide: probability that only one side of a mask is believed.
        shift: standard deviation of a mask's displacement.
        swell: standard deviation of how far its border moves out or in.
        phantom: probability of a mask on the bin per true mask.
        miss: probability that an item is overlooked.
    """

    merge: float = 0.15
    divide: float = 0.2
    shift: float = 0.015
    swell: float = 0.015
    phantom: float = 0.05
    miss: float = 0.15

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if not 0 <= getattr(self, field.name) <= 1:
                raise InputError(f"policy.{field.name}: expected 0 to 1, got {getattr(self, field.name)!r}")

    @property
    def key(self) -> str:
        """Names the policy and its settings."""
        return "noisy(" + ",".join(f"{k}={v:g}" for k, v in dataclasses.asdict(self).items()) + ")"

    def __call__(self, observation: Observation, rng: np.random.Generator) -> np.ndarray:
        """Corrupted masks, bool [N, H, W]; empty ones are left out."""
        ids = observation.true_ids
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
        masks = [mask for mask in masks if mask.any()]
        return np.stack(masks) if masks else np.zeros((0, *ids.shape), bool)


@dataclasses.dataclass(frozen=True)
class ModelPolicy:
    """Any segmentation model, so that later chapters can close the loop.

    Attributes:
        model: maps image uint8 [H, W, 3] and depth float32 [H, W] to masks bool [N, H, W].
        name: names the model and its weights; data sets collected under different names never mix.
    """

    model: Callable[[np.ndarray, np.ndarray], np.ndarray]
    name: str

    @property
    def key(self) -> str:
        """Names the policy."""
        return f"model({self.name})"

    def __call__(self, observation: Observation, rng: np.random.Generator) -> np.ndarray:
        """The model's masks, bool [N, H, W].

        Raises:
            InputError: if the model returns another shape.
        """
        masks = np.asarray(self.model(observation.image, observation.depth))
        if masks.ndim != 3 or masks.shape[1:] != observation.depth.shape:
            raise InputError(
                f"{self.key}: expected masks [N, {observation.depth.shape[0]}, {observation.depth.shape[1]}], "
                f"got {list(masks.shape)}"
            )
        return masks.astype(bool)


def split_ids(ids: np.ndarray) -> np.ndarray:
    """One mask per object id present: bool [N, H, W], ascending; background (0) left out."""
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
