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
        masks: Visible pixels of each instance, bool [n, h, w].
        classes: Class of each instance, from 0, [n].

    Raises:
        InputError: The shapes or types of masks and classes do not fit together.
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
    """Instances that a model, or one sample of it, finds in an image, the most confident first.

    Attributes:
        scores: Confidence of each instance, 0..1, in descending order, [n].

    Raises:
        InputError: The shapes of scores and masks do not fit together, or scores rise.
    """

    scores: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scores.shape != self.classes.shape or (np.diff(self.scores) > 0).any():
            raise InputError(f"segmentation: expected {len(self.masks)} falling scores, got {self.scores}")

    def filter_by_score(self, min_score: float) -> Segmentation:
        """Keeps the instances with at least a given score.

        Args:
            min_score: Least score, 0..1.
        """
        return self.chosen(self.scores >= min_score)

    def chosen(self, which: np.ndarray) -> Segmentation:
        """Keeps some of the instances.

        Args:
            which: Boolean mask [n], or indices in ascending order.
        """
        return Segmentation(self.masks[which], self.classes[which], self.scores[which])


def ranked(masks: np.ndarray, classes: np.ndarray, scores: np.ndarray) -> Segmentation:
    """A segmentation of masks in any order, sorted by score; masks without a pixel are left out.

    Args:
        masks: Masks, bool [n, h, w].
        classes: Class of each mask, from 0, [n].
        scores: Score of each mask, 0..1, [n].
    """
    order = np.argsort(-scores, kind="stable")
    order = order[masks[order].any((1, 2))]
    return Segmentation(masks[order], classes[order], scores[order])


def empty_segmentation(size: tuple[int, int]) -> Segmentation:
    """A segmentation without instances.

    Args:
        size: Height and width of the image, pixels.
    """
    return Segmentation(np.zeros((0, *size), bool), np.zeros(0, np.int64), np.zeros(0))


def pooled(samples: Sequence[Segmentation]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Instances of all samples, one sample after another.

    Args:
        samples: Segmentations of one image.

    Returns:
        Masks bool [n, h, w], classes int64 [n], scores float64 [n], and the sample that each comes from, int64 [n].

    Raises:
        InputError: There is no sample, or samples differ in size.
    """
    if not samples or len({sample.size for sample in samples}) != 1:
        raise InputError(f"samples: expected at least one, all of one size, got {[s.size for s in samples]}")
    masks, classes, scores = (
        np.concatenate([getattr(sample, field) for sample in samples]) for field in ("masks", "classes", "scores")
    )
    sample = np.repeat(np.arange(len(samples)), [len(sample) for sample in samples])
    return masks, classes.astype(np.int64), scores.astype(np.float64), sample
