"""Numbers of a table with their uncertainty: over drives (or cities), and over trainings with other seeds.

Pictures of one drive resemble each other, so a replicate draws whole drives with replacement, the same ones for every
row. For each row it draws its trainings with replacement, too. Where a row was trained once, its interval covers the
pictures only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from graspbook.core.errors import InputError
from graspbook.joint.boundaries import boundary_score
from graspbook.joint.evaluate import Evaluation
from graspbook.joint.iou import class_iou, mean_iou
from graspbook.joint.scores import instance_scores
from graspbook.reporting.statistics import Statistic, bootstrap_weights


def resampled(
    rows: Mapping[str, Sequence[Statistic]], groups: Sequence[str], replicates: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Point estimates and replicates of a table.

    Args:
        rows: For each row, one statistic of the pictures for each of its trainings.
        groups: Drive or city of each picture.
        replicates: Bootstrap replicates.
        seed: Seed of the draws: drives, then the trainings of one row after another, in the order of their names.

    Returns:
        As `reporting.tables.write_table` takes them: `method` and the metrics, with `replicate` in the second.

    Raises:
        InputError: There are no rows.
    """
    if not rows:
        raise InputError("no results to make a table of")
    rng = np.random.default_rng(seed)
    names = np.asarray(groups)
    weights = np.concatenate([np.ones((1, len(names))), bootstrap_weights(names, replicates, rng)])
    point, again = [], []
    for method in sorted(rows):
        trainings = rows[method]
        picked = rng.multinomial(len(trainings), np.full(len(trainings), 1 / len(trainings)), size=replicates)
        shares = np.concatenate([np.ones((1, len(trainings))), picked]).T / len(trainings)
        each = [statistic(weights) for statistic in trainings]
        values = {name: _mixed(np.stack([one[name] for one in each]), shares) for name in each[0]}
        point.append(pd.DataFrame({"method": [method], **{name: value[:1] for name, value in values.items()}}))
        numbers = {"replicate": np.arange(replicates), "method": method}
        again.append(pd.DataFrame(numbers | {name: value[1:] for name, value in values.items()}))
    return pd.concat(point, ignore_index=True), pd.concat(again, ignore_index=True)


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


def share(part: np.ndarray, whole: np.ndarray, name: str) -> Statistic:
    """Ratio of the sum of one number over pictures to the sum of another, percent; NaN where the second is 0.

    Args:
        part: Numerator for each picture, [n].
        whole: Denominator for each picture, [n].
        name: Name of the metric.
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        below = weights @ whole
        return {name: np.where(below > 0, 100 * (weights @ part) / np.maximum(below, 1e-12), np.nan)}

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


def joined(*parts: tuple[pd.DataFrame, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Points and replicates of the same rows, side by side; a row that one part lacks has no value there.

    Args:
        parts: Points and replicates of each part.
    """
    (point, again), *others = parts
    for more, drawn in others:
        point = point.merge(more, on="method", how="outer")
        again = again.merge(drawn, on=["method", "replicate"], how="outer")
    return point, again


def _over_classes(made: Evaluation, weights: np.ndarray) -> dict[str, np.ndarray]:
    pooled = np.einsum("rn,nij->rij", weights, made.counts)
    return {
        "each": np.array([class_iou(one)[1:] for one in pooled]),
        "mean": np.array([mean_iou(one) for one in pooled]),
    }


def _mixed(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Weighted sum over the trainings; a training that was not drawn may lack a value."""
    return np.where(shares > 0, values * shares, 0).sum(0)
