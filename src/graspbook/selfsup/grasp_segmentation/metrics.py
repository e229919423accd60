"""How good masks are, and how sure of it we are: mIoU, error and recall (`selfsup` paper, §IV-C, Table I)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from graspbook.core.errors import InputError
from graspbook.statistics.bootstrap import bootstrap
from graspbook.statistics.ratios import ratios

MEASURES = ["miou", "error", "recall"]


def iou(predicted: Bool[np.ndarray, "b h w"], truth: Bool[np.ndarray, "b h w"]) -> Float[np.ndarray, "b"]:
    """Intersection over union of each pair of masks, 0..1.

    Raises:
        InputError: the shapes differ, or a true mask is empty.
    """
    _check(predicted, truth)
    return (predicted & truth).sum((1, 2)) / (predicted | truth).sum((1, 2))


def relative_error(predicted: Bool[np.ndarray, "b h w"], truth: Bool[np.ndarray, "b h w"]) -> Float[np.ndarray, "b"]:
    """Wrong pixels, missed or added, over true pixels; 1 for an empty prediction, without upper limit.

    Raises:
        InputError: the shapes differ, or a true mask is empty.
    """
    _check(predicted, truth)
    return (predicted ^ truth).sum((1, 2)) / truth.sum((1, 2))


def _check(predicted: np.ndarray, truth: np.ndarray) -> None:
    if predicted.ndim != 3 or predicted.shape != truth.shape:
        raise InputError(f"predicted, truth: expected [B, H, W] twice, got {predicted.shape}, {truth.shape}")
    if predicted.dtype != np.bool_ or truth.dtype != np.bool_:
        raise InputError(f"predicted, truth: expected bool, got {predicted.dtype} and {truth.dtype}")
    empty = np.flatnonzero(~truth.any((1, 2)))
    if len(empty):
        raise InputError(f"truth: mask {empty[0]} has no pixel; no error can be relative to it")


def measure_masks(
    predicted: Bool[np.ndarray, "b h w"],
    truth: Bool[np.ndarray, "b h w"],
    kept: Bool[np.ndarray, "b"] | None = None,
) -> pd.DataFrame:
    """One row per test item: iou, error and whether the method's filter kept it.

    Without a filter (`kept` None), and with one, an empty prediction counts as filtered out (§IV-C).
    """
    any_pixel = predicted.any((1, 2))
    return pd.DataFrame(
        {
            "iou": iou(predicted, truth),
            "error": relative_error(predicted, truth),
            "kept": any_pixel if kept is None else any_pixel & kept,
        }
    )


def summarise(items: pd.DataFrame) -> dict[str, float]:
    """A row of Table I from a method's items, in percent.

    `miou` and `error` are means over the kept items (the error of one item being relative to its own true
    mask), NaN where none is kept; `recall` is the share of items kept.

    Args:
        items: columns iou, error, kept, as `measure_masks` makes them.

    Raises:
        InputError: there are no items.
    """
    if len(items) == 0:
        raise InputError("items: expected at least one test item")
    kept = items[items["kept"]]
    return {
        "miou": 100 * float(kept["iou"].mean()),
        "error": 100 * float(kept["error"].mean()),
        "recall": 100 * float(items["kept"].mean()),
    }


def bootstrap_rows(
    per_item: Mapping[str, pd.DataFrame],
    n_replicates: int,
    rng: np.random.Generator,
    groups: np.ndarray | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Summaries of several methods, with bootstrap replicates over the test items.

    The bootstrap is paired: in each replicate all methods see the same resampled items, so that differences
    and ratios between methods have intervals too.

    Args:
        per_item: for each method its items (columns iou, error, kept), the same ones in the same order.
        n_replicates: how often to resample.
        rng: source of the resampling.
        groups: a label per item, any type [B]; if given, whole groups are resampled, as is right where the
            items of a group (grasps in one bin) are alike.

    Returns:
        The point estimates, one row per method, columns method, miou, error, recall (percent); and the
        replicates, the same columns and `replicate`. NaN where nothing was kept.

    Raises:
        InputError: no methods, no items, or the methods' items differ in number.
    """
    lengths = {method: len(items) for method, items in per_item.items()}
    if not lengths or min(lengths.values()) == 0 or len(set(lengths.values())) > 1:
        raise InputError(f"per_item: expected the same items, at least one, for each method, got {lengths}")
    n_items = next(iter(lengths.values()))
    labels = np.arange(n_items) if groups is None else np.asarray(groups)
    if labels.shape != (n_items,):
        raise InputError(f"groups: expected one label for each of {n_items} items, got {labels.shape}")
    rows = {}
    for method, items in per_item.items():
        kept = items["kept"].to_numpy(np.float64)
        iou_of_kept, error_of_kept = (np.where(kept > 0, items[column], 0) for column in ("iou", "error"))
        parts = {"miou": (iou_of_kept, kept), "error": (error_of_kept, kept), "recall": (kept, np.ones(n_items))}
        rows[method] = [ratios(parts)]
    _, replicates = bootstrap(rows, labels, n_replicates, rng)
    replicates[MEASURES] *= 100
    point = pd.DataFrame({"method": method, **summarise(items)} for method, items in per_item.items())
    return point, replicates.sort_values("replicate", kind="stable", ignore_index=True)
