"""How often picks fail, and how sure we are of it (`selfsup` paper, §VI-B, Table III).

Attempts in one episode are alike: they share bins, objects and light. So whole episodes are resampled, the same ones
for every model, since every model starts from the same bins.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from graspbook.errors import InputError
from graspbook.reporting.tables import interval
from graspbook.selfsup.picking.failures import KINDS

KIND_COLUMNS = {kind: kind.replace(" ", "_").replace("-", "_") for kind in KINDS}
"""The column of each kind of failure in a table of rates: a name that a claim's arithmetic can use."""


@dataclass(frozen=True)
class PairedTest:
    """Two models compared on the same episodes.

    Attributes:
        difference: error rate of the first less that of the second, points of per cent.
        low, high: its 95 % bootstrap interval.
        p_value: how probable a difference at least as large, either way, is if the models do not differ.
    """

    difference: float
    low: float
    high: float
    p_value: float


def error_rate(picks: Mapping[str, pd.DataFrame], replicates: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table III: the share of attempts that fail, with bootstrap replicates over episodes.

    Args:
        picks: for each method its attempts (columns episode, outcome), on the same episodes.
        replicates: how often to resample.
        seed: of the resampling. The same seed resamples the same episodes in `kind_rates`.

    Returns:
        The point estimates, one row per method, columns method and error (per cent); and the replicates, the same
        columns and `replicate`. NaN where the resampled episodes hold no attempt.

    Raises:
        InputError: no method, or the methods' episodes differ.
    """
    return _rates({name: _failed(table) for name, table in picks.items()}, replicates, seed)


def kind_rates(tables: Mapping[str, pd.DataFrame], replicates: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`error_rate`, and the share of attempts that fail in each way, which add up to it.

    Args:
        tables: for each method its attempts with their kinds, from `failures.failure_table`.
        replicates: see `error_rate`.
        seed: see `error_rate`.

    Returns:
        As from `error_rate`, with a further column for each of `KIND_COLUMNS`.

    Raises:
        InputError: no method, or the methods' episodes differ.
    """
    failed = {
        name: _failed(table).assign(**{column: table["kind"] == kind for kind, column in KIND_COLUMNS.items()})
        for name, table in tables.items()
    }
    return _rates(failed, replicates, seed)


def paired_test(a: pd.DataFrame, b: pd.DataFrame, seed: int, permutations: int) -> PairedTest:
    """Is the error rate of one model different from another's?

    If it made no difference which model picks, the two models' results in an episode might as well be swapped. The
    test swaps them in every episode with a probability of one half (where both made as many attempts, that turns the
    sign of the episode's difference), and counts how often the difference of the error rates becomes at least as
    large, either way, as it is. The interval is a bootstrap over episodes, with as many replicates.

    Args:
        a: attempts of the first model (columns episode, outcome).
        b: attempts of the second, on the same episodes.
        seed: of swapping and resampling.
        permutations: how often to swap; the p value is at least 1 / (permutations + 1).

    Raises:
        InputError: the episodes differ.
    """
    counts, _ = _count({"a": _failed(a), "b": _failed(b)})
    rng = np.random.default_rng(seed)
    n_episodes = counts.shape[1]
    swap = rng.integers(0, 2, (permutations, n_episodes)).astype(np.float64)
    swapped = np.einsum("re,mec->mrc", swap, counts[::-1]) + np.einsum("re,mec->mrc", 1 - swap, counts)
    resampled = np.einsum("re,mec->mrc", _weights(n_episodes, permutations, rng), counts)
    difference = _difference(counts.sum(1))
    # what is as large but for rounding counts as large
    extreme = (np.abs(_difference(swapped)) >= abs(difference) - 1e-9).sum()
    low, high = interval(_difference(resampled))
    return PairedTest(float(difference), float(low), float(high), float((1 + extreme) / (1 + permutations)))


def _failed(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"episode": table["episode"], "error": table["outcome"] != "success"})


def _count(failed: Mapping[str, pd.DataFrame]) -> tuple[np.ndarray, list[str]]:
    """Attempts, then failures of each column, by method and episode: [methods, episodes, 1 + columns]; the columns."""
    episodes = {name: tuple(sorted(set(table["episode"]))) for name, table in failed.items()}
    if len(set(episodes.values())) != 1:
        found = ", ".join(f"{name}: {len(numbers)}" for name, numbers in episodes.items())
        raise InputError(f"picks: expected methods that picked in the same episodes, got {found or 'no method'}")
    columns = [column for column in next(iter(failed.values())) if column != "episode"]
    counts = []
    for table in failed.values():
        by_episode = table.groupby("episode", sort=True)[columns]
        counts.append(np.column_stack([by_episode.size(), by_episode.sum()]))
    return np.stack(counts).astype(np.float64), columns


def _rates(failed: Mapping[str, pd.DataFrame], replicates: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    counts, columns = _count(failed)
    weights = _weights(counts.shape[1], replicates, np.random.default_rng(seed))
    point, resampled = [], []
    for name, of_method in zip(failed, counts, strict=True):
        total, drawn = of_method.sum(0), weights @ of_method
        values = 100 * total[1:] / total[0]
        drawn = 100 * drawn[:, 1:] / drawn[:, :1]
        point.append(pd.DataFrame({"method": [name]} | dict(zip(columns, values, strict=True))))
        resampled.append(
            pd.DataFrame(
                {"replicate": np.arange(replicates), "method": name} | dict(zip(columns, drawn.T, strict=True))
            )
        )
    return pd.concat(point, ignore_index=True), pd.concat(resampled, ignore_index=True)


def _weights(n_episodes: int, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """How often each episode counts in each replicate, float [replicates, n_episodes]."""
    return rng.multinomial(n_episodes, np.full(n_episodes, 1 / n_episodes), size=replicates).astype(np.float64)


def _difference(counts: np.ndarray) -> np.ndarray:
    """Difference of the two error rates, points of per cent [...], from attempts and failures [2, ..., 2]."""
    rates = 100 * counts[..., 1] / counts[..., 0]
    return rates[0] - rates[1]
