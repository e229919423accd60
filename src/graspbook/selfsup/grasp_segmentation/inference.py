"""Segmenting grasps with a trained model, and telling which masks to trust (`selfsup` paper, §III-B.1).

From Python on arrays: `segment_arrays`. On a folder, as `graspbook selfsup segment-grasps` does: `segment_grasps`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, UInt8

from graspbook.core.atomic import check_apart, check_replaceable, new_folder
from graspbook.core.errors import InputError
from graspbook.core.memory import check_memory
from graspbook.core.progress import progress
from graspbook.data.folder import GraspFolder, check_cups
from graspbook.data.grasps import GraspDataset, GraspSample, stack_samples
from graspbook.data.images import write_png
from graspbook.reporting.tables import write_csv
from graspbook.selfsup.grasp_segmentation.config import FilterThresholds
from graspbook.selfsup.grasp_segmentation.filter import MaskScores, binary_entropy, keep, score_masks
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter, predict_grasps

SCORES = "scores.csv"
BYTES = 500
"""Of memory that a pixel takes at least."""


@dataclass(frozen=True)
class SegmentedGrasps:
    """What the model says about B grasps.

    Attributes:
        visible: predicted visible mask of the grasped object in `before`, probability > 0.5.
        amodal: predicted amodal mask, parts hidden by other objects included.
        entropy: of the visible prediction, equation (3), in nats, 0..ln 2.
        scores: what the filter looks at.
        kept: whether the filter keeps the mask; never where it is empty.
    """

    visible: Bool[np.ndarray, "b h w"]
    amodal: Bool[np.ndarray, "b h w"]
    entropy: Float[np.ndarray, "b h w"]
    scores: MaskScores
    kept: Bool[np.ndarray, "b"]


def segment_arrays(
    model: GraspSegmenter,
    before: UInt8[np.ndarray, "b h w 3"],
    after: UInt8[np.ndarray, "b h w 3"],
    suction: Bool[np.ndarray, "b h w"],
    thresholds: FilterThresholds,
) -> SegmentedGrasps:
    """Segment the grasped objects of a batch.

    Args:
        model: trained model.
        before: RGB images before the grasps.
        after: RGB images after the grasps, of the same size.
        suction: footprints of the active cups in `before`.
        thresholds: of the filter.

    Raises:
        InputError: shapes or types are others than these.
    """
    visible, amodal = predict_grasps(model, before, after, suction).transpose(1, 0, 2, 3)
    scores = score_masks(visible, amodal, thresholds)
    return SegmentedGrasps(visible > 0.5, amodal > 0.5, binary_entropy(visible), scores, keep(scores, thresholds))


def segment_grasps(
    model: GraspSegmenter,
    grasps: GraspDataset | GraspFolder,
    out: Path | str,
    thresholds: FilterThresholds,
    batch_size: int = 8,
) -> pd.DataFrame:
    """Segment all grasps of a data set and write what is found, without holding it in memory.

    Writes, into the folder `out`, for each grasp

        <grasp>_visible.png   255 where the object is predicted to be visible, else 0
        <grasp>_amodal.png    255 where it is predicted to be, hidden or not
        <grasp>_entropy.png   uncertainty of the visible mask, 255 = ln 2 nats (undecided)

    and one row in `scores.csv`: grasp, occlusion_ratio, relative_entropy (nats), n_contours, kept, pixels. A
    grasp without a predicted pixel has a mask of zeros and is not kept. All grasps are read and checked
    before the first is segmented, and `out` appears only when everything is written.

    Args:
        model: trained model.
        grasps: from `graspbook.data.folder.open_grasps`.
        out: folder to make; one that an earlier call made, and nobody has changed, is replaced.
        thresholds: of the filter.
        batch_size: grasps at once.

    Returns:
        The rows of `scores.csv`.

    Raises:
        InputError: a grasp is faulty, or `out` holds the grasps or something that was not made here; named by file and
            field.
    """
    out = Path(out)
    if batch_size < 1:
        raise InputError(f"batch_size: expected at least 1, got {batch_size}")
    check_replaceable(out)
    check_apart(out, grasps.path)
    rows = []
    with new_folder(out) as folder:
        for sample in progress(grasps, "checking grasps", len(grasps)):
            where, (height, width) = f"{grasps.path}: grasp {sample.grasp_id}", sample.suction.shape
            check_cups(sample.suction, where)
            at_once = min(batch_size, len(grasps))
            check_memory(BYTES * height * width * at_once, f"{where}: {at_once} of {width}x{height} pixels at once")
        with_bar = progress(grasps, "segmenting grasps", len(grasps))
        for batch in _batches(with_bar, batch_size):
            stacked = stack_samples(batch)
            result = segment_arrays(model, stacked.before, stacked.after, stacked.suction, thresholds)
            rows += _write(folder, stacked.grasp_ids, result)
        table = pd.DataFrame(rows)
        write_csv(table, folder / SCORES)
    return table


def _batches(samples: Iterable[GraspSample], size: int) -> Iterator[list[GraspSample]]:
    """Runs of at most `size` grasps whose images have the same size."""
    batch: list[GraspSample] = []
    for sample in samples:
        if batch and (len(batch) == size or sample.suction.shape != batch[0].suction.shape):
            yield batch
            batch = []
        batch.append(sample)
    if batch:
        yield batch


def _write(folder: Path, names: tuple[str, ...], result: SegmentedGrasps) -> list[dict]:
    """Write a batch's images; its rows of `scores.csv`."""
    rows = []
    for number, name in enumerate(names):
        write_png(folder / f"{name}_visible.png", result.visible[number])
        write_png(folder / f"{name}_amodal.png", result.amodal[number])
        entropy = np.rint(result.entropy[number] * (255 / np.log(2))).astype(np.uint8)
        write_png(folder / f"{name}_entropy.png", entropy)
        rows.append(
            {
                "grasp": name,
                "occlusion_ratio": float(result.scores.occlusion_ratio[number]),
                "relative_entropy": float(result.scores.relative_entropy[number]),
                "n_contours": int(result.scores.n_contours[number]),
                "kept": bool(result.kept[number]),
                "pixels": int(result.scores.pixels[number]),
            }
        )
    return rows
