"""The numbers of the tables as functions of how often each picture counts, for `statistics.bootstrap`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from graspbook.joint.boundaries import boundary_score
from graspbook.joint.evaluate import Evaluation, instance_scores
from graspbook.joint.iou import class_iou, mean_iou
from graspbook.statistics.bootstrap import Statistic


def accuracy(made: Evaluation) -> Statistic:
    """AP50, AP and mean IoU of a network's results, percent.

    Args:
        made: Results of the network on the pictures.
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        instances = instance_scores(made.matches, weights)
        return {"ap50": instances["ap50"], "ap": instances["ap"], "iou": _over_classes(made, weights)["mean"]}

    return of


def classes(made: Evaluation, names: Sequence[str]) -> Statistic:
    """IoU of each of the eight things and their `mean`, percent.

    Args:
        made: Results of the network on the pictures.
        names: Names of the eight things, which become the metrics' names.
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        every = _over_classes(made, weights)
        return dict(zip(names, every["each"].T, strict=True)) | {"mean": every["mean"]}

    return of


def outlines(counts: np.ndarray, confusions: np.ndarray) -> Statistic:
    """Boundary F-score and mean IoU, percent.

    Args:
        counts: `boundary_counts` of each picture, [n, 4].
        confusions: `confusion` of each picture, [n, c, c].
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        pooled = np.einsum("rn,nij->rij", weights, confusions)
        return {"boundary": boundary_score(weights @ counts), "iou": np.array([mean_iou(one) for one in pooled])}

    return of


def speed(milliseconds: Mapping[str, np.ndarray]) -> Statistic:
    """Mean time of each part, milliseconds, and frames per second: 1000 over the sum of the means.

    Args:
        milliseconds: Time of each part for each picture, milliseconds, [n]; NaN for a part that a method lacks.
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        means = {name: weights @ values / weights.sum(1) for name, values in milliseconds.items()}
        return means | {"fps": 1e3 / np.nansum(np.stack(list(means.values())), axis=0)}

    return of


def _over_classes(made: Evaluation, weights: np.ndarray) -> dict[str, np.ndarray]:
    pooled = np.einsum("rn,nij->rij", weights, made.counts)
    return {
        "each": np.array([class_iou(one)[1:] for one in pooled]),
        "mean": np.array([mean_iou(one) for one in pooled]),
    }
