"""Scores of semantic segmentation (§IV-B): intersection over union, of each class and in the mean."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from graspbook.data.cityscapes import CLASSES


def confusion(found: Int[np.ndarray, "h w"], truth: Int[np.ndarray, "h w"]) -> Int[np.ndarray, "c c"]:
    """Confusion matrix: number of pixels by true class (rows) and found class (columns).

    Args:
        found: Found class of each pixel, [h, w].
        truth: True class of each pixel, [h, w].
    """
    pairs = truth.ravel().astype(np.int64) * CLASSES + found.ravel()
    return np.bincount(pairs, minlength=CLASSES**2).reshape(CLASSES, CLASSES)


def class_iou(counts: Int[np.ndarray, "c c"]) -> Float[np.ndarray, c]:
    """IoU of each class, percent; NaN for a class that is neither there nor found.

    Args:
        counts: Confusion matrix from `confusion`, or a sum of several, [c, c].
    """
    hit = np.diag(counts)
    union = counts.sum(0) + counts.sum(1) - hit
    with np.errstate(invalid="ignore"):
        return 100 * np.where(union > 0, hit / np.maximum(union, 1), np.nan)


def mean_iou(counts: Int[np.ndarray, "c c"]) -> float:
    """Mean IoU of the eight things, percent: Table II's mean leaves the background out.

    Args:
        counts: Confusion matrix from `confusion`, or a sum of several, [c, c].
    """
    return float(np.nanmean(class_iou(counts)[1:]))
