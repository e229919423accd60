"""The percentile interval of replicates."""

import numpy as np
from jaxtyping import Float

QUANTILES = (0.025, 0.975)
"""The two ends of a 95 % percentile interval."""


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
