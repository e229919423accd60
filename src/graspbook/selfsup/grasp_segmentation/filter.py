"""Which predicted masks to trust: the filters of the `selfsup` paper, §III-B.1 with equation (3).

A mask is kept when the object is predicted to be unoccluded, S_v / S_a > t_occ; when the prediction is
certain, sum H(m_v) / sum m_v < t_ent; and when it consists of one or two contours of at least 1000 pixels
(at 640x960). The baselines of §IV-B predict no probabilities and are filtered by their contours alone.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from graspbook.core.errors import InputError
from graspbook.selfsup.grasp_segmentation.config import FilterThresholds
from graspbook.selfsup.grasp_segmentation.metrics import summarise
from graspbook.selfsup.pixels import NATIVE_HEIGHT, scaled_area


@dataclass(frozen=True)
class MaskScores:
    """What the filter looks at, for B predictions.

    Attributes:
        occlusion_ratio: S_v / S_a, sums of probabilities; 0 where both are 0.
        relative_entropy: sum H(m_v) / sum m_v in nats, times height / 640: uncertainty sits in a band along the
            outline, a few pixels wide whatever the image's size, so the plain ratio falls as one over the height,
            and only so rescaled does it compare with the paper's threshold. Infinite where the sum of m_v is 0.
        n_contours: connected regions of m_v > 0.5 that are large enough to count.
        pixels: number of pixels with m_v > 0.5.
    """

    occlusion_ratio: Float[np.ndarray, "b"]
    relative_entropy: Float[np.ndarray, "b"]
    n_contours: Int[np.ndarray, "b"]
    pixels: Int[np.ndarray, "b"]


def score_masks(
    visible: Float[np.ndarray, "b h w"],
    amodal: Float[np.ndarray, "b h w"],
    thresholds: FilterThresholds,
) -> MaskScores:
    """Score predictions for the filter.

    Args:
        visible: probabilities of the visible mask, 0..1.
        amodal: probabilities of the amodal mask, 0..1.
        thresholds: its `contour_area` decides which contours count.

    Raises:
        InputError: the shapes differ or a value is not a probability.
    """
    if visible.ndim != 3 or visible.shape != amodal.shape:
        raise InputError(f"visible, amodal: expected [B, H, W] twice, got {visible.shape} and {amodal.shape}")
    for name, values in (("visible", visible), ("amodal", amodal)):
        if not ((values >= 0) & (values <= 1)).all():  # also false for NaN
            raise InputError(f"{name}: expected probabilities in 0..1, without NaN")
    height = visible.shape[1]
    sum_visible = visible.sum((1, 2), dtype=np.float64)
    sum_amodal = amodal.sum((1, 2), dtype=np.float64)
    sum_entropy = binary_entropy(visible).sum((1, 2), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(sum_visible + sum_amodal > 0, sum_visible / sum_amodal, 0.0)
        entropy = np.where(sum_visible > 0, sum_entropy / sum_visible * height / NATIVE_HEIGHT, np.inf)
    masks = visible > 0.5
    return MaskScores(ratio, entropy, count_contours(masks, thresholds), masks.sum((1, 2)))


def binary_entropy(probabilities: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """H(m) = -m ln m - (1 - m) ln(1 - m), equation (3), in nats; 0 at m = 0 and m = 1."""
    from scipy.special import entr  # imported late: many need the thresholds alone

    return entr(probabilities) + entr(1 - probabilities)


def count_contours(masks: Bool[np.ndarray, "b h w"], thresholds: FilterThresholds) -> Int[np.ndarray, "b"]:
    """How many contours of each mask are large enough to count.

    The paper takes OpenCV's `findContours`, whose outer contours are the outlines of 8-connected regions, and
    counts those "with at least 1000 pixels". We read this as pixels of the region, which is what a mask is
    made of, and so count regions directly. (`contourArea` measures the polygon through the centres of the
    outline's pixels: about half the outline less, a third of a region of 40 pixels, which is what 1000 pixels
    become at 128x192.)
    """
    minimum = scaled_area(thresholds.contour_area, masks.shape[1])
    counts = np.zeros(len(masks), np.int64)
    for number, mask in enumerate(masks):
        statistics = cv2.connectedComponentsWithStats(np.ascontiguousarray(mask).view(np.uint8), connectivity=8)[2]
        counts[number] = (statistics[1:, cv2.CC_STAT_AREA] >= minimum).sum()
    return counts


def keep_by_contours(
    n_contours: Int[np.ndarray, "b"], pixels: Int[np.ndarray, "b"], thresholds: FilterThresholds
) -> Bool[np.ndarray, "b"]:
    """Which masks the contour filter keeps; it rejects grasps and never alters a mask.

    (That it drops no small blobs from the masks it keeps follows from Table I, where MOG2-Filter still has an
    error of 970 %.) An empty mask is never kept (§IV-C).
    """
    return (thresholds.min_contours <= n_contours) & (n_contours <= thresholds.max_contours) & (pixels > 0)


def keep(scores: MaskScores, thresholds: FilterThresholds) -> Bool[np.ndarray, "b"]:
    """Which predictions pass all three filters; an empty one never does (§IV-C)."""
    return (
        (scores.occlusion_ratio > thresholds.t_occ)
        & (scores.relative_entropy < thresholds.t_ent)
        & keep_by_contours(scores.n_contours, scores.pixels, thresholds)
    )


def sweep(
    scores: MaskScores,
    iou: Float[np.ndarray, "b"],
    error: Float[np.ndarray, "b"],
    thresholds: FilterThresholds,
    name: str,
    values: Sequence[float],
) -> pd.DataFrame:
    """The trade-off between precision and recall as one threshold moves and the others stay.

    Args:
        scores: of B predictions; made with `thresholds.contour_area`, which therefore cannot be swept.
        iou: of their masks, 0..1.
        error: their relative errors.
        thresholds: the other thresholds.
        name: field of `FilterThresholds` to move.
        values: what to move it to.

    Returns:
        Columns `name`, miou, error, recall (percent; the first two NaN where nothing is kept).

    Raises:
        InputError: `name` is no field that can be swept.
    """
    fields = [field.name for field in dataclasses.fields(thresholds) if field.name != "contour_area"]
    if name not in fields:
        raise InputError(f"name: expected one of {', '.join(fields)}, got {name!r}")
    rows = []
    for value in values:
        kept = keep(scores, dataclasses.replace(thresholds, **{name: value}))
        rows.append({name: value, **summarise(pd.DataFrame({"iou": iou, "error": error, "kept": kept}))})
    return pd.DataFrame(rows, columns=[name, "miou", "error", "recall"])
