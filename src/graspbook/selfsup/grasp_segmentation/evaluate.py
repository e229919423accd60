"""Every row of Table I on the same test grasps (`selfsup` paper, §IV-C)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from graspbook.core.progress import progress
from graspbook.data.grasps import GraspArrays, GraspDataset
from graspbook.selfsup.grasp_segmentation.baselines import Baseline, predict_masks
from graspbook.selfsup.grasp_segmentation.config import FilterThresholds
from graspbook.selfsup.grasp_segmentation.filter import MaskScores, count_contours, keep_by_contours
from graspbook.selfsup.grasp_segmentation.inference import segment_arrays
from graspbook.selfsup.grasp_segmentation.metrics import measure_masks
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter


@dataclass(frozen=True)
class Evaluation:
    """What B test grasps say about each method.

    Attributes:
        items: for each row of Table I (`X` and `X-Filter` for a method X), one row per grasp with the columns
            iou, error (fractions) and kept.
        scores: for each learned model, what its filter looks at.
    """

    items: dict[str, pd.DataFrame]
    scores: dict[str, MaskScores]


def evaluate(
    baselines: Mapping[str, Baseline],
    models: Mapping[str, GraspSegmenter],
    grasps: GraspDataset,
    thresholds: FilterThresholds,
    batch_size: int = 16,
) -> Evaluation:
    """Segment labelled grasps with every method, with and without its filter, in one pass.

    The classical methods predict no probabilities and are filtered by their contours alone, the learned ones
    by all three filters (§III-B.1). Memory does not grow with the number of grasps but for the few numbers
    that are returned.

    Args:
        baselines: classical methods by their name in Table I.
        models: trained models by their name in Table I.
        grasps: labelled grasps, at least one.
        thresholds: of the filters.
        batch_size: grasps in memory at once.

    Raises:
        InputError: there is no grasp, or one has no label or an empty one.
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    scores: dict[str, list[MaskScores]] = {name: [] for name in models}

    def add(method: str, masks: np.ndarray, truth: np.ndarray, kept: np.ndarray) -> None:
        parts.setdefault(method, []).append(measure_masks(masks, truth))
        parts.setdefault(f"{method}-Filter", []).append(measure_masks(masks, truth, kept))

    for batch in _batches(grasps, batch_size):
        for name, baseline in baselines.items():
            masks = predict_masks(baseline, batch.before, batch.after)
            contours = count_contours(masks, thresholds)
            add(name, masks, batch.visible, keep_by_contours(contours, masks.sum((1, 2)), thresholds))
        for name, model in models.items():
            found = segment_arrays(model, batch.before, batch.after, batch.suction, thresholds)
            scores[name].append(found.scores)
            add(name, found.visible, batch.visible, found.kept)
    return Evaluation(
        {method: pd.concat(frames, ignore_index=True) for method, frames in parts.items()},
        {name: _concatenate(batches) for name, batches in scores.items()},
    )


def _batches(grasps: GraspDataset, size: int) -> Iterator[GraspArrays]:
    starts = range(0, len(grasps), size)
    for start in progress(starts, "evaluating", len(starts), unit="batch"):
        yield grasps.arrays(range(start, min(start + size, len(grasps))))


def _concatenate(batches: list[MaskScores]) -> MaskScores:
    fields = ("occlusion_ratio", "relative_entropy", "n_contours", "pixels")
    return MaskScores(*(np.concatenate([getattr(batch, field) for batch in batches]) for field in fields))
