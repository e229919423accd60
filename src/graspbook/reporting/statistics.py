"""How sure we are: percentile intervals, the bootstrap over groups, and a paired permutation test.

What is measured in one bin, scene or episode is alike, so a bootstrap draws whole *groups* with replacement (the
cluster bootstrap; Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, §8.5). It is *paired*: in each
replicate all methods see the same groups, so that differences and ratios between methods have intervals too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Real, Shaped

from graspbook.core.errors import InputError

QUANTILES = (0.025, 0.975)
"""The two ends of a 95 % percentile interval."""

Statistic = Callable[[np.ndarray], Mapping[str, np.ndarray]]
"""From how often each of N items counts, float [R, N], to the value of each metric, [R]."""


def interval(
    replicates: Float[np.ndarray, "*shape R"],
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
    """The 95 % percentile interval over the last axis.

    A replicate without a value (nothing was kept, so there is nothing to average) counts as arbitrarily low
    for the lower end and arbitrarily high for the upper one: what cannot be measured never narrows an
    interval.

    Args:
        replicates: NaN where a replicate has no value.

    Returns:
        Lower and upper ends; infinite where too few replicates have a value, NaN where none has.
    """
    missing = np.isnan(replicates)
    # "lower"/"higher" take a replicate as it is, where interpolating next to an infinity would give NaN.
    low = np.quantile(np.where(missing, -np.inf, replicates), QUANTILES[0], axis=-1, method="lower")
    high = np.quantile(np.where(missing, np.inf, replicates), QUANTILES[1], axis=-1, method="higher")
    none = missing.all(axis=-1)
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def bootstrap_weights(
    groups: Shaped[np.ndarray, "N"], replicates: int, rng: np.random.Generator
) -> Float[np.ndarray, "R N"]:
    """How often each of N items counts in each of R replicates, if as many groups as there are are drawn anew.

    Args:
        groups: the group of each item, any type.
        replicates: how often to draw.
        rng: source of the draws: one multinomial, over the groups in the order in which they first appear.
    """
    codes, uniques = pd.factorize(np.asarray(groups))
    n_groups = len(uniques)
    counts = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=replicates)
    return counts[:, codes].astype(np.float64)


def bootstrap(
    statistics: Mapping[str, Statistic],
    groups: Shaped[np.ndarray, "N"],
    replicates: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The metrics of several methods on the same N items, with bootstrap replicates over groups.

    Args:
        statistics: for each method, its metrics as a function of how often each item counts.
        groups: the group of each item, any type.
        replicates: how often to resample.
        rng: source of the resampling.

    Returns:
        The point estimates, one row per method, columns `method` and the metrics; and the replicates, method by
        method, the same columns and `replicate`.

    Raises:
        InputError: there is no method, or no item.
    """
    if not statistics or len(groups) == 0:
        raise InputError(f"bootstrap: expected a method and an item, got {len(statistics)} and {len(groups)}")
    weights, once = bootstrap_weights(groups, replicates, rng), np.ones((1, len(groups)))
    point = [pd.DataFrame({"method": [name], **of_items(once)}) for name, of_items in statistics.items()]
    resampled = [
        pd.DataFrame({"replicate": np.arange(replicates), "method": name, **of_items(weights)})
        for name, of_items in statistics.items()
    ]
    return pd.concat(point, ignore_index=True), pd.concat(resampled, ignore_index=True)


@dataclass(frozen=True)
class PairedTest:
    """Two methods compared on the same groups.

    Attributes:
        difference: rate of the first less that of the second, points of per cent.
        low, high: its 95 % bootstrap interval.
        p_value: how probable a difference at least as large, either way, is if the methods do not differ.
    """

    difference: float
    low: float
    high: float
    p_value: float


def permutation_test(
    trials: Real[np.ndarray, "2 G"], events: Real[np.ndarray, "2 G"], permutations: int, rng: np.random.Generator
) -> PairedTest:
    """Do two methods differ in the share of their trials in which something happens?

    If they did not, the two methods' results in a group might as well be swapped. The test swaps them in every group
    with a probability of one half (where both made as many trials, that turns the sign of the group's difference),
    and counts how often the difference of the rates becomes at least as large, either way, as it is. The interval is
    a bootstrap over the groups, with as many replicates.

    Args:
        trials: how many trials each method made in each of G groups.
        events: in how many of them it happened.
        permutations: how often to swap; the p value is at least 1 / (permutations + 1).
        rng: source of swapping, then of resampling.
    """
    counts = np.stack([trials, events], -1).astype(np.float64)  # [2, G, 2]
    n_groups = counts.shape[1]
    swap = rng.integers(0, 2, (permutations, n_groups)).astype(np.float64)
    swapped = np.einsum("rg,mgc->mrc", swap, counts[::-1]) + np.einsum("rg,mgc->mrc", 1 - swap, counts)
    weights = bootstrap_weights(np.arange(n_groups), permutations, rng)
    resampled = np.einsum("rg,mgc->mrc", weights, counts)
    difference = _difference(counts.sum(1))
    # what is as large but for rounding counts as large
    extreme = (np.abs(_difference(swapped)) >= abs(difference) - 1e-9).sum()
    low, high = interval(_difference(resampled))
    return PairedTest(float(difference), float(low), float(high), float((1 + extreme) / (1 + permutations)))


def _difference(counts: np.ndarray) -> np.ndarray | np.floating:
    """Difference of two rates, points of per cent [...], from trials and events [2, ..., 2]."""
    rates = 100 * counts[..., 1] / counts[..., 0]
    return rates[0] - rates[1]
