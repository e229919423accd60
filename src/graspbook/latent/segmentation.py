"""What an image shows and what a model says of it: instances with classes, and with scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from graspbook.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Instances:
    """The labelled instances of one image.

    Attributes:
        masks: visible pixels of each instance.
        classes: of each instance, from 0.

    Raises:
        InputError: masks and classes do not belong together.
    """

    masks: Bool[np.ndarray, "n h w"]
    classes: Int[np.ndarray, " n"]

    def __post_init__(self) -> None:
        if self.masks.ndim != 3 or self.masks.dtype != np.bool_ or self.classes.shape != self.masks.shape[:1]:
            got = f"{self.masks.dtype} {list(self.masks.shape)} and {list(self.classes.shape)}"
            raise InputError(f"instances: expected masks bool [n, h, w] and classes [n], got {got}")

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image, pixels."""
        return self.masks.shape[1:]


@dataclass(frozen=True, eq=False)
class Segmentation(Instances):
    """What a model, or one sample of it, finds in an image, the surest first.

    Attributes:
        scores: confidence of each instance, 0..1, falling.

    Raises:
        InputError: scores and masks do not belong together, or scores rise.
    """

    scores: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scores.shape != self.classes.shape or (np.diff(self.scores) > 0).any():
            raise InputError(f"segmentation: expected {len(self.masks)} falling scores, got {self.scores}")

    def filter_by_score(self, min_score: float) -> Segmentation:
        """The instances whose score is at least `min_score`, from 0 to 1."""
        return self.chosen(self.scores >= min_score)

    def chosen(self, which: np.ndarray) -> Segmentation:
        """Some of the instances, by a mask bool [n] or by places that rise."""
        return Segmentation(self.masks[which], self.classes[which], self.scores[which])


def ranked(masks: np.ndarray, classes: np.ndarray, scores: np.ndarray) -> Segmentation:
    """A segmentation of masks in any order; those without a pixel are left out."""
    order = np.argsort(-scores, kind="stable")
    order = order[masks[order].any((1, 2))]
    return Segmentation(masks[order], classes[order], scores[order])


def empty_segmentation(size: tuple[int, int]) -> Segmentation:
    """A segmentation in which nothing is found."""
    return Segmentation(np.zeros((0, *size), bool), np.zeros(0, np.int64), np.zeros(0))


def pooled(samples: Sequence[Segmentation]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The instances of all samples one after another.

    Returns:
        Masks bool [n, h, w], classes int64 [n], scores float64 [n], and the sample of each int64 [n].

    Raises:
        InputError: there is no sample, or they are of images of several sizes.
    """
    if not samples or len({sample.size for sample in samples}) != 1:
        raise InputError(f"samples: expected at least one, all of one size, got {[s.size for s in samples]}")
    masks, classes, scores = (
        np.concatenate([getattr(sample, field) for sample in samples]) for field in ("masks", "classes", "scores")
    )
    sample = np.repeat(np.arange(len(samples)), [len(sample) for sample in samples])
    return masks, classes.astype(np.int64), scores.astype(np.float64), sample
