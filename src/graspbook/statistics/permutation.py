"""A paired permutation test of two methods."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Real

from graspbook.statistics.bootstrap import bootstrap_weights
from graspbook.statistics.intervals import interval


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
