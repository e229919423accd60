"""AP over the number of labels and of unlabelled grasps, and whether a training had settled (`selfsup` paper, §V).

The paper trains with 100 and with 1000 labelled images and concludes that its method is worth "10x the labels". With
more points on the curve of plain supervision, one can read off how many labels a method is worth (`equivalent_labels`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from graspbook.core.errors import InputError
from graspbook.instances.average_precision import METRICS
from graspbook.statistics.intervals import interval


def equivalent_labels(
    labels: Sequence[float], supervised: Float[np.ndarray, "*R k"], value: Float[np.ndarray, "*R"]
) -> Float[np.ndarray, "*R"]:
    """How many labelled images plain supervision needs for an AP of `value`.

    Read off the curve through the trained points, straight between them over the logarithm of the number of labels:
    the smallest number at which it reaches `value`.

    Args:
        labels: numbers of labelled images, rising, above 0.
        supervised: AP of plain supervision with so many labels; with replicates in front if there are any.
        value: AP to be reached, one per replicate.

    Returns:
        The number; the first of `labels` where already that many are enough, infinity where the curve never
        gets there, NaN where an AP is NaN.

    Raises:
        InputError: `labels` do not rise, or the shapes do not fit.
    """
    labels = np.asarray(labels, np.float64)
    curves, values = np.asarray(supervised, np.float64), np.asarray(value, np.float64)
    if labels.ndim != 1 or len(labels) == 0 or labels[0] <= 0 or not (np.diff(labels) > 0).all():
        raise InputError(f"labels: expected rising numbers above 0, got {labels.tolist()}")
    if curves.shape != (*values.shape, len(labels)):
        raise InputError(f"supervised: expected {[*values.shape, len(labels)]}, got {list(curves.shape)}")
    result = np.full(values.shape, np.inf)
    for place in range(len(labels) - 1, -1, -1):  # the smallest number is written last
        high = curves[..., place]
        low = curves[..., place - 1] if place else high
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(high > low, (values - low) / (high - low), 1.0)
        start = np.log(labels[max(place - 1, 0)])
        here = np.exp(start + np.clip(part, 0, 1) * (np.log(labels[place]) - start))
        result = np.where(high >= values, here, result)
    return np.where(np.isnan(values) | np.isnan(curves).any(-1), np.nan, result)


def worth_in_labels(
    point: pd.DataFrame, replicates: pd.DataFrame, labels: Mapping[str, float], methods: Sequence[str]
) -> pd.DataFrame:
    """How many labelled images some rows are worth, by the curve of plain supervision.

    Paste-Train belongs among them: it pastes, but uses no unlabelled grasp. What it is worth, pasting is worth; only
    what Paste-Grasp is worth beyond that is due to the grasps.

    Args:
        point: from `bootstrap_ap`.
        replicates: from `bootstrap_ap`.
        labels: for each row of plain supervision its number of labelled images, rising.
        methods: the rows wanted.

    Returns:
        Columns method, ap, worth, worth_lo, worth_hi (95 %; infinite beyond the end of the curve); rows that `point`
        does not have are left out, and all of them where it has none of plain supervision.
    """
    values = point.set_index("method")["ap"]
    wide = replicates.pivot(index="replicate", columns="method", values="ap")
    known = [method for method in labels if method in values.index]
    numbers, rows = [labels[method] for method in known], []
    for method in methods:
        if known and method in values.index:
            worth = equivalent_labels(numbers, values[known].to_numpy(), values[method])
            low, high = interval(equivalent_labels(numbers, wide[known].to_numpy(), wide[method].to_numpy()))
            rows.append((method, values[method], float(worth), float(low), float(high)))
    return pd.DataFrame(rows, columns=["method", "ap", "worth", "worth_lo", "worth_hi"])


def curve_table(
    point: pd.DataFrame, replicates: pd.DataFrame, places: Mapping[str, float], metric: str
) -> pd.DataFrame:
    """One metric of some rows along a curve, with 95 % intervals.

    Args:
        point: from `bootstrap_ap`.
        replicates: from `bootstrap_ap`.
        places: for each row its place on the curve's x axis.
        metric: one of the columns.

    Returns:
        Columns method, x, `metric`, lo, hi; rows that `point` does not have are left out.
    """
    values, rows = point.set_index("method")[metric], []
    for method, x in places.items():
        if method in values.index:
            low, high = interval(replicates.loc[replicates["method"] == method, metric].to_numpy(np.float64))
            rows.append({"method": method, "x": x, metric: values[method], "lo": float(low), "hi": float(high)})
    return pd.DataFrame(rows, columns=["method", "x", metric, "lo", "hi"])


def rows_with_intervals(point: pd.DataFrame, replicates: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Table II's metrics of some rows, each with its 95 % interval.

    Args:
        point: from `bootstrap_ap`.
        replicates: from `bootstrap_ap`.
        methods: the rows wanted, all of them in `point`.

    Returns:
        Column method, then `m`, `m_lo`, `m_hi` for each metric `m`.
    """
    values, rows = point.set_index("method"), []
    for method in methods:
        resampled, row = replicates[replicates["method"] == method], {"method": method}
        for metric in METRICS:
            low, high = interval(resampled[metric].to_numpy(np.float64))
            row |= {metric: values.loc[method, metric], f"{metric}_lo": float(low), f"{metric}_hi": float(high)}
        rows.append(row)
    columns = [f"{metric}{end}" for metric in METRICS for end in ("", "_lo", "_hi")]
    return pd.DataFrame(rows, columns=["method", *columns])


def settled(history: pd.DataFrame) -> dict[str, float]:
    """What a training's validation curve says about whether more steps would have helped.

    Args:
        history: one row per step, columns step and validation_ap (percent; NaN where none was measured).

    Returns:
        `steps` taken; `best_step` and `best_ap`, the evaluation whose weights were kept; and
        `late_gain`: how far the best AP of the last quarter of the steps lies above the best before it (0 or
        less: the curve had settled).

    Raises:
        InputError: nothing was evaluated.
    """
    measured = history.dropna(subset=["validation_ap"])
    if measured.empty:
        raise InputError("history: column validation_ap: expected at least one value")
    steps = int(history["step"].max())
    best = measured.loc[measured["validation_ap"].idxmax()]
    late = measured["step"] > 0.75 * steps
    before = measured.loc[~late, "validation_ap"].max()
    return {
        "steps": steps,
        "best_step": int(best["step"]),
        "best_ap": float(best["validation_ap"]),
        "late_gain": float(measured.loc[late, "validation_ap"].max() - before),
    }
