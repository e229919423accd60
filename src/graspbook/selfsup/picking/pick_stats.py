"""How often picks fail, and how sure we are of it (`selfsup` paper, §VI-B, Table III).

Attempts in one episode are alike: they share bins, objects and light. So whole episodes are resampled, the same ones
for every model, since every model starts from the same bins.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from graspbook.core.errors import InputError
from graspbook.selfsup.picking.failures import KINDS
from graspbook.statistics.bootstrap import bootstrap
from graspbook.statistics.permutation import PairedTest, permutation_test
from graspbook.statistics.ratios import ratios

KIND_COLUMNS = {kind: kind.replace(" ", "_").replace("-", "_") for kind in KINDS}
"""The column of each kind of failure in a table of rates: a name that a claim's arithmetic can use."""


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

    A permutation test that swaps whole episodes, and a bootstrap over them: see `statistics.permutation`.

    Args:
        a: attempts of the first model (columns episode, outcome).
        b: attempts of the second, on the same episodes.
        seed: of swapping and resampling.
        permutations: how often to swap; the p value is at least 1 / (permutations + 1).

    Raises:
        InputError: the episodes differ.
    """
    counts, _ = _count({"a": _failed(a), "b": _failed(b)})
    return permutation_test(counts[..., 0], counts[..., 1], permutations, np.random.default_rng(seed))


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
    rows = {}
    for name, (tried, *failures) in zip(failed, counts.transpose(0, 2, 1), strict=True):
        rows[name] = [ratios({column: (own, tried) for column, own in zip(columns, failures, strict=True)}, times=100)]
    return bootstrap(rows, np.arange(counts.shape[1]), replicates, seed)
