"""How good predictions are where one kind of error costs more than another (§V-B to §V-D, appendix C).

All of them come in two parts, as average precision does in `graspbook.instances.average_precision`: what happens in an
image does not depend on the others and is done once; a metric then takes how often each image counts, for a bootstrap
over images. Shares are in percent; a class without an instance counts in no mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from graspbook.core.errors import InputError
from graspbook.data.rle import encode_mask
from graspbook.instances import average_precision
from graspbook.instances.average_precision import AREAS, Matches, match_detections
from graspbook.instances.detection_table import tabulate
from graspbook.instances.detections import Detections
from graspbook.latent.segmentation import Instances, Segmentation

PRECISIONS = IOP_THRESHOLDS = (0.75, 0.8, 0.85, 0.9, 0.95)
"""The precisions and the IoP thresholds that MR@HP is the mean over (§V-B)."""
IOG_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10))
"""COCO's thresholds, applied to IoG in AR (§V-C)."""
MAX_PER_IMAGE = 100
"""As many predictions of an image, the surest, count in mAP, as in COCO's evaluation."""


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Overlaps of P predictions of an image with its G instances.

    Attributes:
        shared: Pixels that prediction and instance share, [P, G]; 0 where their classes differ.
        predicted: Area of each prediction, pixels, [P].
        labelled: Area of each instance, pixels, [G].
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
        """Intersection over prediction (§V-B): 1 where a prediction lies within the instance."""
        return self.shared / self.predicted[:, None]

    @property
    def iog(self) -> Float[np.ndarray, "P G"]:
        """Intersection over ground truth (§V-C): 1 where a prediction covers the instance."""
        return self.shared / self.labelled


def overlaps(found: Segmentation, truth: Instances) -> Overlaps:
    """Overlaps of predictions with instances of their class; instances without a pixel should not be there.

    Args:
        found: Predictions of one image.
        truth: Instances of the same image, each with at least one pixel.

    Raises:
        InputError: Predictions and instances are of images of different sizes.
    """
    if found.size != truth.size:
        raise InputError(f"predictions of {found.size} pixels, expected {truth.size} as the labels")
    pixels = truth.size[0] * truth.size[1]
    p, g = (masks.reshape(len(masks), pixels).astype(np.float32) for masks in (found.masks, truth.masks))
    same = found.classes[:, None] == truth.classes
    return Overlaps((p @ g.T).astype(np.float64) * same, p.sum(1).astype(np.float64), g.sum(1).astype(np.float64))


@dataclass(frozen=True, eq=False)
class Ranking:
    """Ranked predictions of one class on N images, the most confident first, matched at T thresholds.

    Attributes:
        image: Image of each of D predictions, [D].
        score: Score of each prediction, 0..1, [D].
        hit: Whether each prediction is a true positive at each threshold, [T, D].
        objects: Number of instances in each image, [N].
    """

    image: Int[np.ndarray, " D"]
    score: Float[np.ndarray, " D"]
    hit: Bool[np.ndarray, "T D"]
    objects: Int[np.ndarray, " N"]


def match(overlap: Float[np.ndarray, "P G"], thresholds: Sequence[float]) -> Bool[np.ndarray, "T P"]:
    """Which predictions, the surest first, take an instance: the free one of highest overlap, if it is high enough.

    Args:
        overlap: Overlaps of P predictions, the most confident first, with G instances, 0..1, [P, G].
        thresholds: Least overlap of a match, 0..1, [T].

    Returns:
        Whether each prediction is a true positive at each threshold, [T, P].
    """
    limits = np.asarray(thresholds)
    hit, free = np.zeros((len(limits), len(overlap)), bool), np.ones((len(limits), overlap.shape[1]), bool)
    if not overlap.shape[1]:
        return hit
    for number, row in enumerate(overlap):
        worth = np.where(free, row, -1.0)
        choice = worth.argmax(1)
        taken = np.flatnonzero(worth.max(1) >= limits - 1e-9)
        hit[taken, number] = True
        free[taken, choice[taken]] = False
    return hit


def rank(
    found: Sequence[Segmentation], truth: Sequence[Instances], kind: str, thresholds: Sequence[float]
) -> list[Ranking]:
    """Matches the predictions of all images with their instances: one ranking for each class that has an instance.

    Args:
        found: Predictions of each image.
        truth: Instances of the same images.
        kind: Kind of overlap: "iop", "iog" or "iou".
        thresholds: Least overlap of a match, 0..1.
    """
    rankings = []
    for number in np.unique(np.concatenate([t.classes for t in truth])) if truth else ():
        parts = []
        for image, (predictions, labels) in enumerate(zip(found, truth, strict=True)):
            mine = predictions.chosen(predictions.classes == number)
            own = labels.classes == number
            overlap = getattr(overlaps(mine, Instances(labels.masks[own], labels.classes[own])), kind)
            parts.append((np.full(len(mine), image), mine.scores, match(overlap, thresholds)))
        image, score, hit = (np.concatenate(part, -1) for part in zip(*parts, strict=True))
        order = np.argsort(-score, kind="stable")
        objects = np.array([(labels.classes == number).sum() for labels in truth])
        rankings.append(Ranking(image[order], score[order], hit[:, order], objects))
    return rankings


def max_recall_at_high_precision(
    rankings: Sequence[Ranking],
    weights: Float[np.ndarray, "R N"] | None = None,
    precisions: Sequence[float] = PRECISIONS,
) -> Float[np.ndarray, " R"]:
    """MR@HP (§V-B): the highest recall of those score thresholds at which precision is high enough, else 0; the mean.

    Args:
        rankings: Rankings from `rank` by "iop" at `IOP_THRESHOLDS`.
        weights: How often each of N images counts in each of R replicates, [R, N]; None: once (then R is 1).
        precisions: Precisions to average over, 0..1.

    Returns:
        MR@HP in percent, [R]; NaN where no image that counts has an instance.
    """

    def one(ranking: Ranking, weight: np.ndarray, total: float) -> float:
        if not len(ranking.score):
            return 0.0
        counts = weight[ranking.image]
        ends = np.flatnonzero(np.diff(ranking.score, append=-1.0))  # a threshold takes all that are equally sure
        some = np.cumsum(counts)[ends]
        true = np.cumsum(ranking.hit * counts, 1)[:, ends]
        precision = np.divide(true, some, out=np.zeros_like(true), where=some > 0)
        reached = [np.where(precision >= limit - 1e-9, true, 0).max(1) for limit in precisions]
        return float(np.mean(reached)) / total

    return _mean_over_classes(rankings, weights, one)


def average_recall(rankings: Sequence[Ranking], weights: Float[np.ndarray, "R N"] | None = None) -> np.ndarray:
    """AR (§V-C): the share of the instances that some prediction takes, the mean over thresholds; percent, [R].

    Args:
        rankings: Rankings from `rank` by "iog" at `IOG_THRESHOLDS`.
        weights: How often each of N images counts in each of R replicates, [R, N]; None: once (then R is 1).
    """

    def one(ranking: Ranking, weight: np.ndarray, total: float) -> float:
        return float((ranking.hit * weight[ranking.image]).sum(1).mean()) / total

    return _mean_over_classes(rankings, weights, one)


def mean_average_precision(
    found: Sequence[Segmentation], truth: Sequence[Instances], weights: Float[np.ndarray, "R N"] | None = None
) -> np.ndarray:
    """COCO's mAP through `graspbook.instances`: percent, [R]; the mean over the classes that have an instance.

    Args:
        found: Predictions of each image.
        truth: Instances of the same images.
        weights: How often each of N images counts in each of R replicates, [R, N]; None: once (then R is 1).
    """
    return average_precision_of(match_classes(found, truth), weights)


def match_classes(found: Sequence[Segmentation], truth: Sequence[Instances]) -> list[Matches]:
    """COCO's matching for each class that has an instance; `average_precision_of` takes the result.

    Args:
        found: Predictions of each image.
        truth: Instances of the same images.
    """
    names = [f"{image:06d}" for image in range(len(truth))]
    matches = []
    for number in np.unique(np.concatenate([t.classes for t in truth])) if truth else ():
        mine = (f.chosen(f.classes == number) for f in found)
        table = tabulate(names, (Detections(f.scores, f.masks) for f in mine), MAX_PER_IMAGE, 0.0)
        matches.append(match_detections(_coco(truth, number, names), table, AREAS))
    return matches


def average_precision_of(matches: Sequence[Matches], weights: Float[np.ndarray, "R N"] | None = None) -> np.ndarray:
    """The mAP of matched classes: percent, [R].

    Args:
        matches: Matches of each class, from `match_classes`.
        weights: How often each of N images counts in each of R replicates, [R, N]; None: once (then R is 1).
    """
    values = [average_precision.average_precision(own, weights)["ap"] for own in matches]
    return _nanmean(values, 1 if weights is None else len(weights))


def roc_auc(
    scores: Float[np.ndarray, " D"], good: Bool[np.ndarray, " D"], weights: Float[np.ndarray, " D"] | None = None
) -> float:
    """How well scores tell good predictions from bad ones (appendix E, Table III), 0..1.

    The probability that a good prediction has a higher score than a bad one, equal scores counting half.

    Args:
        scores: Score of each prediction, [D].
        good: Whether its IoU with the closest instance is above 0.5, [D].
        weights: How often each prediction counts, [D]; None: once.

    Returns:
        Area under the ROC curve, 0..1; NaN where all predictions that count are good, or none is.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    _, level = np.unique(scores, return_inverse=True)
    positive, negative = (np.bincount(level, weights * which) for which in (good, ~good))
    if not len(scores) or positive.sum() == 0 or negative.sum() == 0:
        return float("nan")
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def closest(overlap: Float[np.ndarray, "P G"]) -> Float[np.ndarray, " P"]:
    """The highest overlap of each prediction with any instance; 0 where there is none.

    Args:
        overlap: Overlaps of P predictions with G instances, [P, G].
    """
    return overlap.max(1, initial=0.0)


def _coco(truth: Sequence[Instances], number: int, names: Sequence[str]) -> dict:
    """The instances of one class as `match_detections` takes them."""
    images, annotations = [], []
    for image, (labels, name) in enumerate(zip(truth, names, strict=True), 1):
        height, width = labels.size
        images.append({"id": image, "file_name": name, "height": height, "width": width})
        for mask in labels.masks[labels.classes == number]:
            code = {"size": [height, width], "counts": encode_mask(mask)}
            about = {"id": len(annotations) + 1, "image_id": image, "area": int(mask.sum())}
            annotations.append(about | {"segmentation": code})
    return {"images": images, "annotations": annotations}


def _mean_over_classes(rankings: Sequence[Ranking], weights: np.ndarray | None, one) -> np.ndarray:
    """The mean of `one(ranking, weight, instances)` in percent over classes, for each row of weights."""
    values = []
    for ranking in rankings:
        rows = np.ones((1, len(ranking.objects))) if weights is None else weights
        totals = rows @ ranking.objects
        some = [one(ranking, row, t) if t > 0 else np.nan for row, t in zip(rows, totals, strict=True)]
        values.append(100 * np.array(some))
    return _nanmean(values, 1 if weights is None else len(weights))


def _nanmean(values: list[np.ndarray], count: int) -> np.ndarray:
    """The mean over the first axis of what is a number; NaN where nothing is."""
    stacked = np.stack(values) if values else np.full((1, count), np.nan)
    number = (~np.isnan(stacked)).sum(0)
    return np.where(number > 0, np.nansum(stacked, 0) / np.maximum(number, 1), np.nan)
