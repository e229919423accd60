"""Numbers of a table with their uncertainty: over test objects, and over trainings with other seeds.

Images of one object resemble each other, so a replicate draws whole objects with replacement, the same ones for every
row. For each row it draws its trainings with replacement, too. Where a row was trained once, its interval covers the
test objects only.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from graspbook.errors import InputError
from graspbook.reporting.statistics import bootstrap_weights

Ratio = tuple[str, str | None]
"""A metric in per cent: the sum of one column over the sum of another, or over the number of lines."""


def resampled_rows(
    lines: pd.DataFrame, metrics: Mapping[str, Ratio], replicates: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Point estimates and replicates of a table.

    Args:
        lines: One line per test item: `method`, `seed`, `object`, and the columns that the metrics name.
        metrics: By name.
        replicates: How many.
        rng: Draws the objects, then the trainings of one row after another, in the order of their names.

    Returns:
        As `reporting.tables.write_table` takes them: `method` and the metrics, with `replicate` in the second.

    Raises:
        InputError: There are no lines.
    """
    if not len(lines):
        raise InputError("no results to make a table of")
    objects = sorted(lines["object"].unique())
    drawn = bootstrap_weights(np.array(objects), replicates, rng)
    weights = np.concatenate([np.ones((1, len(objects))), drawn])
    point, again = [], []
    for method, own in lines.groupby("method", sort=True):
        seeds = sorted(own["seed"].unique())
        picked = rng.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=replicates)
        shares = np.concatenate([np.ones((1, len(seeds))), picked]) / len(seeds)
        values = {}
        for name, (above, below) in metrics.items():
            top = _sums(own, above, seeds, objects) @ weights.T
            bottom = _sums(own, below, seeds, objects) @ weights.T
            with np.errstate(divide="ignore", invalid="ignore"):
                each = np.where(bottom > 0, 100 * top / bottom, np.nan)
            known = np.where(shares.T > 0, each, 0)
            values[name] = (known * shares.T).sum(0)
        point.append(pd.DataFrame({"method": [method], **{name: value[:1] for name, value in values.items()}}))
        numbers = {"replicate": np.arange(replicates), "method": method}
        again.append(pd.DataFrame(numbers | {name: value[1:] for name, value in values.items()}))
    return pd.concat(point, ignore_index=True), pd.concat(again, ignore_index=True)


def _sums(lines: pd.DataFrame, column: str | None, seeds: list, objects: list) -> np.ndarray:
    """Sums of a column, or numbers of lines, for each seed and object: [S, O]."""
    values = np.ones(len(lines)) if column is None else lines[column].to_numpy(float)
    table = pd.Series(values, index=[lines["seed"], lines["object"]]).groupby(level=[0, 1]).sum().unstack(fill_value=0)
    return table.reindex(index=seeds, columns=objects, fill_value=0).to_numpy()
