"""The numbers of the tables as functions of how often each image counts, for `statistics.bootstrap`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

from graspbook.instances.average_precision import class_average_precision, match_classes
from graspbook.instances.matching import mask_overlaps
from graspbook.instances.types import Instances
from graspbook.latent.picking_area import PickCounts
from graspbook.latent.recall import IOG_THRESHOLDS, IOP_THRESHOLDS, average_recall, max_recall_at_high_precision, rank
from graspbook.statistics.bootstrap import Statistic
from graspbook.statistics.ratios import ratios

Found = Sequence[Instances]
Truth = Sequence[Instances]
GOOD = 0.5
"""A prediction is good if its IoU with the closest instance is above this (Table III)."""
WITHIN = 0.95
"""The IoP above which a prediction lies within an object (Figure 8)."""


def table_1(found: Found, truth: Truth) -> Statistic:
    """MR@HP, AR and mAP, percent.

    Args:
        found: Predictions of each image.
        truth: Instances of the same images.
    """
    precise, recalled = rank(found, truth, "iop", IOP_THRESHOLDS), rank(found, truth, "iog", IOG_THRESHOLDS)
    matches = match_classes(found, truth)

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "mrhp": max_recall_at_high_precision(precise, weights),
            "ar": average_recall(recalled, weights),
            "map": class_average_precision(matches, weights)["ap"],
        }

    return of


def precision(found: Found, truth: Truth) -> Statistic:
    """MR@HP alone, percent.

    Args:
        found: Predictions of each image.
        truth: Instances of the same images.
    """
    ranking = rank(found, truth, "iop", IOP_THRESHOLDS)
    return lambda weights: {"mrhp": max_recall_at_high_precision(ranking, weights)}


def picks(counts: PickCounts) -> Statistic:
    """Double pick rate and pickable area, percent.

    Args:
        counts: Picks in each image.
    """
    return lambda weights: {
        "double_pick": counts.double_pick_rate(weights),
        "area": counts.pickable_area(weights),
    }


def quality(found: Found, truth: Truth) -> tuple[Int[np.ndarray, " D"], np.ndarray, Float[np.ndarray, "2 D"]]:
    """Overlap of each prediction with the instances.

    Args:
        found: Predictions of each image.
        truth: Instances of the same images.

    Returns:
        Image [D] and score [D] of each prediction, and its highest IoU (first row) and IoP (second) with any instance,
        [2, D].
    """
    image, score, overlap = [], [], []
    for number, (predictions, labels) in enumerate(zip(found, truth, strict=True)):
        both = mask_overlaps(predictions, labels)
        image.append(np.full(len(predictions), number))
        score.append(predictions.scores)
        overlap.append(np.stack([both.iou.max(1, initial=0.0), both.iop.max(1, initial=0.0)]))
    if not image:
        return np.zeros(0, np.int64), np.zeros(0), np.zeros((2, 0))
    return np.concatenate(image), np.concatenate(score), np.concatenate(overlap, 1)


def scoring(found: Found, truth: Truth) -> Statistic:
    """How well scores tell masks of a high IoU from others: ROC AUC (Table III) and correlation (Figure 8).

    Args:
        found: Predictions of each image.
        truth: Instances of the same images.
    """
    image, score, (iou, _) = quality(found, truth)

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        counts = [row[image] for row in weights]
        return {
            "auc": np.array([roc_auc(score, iou > GOOD, own) for own in counts]),
            "correlation": np.array([weighted_correlation(score, iou, own) for own in counts]),
        }

    return of


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


def within(found: Found, truth: Truth) -> Statistic:
    """The share of the predictions with an IoP above `WITHIN`, percent (Figure 8).

    Args:
        found: Predictions of each image.
        truth: Instances of the same images.
    """
    image, _, (_, iop) = quality(found, truth)
    every = np.bincount(image, minlength=len(truth)).astype(float)
    good = np.bincount(image, iop > WITHIN, minlength=len(truth))
    return ratios({"within": (100 * good, every)})


def weighted_correlation(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """Pearson's correlation of weighted pairs; NaN where one of the two is constant.

    Args:
        x: First value of each pair, [n].
        y: Second value of each pair, [n].
        weights: How often each pair counts, [n].
    """
    if not weights.sum():
        return float("nan")
    dx, dy = (values - np.average(values, weights=weights) for values in (x, y))
    spread = np.sqrt((weights * dx**2).sum() * (weights * dy**2).sum())
    return float((weights * dx * dy).sum() / spread) if spread > 0 else float("nan")


def masked(statistic: Statistic, images: Bool[np.ndarray, " N"]) -> Statistic:
    """A statistic of some of the images alone.

    Args:
        statistic: Statistic of all images.
        images: Which images count, bool [N].
    """
    return lambda weights: statistic(weights * images)


def difference(one: Statistic, other: Statistic, names: Mapping[str, str]) -> Statistic:
    """One statistic minus another on the same images.

    Args:
        one: First statistic.
        other: Second statistic, which is subtracted.
        names: Name of each difference, by metric.
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        first, second = one(weights), other(weights)
        return {name: first[metric] - second[metric] for metric, name in names.items()}

    return of


def renamed(statistic: Statistic, names: Mapping[str, str]) -> Statistic:
    """Some of a statistic's metrics, under new names.

    Args:
        statistic: Statistic with the metrics.
        names: New name of each metric to keep.
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        values = statistic(weights)
        return {name: values[metric] for metric, name in names.items()}

    return of
