"""Numbers of a table with their uncertainty: over groups of test items, and over trainings with other seeds.

Pictures of one object, or of one scene, resemble each other, so a replicate draws whole groups with replacement, the
same ones for every row. For each row it draws its trainings with replacement, too. Where a row was trained once, its
interval covers the test items only.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from graspbook.core.errors import InputError
from graspbook.reporting.statistics import bootstrap_weights

Mean = tuple[str, str | None]
"""A metric: the sum of one column over the sum of another, or over the number of lines."""


def resampled_means(
    lines: pd.DataFrame,
    metrics: Mapping[str, Mean],
    group: str,
    replicates: int,
    rng: np.random.Generator,
    times: float = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Point estimates and replicates of a table.

    Args:
        lines: One line per test item, or sums of several, with the columns `method`, `seed`, the group, and those that
            the metrics name.
        metrics: For each metric's name the column to sum, and the column whose sum divides it (None: the number of
            lines).
        group: The column that says which lines are drawn together.
        replicates: The number of bootstrap replicates.
        rng: The random generator; it draws the groups, then the trainings of one row after another, in the order of
            their names.
        times: The factor for every value, such as 100 for per cent.

    Returns:
        The point estimates, with the columns `method` and the metrics, and the replicates, with `replicate` besides, as
        `reporting.tables.write_table` takes them.

    Raises:
        InputError: There are no lines.
    """
    if not len(lines):
        raise InputError("no results to make a table of")
    groups = np.sort(lines[group].unique())
    weights = np.concatenate([np.ones((1, len(groups))), bootstrap_weights(groups, replicates, rng)])
    point, again = [], []
    for method, own in lines.groupby("method", sort=True):
        seeds = np.sort(own["seed"].unique())
        picked = rng.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=replicates)
        shares = np.concatenate([np.ones((1, len(seeds))), picked]) / len(seeds)
        values = {}
        for name, (above, below) in metrics.items():
            top = _sums(own, above, seeds, group, groups) @ weights.T
            bottom = _sums(own, below, seeds, group, groups) @ weights.T
            each = np.divide(times * top, bottom, out=np.full_like(bottom, np.nan), where=bottom > 0)
            values[name] = (np.where(shares.T > 0, each, 0) * shares.T).sum(0)
        point.append(pd.DataFrame({"method": [method], **{name: value[:1] for name, value in values.items()}}))
        numbers = {"replicate": np.arange(replicates), "method": method}
        again.append(pd.DataFrame(numbers | {name: value[1:] for name, value in values.items()}))
    return pd.concat(point, ignore_index=True), pd.concat(again, ignore_index=True)


def _sums(lines: pd.DataFrame, column: str | None, seeds: np.ndarray, group: str, groups: np.ndarray) -> np.ndarray:
    """Sums of a column, or numbers of lines, for each seed and group: [S, G]."""
    values = np.ones(len(lines)) if column is None else lines[column].to_numpy(float)
    table = pd.Series(values, index=[lines["seed"], lines[group]]).groupby(level=[0, 1]).sum().unstack(fill_value=0)
    return table.reindex(index=seeds, columns=groups, fill_value=0).to_numpy(float)
