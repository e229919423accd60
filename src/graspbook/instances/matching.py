"""Which predictions are right: how masks overlap, and the greedy matching of COCO.

The matching of one image does not depend on the others, so it is done once; what is counted afterwards takes how often
each image counts, for a bootstrap over images (`graspbook.instances.average_precision`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from graspbook.core.errors import InputError
from graspbook.instances.types import Instances


@dataclass(frozen=True, eq=False)
class Overlaps:
    """How P predictions of an image overlap its G objects.

    Attributes:
        shared: The pixels that prediction and object share, float [P, G]; 0 where their classes differ.
        predicted: The area of each prediction in pixels, float [P].
        labelled: The area of each object in pixels, float [G].
    """

    shared: Float[np.ndarray, "P G"]
    predicted: Float[np.ndarray, " P"]
    labelled: Float[np.ndarray, " G"]

    @property
    def iou(self) -> Float[np.ndarray, "P G"]:
        """Intersection over union."""
        return self.shared / (self.predicted[:, None] + self.labelled - self.shared)

    @property
    def iop(self) -> Float[np.ndarray, "P G"]:
        """Intersection over prediction: 1 where a prediction lies within the object (`latent` paper, §V-B)."""
        return self.shared / self.predicted[:, None]

    @property
    def iog(self) -> Float[np.ndarray, "P G"]:
        """Intersection over ground truth: 1 where a prediction covers the object (`latent` paper, §V-C)."""
        return self.shared / self.labelled


def mask_overlaps(found: Instances, truth: Instances) -> Overlaps:
    """Overlaps of predictions with objects of their class; objects without a pixel should not be there.

    Args:
        found: The predictions of one image.
        truth: The objects of the same image, each with at least one pixel.

    Raises:
        InputError: Predictions and objects are of images of different sizes.
    """
    if found.size != truth.size:
        raise InputError(f"predictions of {found.size} pixels, expected {truth.size} as the labels")
    pixels = truth.size[0] * truth.size[1]
    p, g = (masks.reshape(len(masks), pixels).astype(np.float32) for masks in (found.masks, truth.masks))
    same = found.classes[:, None] == truth.classes
    return Overlaps((p @ g.T).astype(np.float64) * same, p.sum(1).astype(np.float64), g.sum(1).astype(np.float64))


@dataclass(frozen=True, eq=False)
class Candidates:
    """The D detections of an image and the G objects that they may take, in A ranges (of area, say).

    Attributes:
        overlap: How much each detection overlaps each object, 0..1, float [D, G].
        scores: The confidence of each detection, float [D], falling.
        outside: Whether each object counts neither way in each range, bool [A, G]; None: one range with all of them.
        ignored: Whether each detection that takes no object counts neither way in each range, bool [A, D]; None: none.
    """

    overlap: Float[np.ndarray, "D G"]
    scores: Float[np.ndarray, " D"]
    outside: Bool[np.ndarray, "A G"] | None = None
    ignored: Bool[np.ndarray, "A D"] | None = None


@dataclass(frozen=True, eq=False)
class Matches:
    """What became of D detections on N images, in A ranges and at T thresholds of overlap.

    Attributes:
        image: The number of the image of each detection, int [D]; detections are in the order of falling score.
        score: The confidence of each detection, float [D], falling.
        hit: Whether each detection is a true positive, bool [A, T, D].
        ignored: Whether each detection counts neither as true nor as false, bool [A, T, D].
        n_objects: The number of objects of each range in each image, int [A, N].
    """

    image: Int[np.ndarray, " D"]
    score: Float[np.ndarray, " D"]
    hit: Bool[np.ndarray, "A T D"]
    ignored: Bool[np.ndarray, "A T D"]
    n_objects: Int[np.ndarray, "A N"]

    @functools.cached_property
    def block(self) -> Int[np.ndarray, " D"]:
        """A number for each detection, rising along the ranking: those of one image with the same score share one."""
        begins = (np.diff(self.image, prepend=-1) != 0) | (np.diff(self.score, prepend=2.0) != 0)
        return begins.cumsum() - 1


def match_images(images: Iterable[Candidates], thresholds: Sequence[float]) -> Matches:
    """Match the detections of each image with its objects, and rank all of them by score.

    A detection that takes an object outside a range is ignored there. Equal scores stay in the order of the images.

    Args:
        images: The candidates of each image, at least one image, all with as many ranges.
        thresholds: The lowest overlap of a match, 0..1, T of them.
    """
    parts, n_objects = [], []
    for number, image in enumerate(images):
        n_found, n_there = image.overlap.shape
        outside = np.zeros((1, n_there), bool) if image.outside is None else image.outside
        ignored = np.zeros((len(outside), n_found), bool) if image.ignored is None else image.ignored
        taken = match_greedily(image.overlap, thresholds, outside)
        no_object = np.zeros((len(outside), 1), bool)  # the last, which -1 means
        beyond = np.concatenate([outside, no_object], 1)[np.arange(len(outside))[:, None, None], taken]
        ignored = np.where(taken >= 0, beyond, ignored[:, None])
        parts.append((np.full(n_found, number), image.scores.astype(np.float64), (taken >= 0) & ~beyond, ignored))
        n_objects.append((~outside).sum(1))
    image, score, hit, ignored = (np.concatenate(part, -1) for part in zip(*parts, strict=True))
    ranking = np.argsort(-score, kind="stable")
    return Matches(image[ranking], score[ranking], hit[..., ranking], ignored[..., ranking], np.stack(n_objects, 1))


def match_greedily(
    overlap: Float[np.ndarray, "D G"], thresholds: Sequence[float], outside: Bool[np.ndarray, "A G"] | None = None
) -> Int[np.ndarray, "A T D"]:
    """COCO's greedy matching in one image, for all ranges and thresholds at once.

    The surest detection chooses first: among the objects that are still free and overlap it by at least the
    threshold, the one of highest overlap, preferring any object inside the range to those outside. Of equal overlaps
    it takes the last object; who wants the first passes the objects in reverse.

    Args:
        overlap: How much each detection overlaps each object, 0..1, float [D, G], detections by falling score.
        thresholds: The lowest overlap of a match, 0..1, T of them.
        outside: Whether each object is outside each range, bool [A, G]; None: one range with all of them.

    Returns:
        The object that each detection takes, or -1 for none, int [A, T, D].
    """
    limits, n_objects = np.asarray(thresholds)[:, None], overlap.shape[1]
    outside = np.zeros((1, n_objects), bool) if outside is None else outside
    taken = np.full((len(outside), len(limits), len(overlap)), -1)
    free = np.ones((len(outside), len(limits), n_objects), bool)
    bonus = np.where(outside, 0.0, 2.0)[:, None]  # an object inside the range beats every one outside
    for number in np.flatnonzero((overlap >= limits.min()).any(1)):
        able = free & (overlap[number] >= limits)
        worth = np.where(able, overlap[number] + bonus, -1.0)
        choice = n_objects - 1 - worth[..., ::-1].argmax(-1)  # the last of the best
        area, threshold = np.nonzero(able.any(-1))
        objects = choice[area, threshold]
        free[area, threshold, objects] = False
        taken[area, threshold, number] = objects
    return taken
