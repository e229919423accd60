"""Numbers of a table with their uncertainty: over scenes, and over trainings with other seeds.

A replicate draws images with replacement (each shows a tote of its own), the same ones for every row, and trainings
with replacement, too: one draw for all rows that were trained equally often, since trainings of one seed share their
start and their batches, and confidence masks and the prior's mean come from the same model. Where a row was trained
once, its interval covers the images only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from graspbook.core.errors import InputError
from graspbook.papers import Table
from graspbook.reporting.statistics import Statistic, bootstrap_weights

Estimates = tuple[pd.DataFrame, pd.DataFrame]
"""Points and replicates, as `reporting.tables.write_table` takes them."""


def resampled(rows: Mapping[str, Sequence[Statistic]], groups: np.ndarray, replicates: int, seed: int) -> Estimates:
    """Point estimates and replicates of a table.

    Args:
        rows: For each row, one statistic of the images for each of its trainings.
        groups: Scene of each image, [n].
        replicates: Bootstrap replicates.
        seed: Seed of the draws.

    Returns:
        `method` and the metrics; the second table also has `replicate`.

    Raises:
        InputError: There are no rows.
    """
    if not rows:
        raise InputError("no results to make a table of")
    weights = bootstrap_weights(groups, replicates, np.random.default_rng(seed))
    weights = np.concatenate([np.ones((1, len(groups))), weights])
    point, again = [], []
    for method, trainings in rows.items():
        shares = _draws(len(trainings), replicates, seed)
        each = [statistic(weights) for statistic in trainings]
        values = {}
        for name in each[0]:
            stacked = np.stack([one[name] for one in each])
            values[name] = np.where(shares > 0, stacked * shares, 0).sum(0)
        point.append(pd.DataFrame({"method": [method], **{name: value[:1] for name, value in values.items()}}))
        numbers = {"replicate": np.arange(replicates), "method": method}
        again.append(pd.DataFrame(numbers | {name: value[1:] for name, value in values.items()}))
    return pd.concat(point, ignore_index=True), pd.concat(again, ignore_index=True)


def widened(estimates: Estimates, printed: Table) -> Estimates:
    """Keeps the rows of a printed table and adds its missing metrics, without values.

    Args:
        estimates: Points and replicates.
        printed: Table with the rows and metrics to keep.
    """
    kept = []
    for frame in estimates:
        own = frame[frame["method"].isin(printed.rows)].copy()
        for metric in printed.metrics:
            if metric not in own:
                own[metric] = np.nan
        kept.append(own)
    return kept[0], kept[1]


def known(rows: Mapping[str, Mapping[str, float]], replicates: int) -> Estimates:
    """Rows whose numbers are given, the same in every replicate.

    Args:
        rows: Value of each metric, by row.
        replicates: Bootstrap replicates.
    """
    point = pd.DataFrame([{"method": name, **values} for name, values in rows.items()])
    again = point.loc[point.index.repeat(replicates)].reset_index(drop=True)
    return point, again.assign(replicate=np.tile(np.arange(replicates), len(point)))


def of_trainings(rows: Mapping[str, Sequence[Mapping[str, float]]], replicates: int, seed: int) -> Estimates:
    """Rows with one number for each training: the mean, and replicates over trainings.

    A single training says nothing about another one: its replicates have no value, its interval no ends.

    Args:
        rows: Value of each metric for each training, by row.
        replicates: Bootstrap replicates.
        seed: Seed of the draws.
    """
    point, again = [], []
    for method, trainings in rows.items():
        shares = _draws(len(trainings), replicates, seed)
        if len(trainings) == 1:
            shares[:, 1:] = np.nan
        values = {name: np.array([one[name] for one in trainings]) @ shares for name in trainings[0]}
        point.append(pd.DataFrame({"method": [method], **{name: value[:1] for name, value in values.items()}}))
        numbers = {"replicate": np.arange(replicates), "method": method}
        again.append(pd.DataFrame(numbers | {name: value[1:] for name, value in values.items()}))
    return pd.concat(point, ignore_index=True), pd.concat(again, ignore_index=True)


def merged(*parts: Estimates) -> Estimates:
    """Columns of the same rows side by side; a row that one part lacks has no value there.

    Args:
        parts: Points and replicates of each part.
    """
    (point, again), *others = parts
    for more, drawn in others:
        point = point.merge(more, on="method", how="outer")
        again = again.merge(drawn, on=["method", "replicate"], how="outer")
    return point, again


def stacked(*parts: Estimates) -> Estimates:
    """Rows one below the other.

    Args:
        parts: Points and replicates of each part.
    """
    points, agains = zip(*parts, strict=True)
    return pd.concat(points, ignore_index=True), pd.concat(agains, ignore_index=True)


def _draws(trainings: int, replicates: int, seed: int) -> np.ndarray:
    """How much each training counts, [S, 1 + R]: equally in the point, as drawn in the replicates."""
    rng = np.random.default_rng([seed, trainings])
    picked = rng.multinomial(trainings, np.full(trainings, 1 / trainings), size=replicates)
    return np.concatenate([np.ones((1, trainings)), picked]).T / trainings
