"""Numbers of a table in per cent with their uncertainty: over test objects, and over trainings with other seeds."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from graspbook.reporting.resampling import Mean, resampled_means


def resampled_rows(
    lines: pd.DataFrame, metrics: Mapping[str, Mean], replicates: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`graspbook.reporting.resampling.resampled_means` over the column `object`, in per cent.

    Args:
        lines: One line per test item, with the columns `method`, `seed`, `object`, and those that the metrics name.
        metrics: For each metric's name the column to sum, and the column whose sum divides it (None: the number of
            lines).
        replicates: The number of bootstrap replicates.
        rng: The random generator that resamples.

    Returns:
        The point estimates and the replicates, in per cent.

    Raises:
        InputError: There are no lines.
    """
    return resampled_means(lines, metrics, "object", replicates, rng, times=100)
