"""Ratios of sums over test items, such as means and shares, and their bootstrap from a table of items."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from graspbook.statistics.bootstrap import Estimates, Statistic, bootstrap

Ratio = tuple[str, str | None]
"""A metric: the sum of one column over the sum of another, or over the number of lines."""


def ratios(parts: Mapping[str, tuple[Float[np.ndarray, "N"], Float[np.ndarray, "N"]]], times: float = 1) -> Statistic:
    """The statistic that divides one sum over N items by another.

    Args:
        parts: For each metric, by its name, what to sum above and below the line for each item, [N] each.
        times: The factor for every value, such as 100 for per cent.

    Returns:
        The ratios, by name, as a function of how often each item counts; NaN where the sum below is 0.
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        values = {}
        for name, (above, below) in parts.items():
            total = weights @ below
            values[name] = np.divide(times * (weights @ above), total, out=np.full(len(total), np.nan), where=total > 0)
        return values

    return of


def bootstrap_ratios(
    lines: pd.DataFrame,
    metrics: Mapping[str, Ratio],
    group: str,
    replicates: int,
    rng: int | np.random.Generator,
    times: float = 1,
) -> Estimates:
    """The metrics of a table from its test items, with replicates over groups and trainings.

    Args:
        lines: One line per test item, or sums of several, with the columns `method`, `seed`, the group, and those that
            the metrics name.
        metrics: For each metric's name the column to sum, and the column whose sum divides it (None: the number of
            lines).
        group: The column that says which lines are drawn together.
        replicates: The number of bootstrap replicates.
        rng: The random generator or its seed; it draws the groups, then the trainings of one row after another, in the
            order of their names.
        times: The factor for every value, such as 100 for per cent.

    Returns:
        The point estimates, each the mean over the row's trainings, and the replicates, in the order of the names.

    Raises:
        InputError: There are no lines.
    """
    groups = np.sort(lines[group].unique())
    rows: dict[str, list[Statistic]] = {}
    for (method, _), one in lines.groupby(["method", "seed"], sort=True):
        parts = {name: tuple(_sums(one, column, group, groups) for column in pair) for name, pair in metrics.items()}
        rows.setdefault(method, []).append(ratios(parts, times))
    return bootstrap(rows, groups, replicates, rng)


def _sums(lines: pd.DataFrame, column: str | None, group: str, groups: np.ndarray) -> np.ndarray:
    """Sums of a column, or numbers of lines, in each group: [G]."""
    values = np.ones(len(lines)) if column is None else lines[column].to_numpy(float)
    return pd.Series(values, lines[group]).groupby(level=0).sum().reindex(groups, fill_value=0).to_numpy(float)
