"""Recall where one kind of error costs more than another: MR@HP (§V-B) and AR (§V-C, appendix C).

Both come in two parts, as average precision does: predictions are matched once (`rank`); a metric then takes how often
each image counts, for a bootstrap over images. Shares are in percent; a class without an instance counts in no mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float

from graspbook.instances.average_precision import labelled_classes, mean_over_classes
from graspbook.instances.matching import Candidates, Matches, mask_overlaps, match_images
from graspbook.instances.types import Instances

PRECISIONS = IOP_THRESHOLDS = (0.75, 0.8, 0.85, 0.9, 0.95)
"""The precisions and the IoP thresholds that MR@HP is the mean over (§V-B)."""
IOG_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10))
"""COCO's thresholds, applied to IoG in AR (§V-C)."""


def rank(
    found: Sequence[Instances],
    truth: Sequence[Instances],
    kind: Literal["iop", "iog", "iou"],
    thresholds: Sequence[float],
) -> list[Matches]:
    """Matches the predictions of all images with their instances: one ranking for each class that has an instance.

    Of instances that a prediction overlaps equally, it takes the first.

    Args:
        found: Predictions of each image.
        truth: Instances of the same images.
        kind: Kind of overlap: "iop", "iog" or "iou".
        thresholds: Least overlap of a match, 0..1.
    """

    def candidates(predictions: Instances, labels: Instances, number: int) -> Candidates:
        of_class = predictions.select(predictions.classes == number)
        overlap = getattr(mask_overlaps(of_class, labels.select(labels.classes == number)), kind)
        return Candidates(overlap[:, ::-1], of_class.scores)  # in reverse, since matching takes the last of equals

    limits = np.asarray(thresholds) - 1e-9
    return [
        match_images((candidates(f, t, number) for f, t in zip(found, truth, strict=True)), limits)
        for number in labelled_classes(truth)
    ]


def max_recall_at_high_precision(
    rankings: Sequence[Matches],
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

    def one(ranking: Matches, weight: np.ndarray, total: float) -> float:
        if not len(ranking.score):
            return 0.0
        counts = weight[ranking.image]
        ends = np.flatnonzero(np.diff(ranking.score, append=-1.0))  # a threshold takes all that are equally sure
        some = np.cumsum(counts)[ends]
        true = np.cumsum(ranking.hit[0] * counts, 1)[:, ends]
        precision = np.divide(true, some, out=np.zeros_like(true), where=some > 0)
        reached = [np.where(precision >= limit - 1e-9, true, 0).max(1) for limit in precisions]
        return float(np.mean(reached)) / total

    return _mean_over_classes(rankings, weights, one)


def average_recall(
    rankings: Sequence[Matches], weights: Float[np.ndarray, "R N"] | None = None
) -> Float[np.ndarray, " R"]:
    """AR (§V-C): the share of the instances that some prediction takes, the mean over thresholds; percent, [R].

    Args:
        rankings: Rankings from `rank` by "iog" at `IOG_THRESHOLDS`.
        weights: How often each of N images counts in each of R replicates, [R, N]; None: once (then R is 1).
    """

    def one(ranking: Matches, weight: np.ndarray, total: float) -> float:
        return float((ranking.hit[0] * weight[ranking.image]).sum(1).mean()) / total

    return _mean_over_classes(rankings, weights, one)


def _mean_over_classes(
    rankings: Sequence[Matches], weights: np.ndarray | None, one: Callable[[Matches, np.ndarray, float], float]
) -> np.ndarray:
    """The mean of `one(ranking, weight, instances)` in percent over classes, for each row of weights."""
    values = []
    for ranking in rankings:
        rows = np.ones((1, ranking.n_objects.shape[1])) if weights is None else weights
        totals = rows @ ranking.n_objects[0]
        some = [one(ranking, row, t) if t > 0 else np.nan for row, t in zip(rows, totals, strict=True)]
        values.append(100 * np.array(some))
    return mean_over_classes(values, 1 if weights is None else len(weights))
