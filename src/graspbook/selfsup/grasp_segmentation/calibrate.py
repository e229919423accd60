"""Making a cell err as the paper's does: a search among upsets and thresholds on all classical rows of Table I.

No learned model takes part, and training grasps alone (§IV-C; ours).
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

TOLERANCES = {"miou": 8.0, "error": np.log(1.6), "recall": 15.0}
"""How far a row may be from the paper's: points of mIoU, the logarithm of a factor of error, points of recall."""


def deviations(rows: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """How far rows of Table I are from the printed ones, in tolerances: above 1 is too far.

    Args:
        rows: index method, columns miou, error, recall, percent; NaN where nothing was kept.
        printed: the same methods and columns, from the paper.

    Returns:
        The index and columns of `rows`, not negative; infinite where `rows` has NaN.
    """
    printed = printed.loc[rows.index]
    away = pd.DataFrame(index=rows.index)
    away["miou"] = (rows["miou"] - printed["miou"]).abs()
    away["error"] = (np.log(rows["error"]) - np.log(printed["error"])).abs()
    away["recall"] = (rows["recall"] - printed["recall"]).abs()
    return (away / TOLERANCES).fillna(np.inf)


@dataclasses.dataclass(frozen=True)
class Trial:
    """One step of the search: its number, what was tried, what came of it, and whether that was the best so far."""

    number: int
    values: dict[str, float]
    loss: float
    best: bool


def search(
    measure: Callable[[dict[str, float]], float],
    ranges: Mapping[str, tuple[float, float]],
    n_trials: int,
    n_random: int,
    rng: np.random.Generator,
) -> Iterator[Trial]:
    """Look for the values with the smallest loss: at random first, then around the best so far.

    A step from the best moves one to three values, each by a normal step a fifth as wide as its range, and clips
    them to it.

    Args:
        measure: the loss of values; the same for the same values.
        ranges: from and to, by name.
        n_trials: how often to measure in all.
        n_random: how many of these, the first ones, are uniform within the ranges.
        rng: source of the steps.

    Yields:
        Every trial, in order.
    """
    names, best = list(ranges), None
    low, high = np.array(list(ranges.values()), float).T
    for number in range(n_trials):
        if number < n_random:
            point = rng.uniform(low, high)
        else:
            moved = rng.choice(len(names), rng.integers(1, min(3, len(names)) + 1), replace=False)
            point = np.array([best.values[name] for name in names])
            point[moved] += rng.normal(0, 0.2, len(moved)) * (high - low)[moved]
            point = np.clip(point, low, high)
        values = dict(zip(names, point.tolist(), strict=True))
        loss = measure(values)
        trial = Trial(number, values, loss, best is None or loss < best.loss)
        best = trial if trial.best else best
        yield trial
