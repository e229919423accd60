"""The instances of an image: their masks, classes and scores, as a model finds them or as the labels have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from graspbook.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Instances:
    """The instances of one image, the surest first; masks may overlap.

    Attributes:
        masks: The pixels of each of the n instances, bool [n, h, w].
        classes: The class of each instance, int [n]; all 0 where classes are not told apart.
        scores: The confidence of each instance in 0..1, float [n], falling; all 1 for labels.

    Raises:
        InputError: The shapes or types of masks, classes and scores do not fit together, or scores rise.
    """

    masks: Bool[np.ndarray, "n h w"]
    classes: Int[np.ndarray, " n"]
    scores: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        parts = {"masks": self.masks, "classes": self.classes, "scores": self.scores}
        if (
            self.masks.ndim != 3
            or self.masks.dtype != np.bool_
            or not np.issubdtype(self.classes.dtype, np.integer)
            or not self.classes.shape == self.scores.shape == self.masks.shape[:1]
        ):
            got = ", ".join(f"{name} {part.dtype} {list(part.shape)}" for name, part in parts.items())
            raise InputError(f"instances: expected masks bool [n, h, w], classes int [n] and scores [n], got {got}")
        if (np.diff(self.scores) > 0).any():
            raise InputError(f"instances: expected {len(self)} falling scores, got {self.scores}")

    def __len__(self) -> int:
        return len(self.masks)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image, pixels."""
        return self.masks.shape[1:]

    def select(self, which: np.ndarray) -> Instances:
        """Some of the instances.

        Args:
            which: Whether each is kept, bool [n], or the indices of those kept, in ascending order.
        """
        return Instances(self.masks[which], self.classes[which], self.scores[which])

    def filter_by_score(self, min_score: float) -> Instances:
        """The instances with at least a given score.

        Args:
            min_score: The lowest score that is kept, 0..1.
        """
        return self.select(self.scores >= min_score)


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Instances that share no pixel, as one number for each pixel of an image, or for each element of a grid.

    Attributes:
        ids: The instance of each pixel, 1 to n, or 0 for none, int [h, w].
        classes: The class of each instance, int [n].
    """

    ids: Int[np.ndarray, "h w"]
    classes: Int[np.ndarray, " n"]


def of_one_class(masks: Bool[np.ndarray, "n h w"], scores: Float[np.ndarray, " n"] | None = None) -> Instances:
    """Instances whose classes are not told apart.

    Args:
        masks: The pixels of each instance, bool [n, h, w].
        scores: The confidence of each instance in 0..1, float [n], falling; None makes all of them 1.
    """
    return Instances(masks, np.zeros(len(masks), np.int64), np.ones(len(masks)) if scores is None else scores)


def labelled(masks: Bool[np.ndarray, "n h w"], classes: Int[np.ndarray, " n"]) -> Instances:
    """Instances that are known: all have score 1.

    Args:
        masks: The visible pixels of each instance, bool [n, h, w].
        classes: The class of each instance, int [n].
    """
    return Instances(masks, classes, np.ones(len(masks)))


def ranked(masks: np.ndarray, classes: np.ndarray, scores: np.ndarray) -> Instances:
    """Instances in any order, sorted by score; masks without a pixel are left out.

    Args:
        masks: The pixels of each instance, bool [n, h, w].
        classes: The class of each instance, int [n].
        scores: The confidence of each instance, 0..1, [n].
    """
    order = np.argsort(-scores, kind="stable")
    order = order[masks[order].any((1, 2))]
    return Instances(masks[order], classes[order], scores[order])


def no_instances(size: tuple[int, int]) -> Instances:
    """An image without instances.

    Args:
        size: Height and width of the image, pixels.
    """
    return of_one_class(np.zeros((0, *size), bool))


def pooled(samples: Sequence[Instances]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The instances of several answers for one image, one answer after another.

    Args:
        samples: The answers for one image.

    Returns:
        Masks bool [n, h, w], classes int64 [n], scores float64 [n], and the answer that each comes from, int64 [n].

    Raises:
        InputError: There is no answer, or answers differ in size.
    """
    if not samples or len({sample.size for sample in samples}) != 1:
        raise InputError(f"samples: expected at least one, all of one size, got {[s.size for s in samples]}")
    masks, classes, scores = (
        np.concatenate([getattr(sample, field) for sample in samples]) for field in ("masks", "classes", "scores")
    )
    sample = np.repeat(np.arange(len(samples)), [len(sample) for sample in samples])
    return masks, classes.astype(np.int64), scores.astype(np.float64), sample
