"""Counterpart of Figure 2 (`selfsup` paper, §III-A): inputs, predicted masks, entropy, and where subtraction fails.

The examples are chosen by rule, not by hand. Three are masks that the model's filter keeps: the one in which the bin
(reflections, shadows) does image subtraction most harm, the one in which other objects (they moved) do, and the one of
median IoU. Two may be failures: the most hidden object, and the prediction that is least certain.
"""

import textwrap
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Bool, UInt8
from matplotlib.figure import Figure

from graspbook.data.grasps import GraspDataset
from graspbook.reporting import plotting
from graspbook.selfsup.figures.colours import method_colour
from graspbook.selfsup.grasp_segmentation.baselines import Baseline
from graspbook.selfsup.grasp_segmentation.config import FilterThresholds
from graspbook.selfsup.grasp_segmentation.inference import segment_arrays
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter

COLUMNS = ("before $i_b$", "after $i_a$", "cups $g$", "visible", "amodal", "entropy", "Subtract")


@dataclass(frozen=True)
class Example:
    """One row of the figure: the grasp's place in the data set, and why it is shown."""

    index: int
    reason: str


def false_pixels(
    mask: Bool[np.ndarray, "h w"], truth: Bool[np.ndarray, "h w"], ids: UInt8[np.ndarray, "h w"]
) -> tuple[float, float]:
    """Wrongly added pixels over true pixels, on the bin (ids 0: walls, floor) and on other objects."""
    added, size = mask & ~truth, max(int(truth.sum()), 1)
    return float((added & (ids == 0)).sum() / size), float((added & (ids > 0)).sum() / size)


def harm_by_cause(subtract: Baseline, grasps: GraspDataset) -> pd.DataFrame:
    """For each grasp, what subtraction adds on the bin (`on_bin`) and on other objects (`on_objects`).

    Both relative to the true mask; in the order of the data set.
    """
    rows = []
    for index, sample in enumerate(grasps):
        mask = subtract.mask(sample.before, sample.after)
        rows.append(false_pixels(mask, sample.visible, grasps.ids(index)[0]))
    return pd.DataFrame(rows, columns=["on_bin", "on_objects"])


def choose_examples(items: pd.DataFrame, harm: pd.DataFrame, hidden: np.ndarray, entropy: np.ndarray) -> list[Example]:
    """The rows of the figure, each by its own rule; a grasp chosen by an earlier rule is not taken again.

    Args:
        items: of the model, filtered (columns iou, kept).
        harm: see `harm_by_cause`.
        hidden: hidden share of each grasped object, 0..1.
        entropy: relative entropy of each prediction.

    Returns:
        At most five examples, in the order above; the first three are missing where nothing was kept.
    """
    kept = items["kept"].to_numpy()
    on_bin, on_objects = harm["on_bin"].to_numpy(), harm["on_objects"].to_numpy()
    typical = -np.abs(items["iou"] - items.loc[kept, "iou"].median()).to_numpy()
    rules = (
        ("kept; subtraction adds most on the bin alone", np.where(kept, on_bin - on_objects, -np.inf)),
        ("kept; subtraction adds most on other objects", np.where(kept, on_objects, -np.inf)),
        ("kept; median IoU", np.where(kept, typical, -np.inf)),
        ("most hidden object", hidden),
        ("highest entropy", np.where(np.isfinite(entropy), entropy, -np.inf)),
    )
    chosen: list[Example] = []
    for reason, score in rules:
        free = np.where(np.isin(np.arange(len(score)), [example.index for example in chosen]), -np.inf, score)
        if np.isfinite(free.max()):
            chosen.append(Example(int(free.argmax()), reason))
    return chosen


def draw(
    grasps: GraspDataset,
    examples: list[Example],
    model: GraspSegmenter,
    subtract: Baseline,
    name: str,
    thresholds: FilterThresholds,
) -> Figure:
    """The figure: one grasp per row; true outlines in white, masks tinted.

    Args:
        grasps: the test grasps.
        examples: see `choose_examples`.
        model: makes the middle columns.
        subtract: makes the last one.
        name: of the model, as Table I has it.
        thresholds: of the filter, which says of each mask whether it is kept.
    """
    batch = grasps.arrays([example.index for example in examples])
    found = segment_arrays(model, batch.before, batch.after, batch.suction, thresholds)
    figure, axes = plt.subplots(
        len(examples), len(COLUMNS), figsize=(15.5, 1.82 * len(examples)), dpi=plotting.PICTURE_DPI, squeeze=False
    )
    for row, example in enumerate(examples):
        before, truth = batch.before[row], batch.visible[row]
        subtracted = subtract.mask(before, batch.after[row])
        pictures = (
            before,
            batch.after[row],
            plotting.overlay(before, batch.suction[row], plotting.CUP_COLOUR, 1.0),
            plotting.outlined(plotting.overlay(before, found.visible[row], method_colour(name)), truth),
            plotting.outlined(plotting.overlay(before, found.amodal[row], plotting.AMODAL_COLOUR), batch.amodal[row]),
            found.entropy[row],
            plotting.outlined(plotting.overlay(before, subtracted, method_colour("Subtract"), 0.6), truth),
        )
        for axis, picture in zip(axes[row], pictures, strict=True):
            axis.imshow(picture, cmap="magma", vmin=0, vmax=np.log(2) if picture.ndim == 2 else None)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        reason = textwrap.fill(example.reason, 18)
        axes[row, 0].set_ylabel(reason, fontsize=10, rotation=0, ha="right", va="center", labelpad=8)
        caught = f"IoU {_iou(found.visible[row], truth):.0f}, {'kept' if found.kept[row] else 'dropped'}"
        axes[row, 3].set_xlabel(caught, fontsize=9)
        axes[row, 6].set_xlabel(f"IoU {_iou(subtracted, truth):.0f}", fontsize=9)
    for axis, title in zip(axes[0], COLUMNS, strict=True):
        axis.set_title(f"{name}: {title}" if title == "visible" else title, fontsize=11)
    figure.tight_layout(pad=0.4)
    return figure


def _iou(mask: np.ndarray, truth: np.ndarray) -> float:
    return 100 * (mask & truth).sum() / max(int((mask | truth).sum()), 1)
