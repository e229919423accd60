"""Numbers of a table with their uncertainty: over test scenes, and over trainings with other seeds (§IV-C).

Views of one scene resemble each other, so a replicate draws whole scenes with replacement, the same ones for every
row. For each row it draws its trainings with replacement, too. Where a row was trained once, its interval covers the
test scenes only.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from graspbook.errors import InputError
from graspbook.reporting.statistics import bootstrap_weights

Mean = tuple[str, str]
"""A metric: the sum of one column over the sum of another."""


def resampled_means(
    lines: pd.DataFrame, metrics: Mapping[str, Mean], replicates: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Point estimates and replicates of a table.

    Args:
        lines: Sums: `method`, `seed`, `scene`, and the columns that the metrics name.
        metrics: By name.
        replicates: How many.
        seed: Of the draws: scenes, then the trainings of one row after another, in the order of their names.

    Returns:
        As `reporting.tables.write_table` takes them: `method` and the metrics, with `replicate` in the second.

    Raises:
        InputError: There are no lines.
    """
    if not len(lines):
        raise InputError("no results to make a table of")
    rng = np.random.default_rng(seed)
    scenes = np.sort(lines["scene"].unique())
    weights = np.concatenate([np.ones((1, len(scenes))), bootstrap_weights(scenes, replicates, rng)])
    point, again = [], []
    for method, own in lines.groupby("method", sort=True):
        seeds = np.sort(own["seed"].unique())
        picked = rng.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=replicates)
        shares = np.concatenate([np.ones((1, len(seeds))), picked]) / len(seeds)
        values = {}
        for name, columns in metrics.items():
            above, below = (
                own.pivot_table(index="seed", columns="scene", values=column, aggfunc="sum", fill_value=0)
                .reindex(index=seeds, columns=scenes, fill_value=0)
                .to_numpy(float)
                for column in columns
            )
            asked = below @ weights.T
            each = np.divide(above @ weights.T, asked, out=np.full_like(asked, np.nan), where=asked > 0)
            values[name] = np.where(shares.T > 0, each * shares.T, 0).sum(0)
        point.append(pd.DataFrame({"method": [method], **{name: value[:1] for name, value in values.items()}}))
        numbers = {"replicate": np.arange(replicates), "method": method}
        again.append(pd.DataFrame(numbers | {name: value[1:] for name, value in values.items()}))
    return pd.concat(point, ignore_index=True), pd.concat(again, ignore_index=True)
