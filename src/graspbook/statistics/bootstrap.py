"""The bootstrap over groups of test items, and over trainings with other seeds.

What is measured in one bin, scene or episode is alike, so a replicate draws whole *groups* with replacement (the
cluster bootstrap; Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, §8.5). It is *paired*: in each
replicate all rows see the same groups, so that differences and ratios between rows have intervals too. For each row
a replicate draws the row's trainings with replacement, too. Where a row was trained once, its interval covers the
test items only.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from graspbook.core.errors import InputError

Statistic = Callable[[np.ndarray], Mapping[str, np.ndarray]]
"""From how often each of N items counts, float [R, N], to the value of each metric, [R]."""

Estimates = tuple[pd.DataFrame, pd.DataFrame]
"""Point estimates, one line per row of a table with the columns `method` and the metrics; and replicates of them, row
by row, with the same columns and `replicate`, as `reporting.tables.write_table` takes them."""


def bootstrap_weights(
    groups: Shaped[np.ndarray, "N"], replicates: int, rng: np.random.Generator
) -> Float[np.ndarray, "R N"]:
    """How often each of N items counts in each of R replicates, if as many groups as there are are drawn anew.

    Args:
        groups: The group of each of N items, of any type, [N].
        replicates: The number R of replicates.
        rng: The random generator; it draws one multinomial over the groups, in the order in which they first appear.

    Returns:
        The number of times that each item counts in each replicate, float64 [R, N].
    """
    codes, uniques = pd.factorize(np.asarray(groups))
    return _drawn(len(uniques), replicates, rng)[:, codes].astype(np.float64)


def training_shares(trainings: int, replicates: int, rng: np.random.Generator) -> Float[np.ndarray, "S 1+R"]:
    """How much each of S trainings of a row counts: equally in the point estimate, as drawn in the replicates.

    Args:
        trainings: The number S of trainings.
        replicates: The number R of replicates.
        rng: The random generator; it draws one multinomial over the trainings, and nothing for a single one.

    Returns:
        The share of each training, first in the point estimate, then in each replicate, float64 [S, 1 + R] in 0..1.
    """
    return np.concatenate([np.ones((1, trainings)), _drawn(trainings, replicates, rng)]).T / trainings


def bootstrap(
    rows: Mapping[str, Sequence[Statistic]],
    groups: Sequence | Shaped[np.ndarray, "N"],
    replicates: int,
    rng: int | np.random.Generator,
    pair_trainings: bool = False,
) -> Estimates:
    """The metrics of several rows of a table on the same N items, with replicates over groups and trainings.

    Args:
        rows: For each row, by its name, one statistic of the items for each of its trainings; a single one where
            nothing was trained, or only once.
        groups: The group of each of N items, of any type, [N].
        replicates: The number of bootstrap replicates.
        rng: The random generator or its seed. It draws the groups, then the trainings of one row after another.
        pair_trainings: Whether rows that were trained equally often (n times) draw the same trainings, from a
            generator seeded by (`rng`, n). That is right where training k of one row has much in common with training
            k of another (one model read in several ways; the same seed, first weights and batches): what they share
            then cancels in a difference of rows. Without it each row draws trainings of its own, which is right where
            trainings of different rows have nothing in common, and too wide for a difference where they have.

    Returns:
        The point estimates, each the mean over the row's trainings, and the replicates, in the order of the rows.

    Raises:
        InputError: There is no row, no item, or a row without a training; or trainings are to be paired and `rng` is
            no seed.
    """
    if not len(rows) or not len(groups) or not all(len(trainings) for trainings in rows.values()):
        raise InputError(
            f"bootstrap: expected rows with trainings, and items, got {len(rows)} rows and {len(groups)} items"
        )
    if pair_trainings and isinstance(rng, np.random.Generator):
        raise InputError("bootstrap: expected a seed as rng where trainings are paired, got a generator")
    generator = np.random.default_rng(rng)
    weights = np.concatenate([np.ones((1, len(groups))), bootstrap_weights(groups, replicates, generator)])
    values = {}
    for method, trainings in rows.items():
        of_trainings = np.random.default_rng([rng, len(trainings)]) if pair_trainings else generator
        shares = training_shares(len(trainings), replicates, of_trainings)
        each = [statistic(weights) for statistic in trainings]
        values[method] = {name: _mean(np.stack([one[name] for one in each]), shares) for name in each[0]}
    return as_estimates(values)


def as_estimates(values: Mapping[str, Mapping[str, Float[np.ndarray, "1+R"]]]) -> Estimates:
    """Point estimates and replicates as tables.

    Args:
        values: For each row, by its name, the value of each metric: first the point estimate, then R replicates.
    """
    points, replicates = [], []
    for method, of_row in values.items():
        points.append(pd.DataFrame({"method": [method], **{name: value[:1] for name, value in of_row.items()}}))
        drawn = {name: value[1:] for name, value in of_row.items()}
        count = len(next(iter(drawn.values())))
        replicates.append(pd.DataFrame({"replicate": np.arange(count), "method": method, **drawn}))
    return pd.concat(points, ignore_index=True), pd.concat(replicates, ignore_index=True)


def _drawn(count: int, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `count` things is drawn, if as many are drawn with replacement: int [R, count]."""
    return rng.multinomial(count, np.full(count, 1 / count), size=replicates)


def _mean(values: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Weighted mean over the trainings, [1 + R]; a training that was not drawn may lack a value."""
    return np.where(shares > 0, values * shares, 0).sum(0)
