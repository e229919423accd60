"""Estimates from several sources brought together in one table."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from graspbook.statistics.bootstrap import Estimates, as_estimates, training_shares


def given_rows(rows: Mapping[str, Mapping[str, float]], replicates: int) -> Estimates:
    """Rows whose numbers are given, the same in every replicate.

    Args:
        rows: The value of each metric, by row.
        replicates: The number of bootstrap replicates.
    """
    return as_estimates(
        {row: {name: np.full(1 + replicates, value) for name, value in values.items()} for row, values in rows.items()}
    )


def training_means(rows: Mapping[str, Sequence[Mapping[str, float]]], replicates: int, seed: int) -> Estimates:
    """Rows with one number for each training: the mean, and replicates over trainings.

    A single training says nothing about another one: its replicates have no value, its interval no ends.

    Args:
        rows: The value of each metric for each training, by row.
        replicates: The number of bootstrap replicates.
        seed: The seed of the draws, which are those of `bootstrap` with paired trainings.

    Returns:
        The means over the trainings, and the replicates.
    """
    means = {}
    for method, trainings in rows.items():
        shares = training_shares(len(trainings), replicates, np.random.default_rng([seed, len(trainings)]))
        if len(trainings) == 1:
            shares[:, 1:] = np.nan
        means[method] = {name: np.array([one[name] for one in trainings]) @ shares for name in trainings[0]}
    return as_estimates(means)


def merge_metrics(*parts: Estimates) -> Estimates:
    """Metrics of the same rows side by side; a row that one part lacks has no value there.

    Args:
        parts: The estimates of each part.
    """
    (point, replicates), *others = parts
    for more, drawn in others:
        point = point.merge(more, on="method", how="outer")
        replicates = replicates.merge(drawn, on=["method", "replicate"], how="outer")
    return point, replicates


def stack_rows(*parts: Estimates) -> Estimates:
    """Rows one below the other.

    Args:
        parts: The estimates of each part.
    """
    points, replicates = zip(*parts, strict=True)
    return pd.concat(points, ignore_index=True), pd.concat(replicates, ignore_index=True)
