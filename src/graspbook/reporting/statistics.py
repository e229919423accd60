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
        replicates: The values of the R replicates, float [..., R]; NaN where a replicate has none.

    Returns:
        The lower and the upper ends, each [...]; infinite where too few replicates have a value, NaN where none has.
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
        groups: The group of each of N items, of any type, [N].
        replicates: The number R of replicates.
        rng: The random generator; it draws one multinomial over the groups, in the order in which they first appear.

    Returns:
        The number of times that each item counts in each replicate, float64 [R, N].
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
        statistics: For each method's name the function from how often each item counts, float [R, N], to its metrics,
            each [R].
        groups: The group of each of N items, of any type, [N].
        replicates: The number of bootstrap replicates.
        rng: The random generator that resamples.

    Returns:
        The point estimates, one row per method with the columns `method` and the metrics; and the replicates, method by
        method, with the same columns and `replicate`.

    Raises:
        InputError: There is no method, or no item.
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
        difference: The rate of the first method less that of the second, in percentage points.
        low, high: The ends of the 95 % bootstrap interval of `difference`, in percentage points.
        p_value: The probability, 0..1, of a difference at least as large, either way, if the methods do not differ.
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
        trials: The number of trials that each of the two methods made in each of G groups, [2, G].
        events: The number of these trials in which the event happened, [2, G].
        permutations: The number of random swaps, and of bootstrap replicates; the p value is at least 1 / (permutations
            + 1).
        rng: The random generator; it draws the swaps, then the bootstrap.

    Returns:
        The difference of the two rates with its interval and p value.
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
