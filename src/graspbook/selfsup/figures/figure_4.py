"""Counterpart of Figure 4 (`selfsup` paper, §VI-C): why picks fail, as bars, and failures of the paper's three kinds.

The paper picks its examples by eye. Here they are the first of each kind, and the kinds are told by rule
(`failures`).
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graspbook.instances.types import Instances
from graspbook.reporting import plotting
from graspbook.selfsup.figures.colours import CHOSEN_COLOUR, KIND_COLOURS, MASK_COLOURS
from graspbook.selfsup.picking.failures import PAPER_KINDS
from graspbook.world.bin.picks import chosen_mask, seen_image


def failure_bars(tables: Mapping[str, pd.DataFrame], printed: Mapping[str, float]) -> Figure:
    """One bar per model: per cent of its attempts that failed, by kind.

    Args:
        tables: for each model its attempts, from `failures.failure_table`.
        printed: the paper's error rate, per cent, of those models that have one.
    """
    figure, axis = plt.subplots(figsize=(7, 2.2 + 0.55 * len(tables)))
    lines = np.arange(len(tables))
    left = np.zeros(len(tables))
    for kind, colour in KIND_COLOURS.items():
        share = np.array([100 * (table["kind"] == kind).mean() for table in tables.values()])
        axis.barh(lines, share, 0.65, left=left, color=colour, edgecolor="white", linewidth=0.8, label=kind)
        left += share
    handles = list(axis.containers)
    for line, (name, total) in enumerate(zip(tables, left, strict=True)):
        text, end = f"{total:.1f}", total
        if name in printed:
            text, end = f"{text} (paper {printed[name]:.1f})", max(total, printed[name])
            ends = [line - 0.42, line + 0.42]
            mark = axis.plot([printed[name]] * 2, ends, color="black", linewidth=2.5, label="paper, all kinds")
            handles[len(KIND_COLOURS) :] = mark
        axis.annotate(text, (end, line), (6, 0), textcoords="offset points", va="center", fontsize=11)
    axis.set(yticks=lines, yticklabels=list(tables), xlabel="failed attempts (%)")
    axis.set_xlim(0, 1.45 * max(*left, *printed.values(), 1))  # room for the numbers
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    figure.legend(handles=handles, loc="lower center", ncol=3, fontsize=10, frameon=False)
    figure.tight_layout(rect=(0, 0.75 / figure.get_figheight(), 1, 1))
    return figure


def choose_failures(table: pd.DataFrame, per_kind: int) -> np.ndarray:
    """The first failures of each of the paper's kinds.

    Args:
        table: from `failures.failure_table`, of one model or of several, one below the other.
        per_kind: how many of each; fewer where there are not so many.

    Returns:
        Row numbers (for `iloc`): kind by kind in the paper's order, each by lowest episode and attempt; of equal
        ones the upper first.
    """
    order = np.lexsort((table["attempt"], table["episode"]))
    kinds = table["kind"].to_numpy()[order]
    return np.concatenate([order[kinds == kind][:per_kind] for kind in PAPER_KINDS])


def failure_gallery(rows: pd.DataFrame, found: Mapping[str, Sequence[Instances]]) -> Figure:
    """Failed picks, one per line: the grasp, then what each model finds in the same image.

    Args:
        rows: failures of a table from `failures.failure_table`, with a further column `method`: who picked.
        found: for each model, what it finds in each row's image.
    """
    columns, ratio = 1 + len(found), rows["height"].iloc[0] / rows["width"].iloc[0]
    width = 3.1
    size = (width * columns + 0.7, (width * ratio + 0.3) * len(rows) + 0.3)
    figure, axes = plt.subplots(len(rows), columns, figsize=size, dpi=plotting.PICTURE_DPI, squeeze=False)
    for place, (line, (_, row)) in enumerate(zip(axes, rows.iterrows(), strict=True)):
        image = seen_image(row)
        _draw_grasp(line[0], image, row)
        line[0].set_ylabel(row["kind"], fontsize=12)
        line[0].set_xlabel(f"{row['method']}: {row['outcome'].replace('_', ' ')}", fontsize=10)
        for axis, of_model in zip(line[1:], found.values(), strict=True):
            axis.imshow(draw_detections(image, of_model[place]))
            axis.set_xlabel(f"{len(of_model[place].masks)} masks", fontsize=10)
    for axis, title in zip(axes[0], ("executed grasp", *found), strict=True):
        axis.set_title(title, fontsize=12)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        axis.spines[:].set_visible(False)
    figure.tight_layout(pad=0.5)
    return figure


def draw_detections(image: np.ndarray, found: Instances) -> np.ndarray:
    """An image uint8 [H, W, 3] with every mask tinted in a colour of its own, the surest on top."""
    picture = image.copy()
    for place in np.argsort(found.scores, kind="stable"):
        mask = found.masks[place]
        picture[mask] = plotting.overlay(image, mask, MASK_COLOURS[place % len(MASK_COLOURS)], 0.5)[mask]
    return picture


def _draw_grasp(axis: Axes, image: np.ndarray, row: pd.Series) -> None:
    """The chosen mask outlined; cups that sealed as green discs, the others as red crosses."""
    mask = chosen_mask(row)
    axis.imshow(image if mask is None else plotting.outlined(image, mask, CHOSEN_COLOUR))
    sealed, u, v = (np.asarray(row[column]) for column in ("cup_sealed", "cup_u", "cup_v"))
    axis.scatter(u[sealed], v[sealed], s=55, color=plotting.RIGHT_COLOUR, edgecolor="black", linewidth=0.8)
    axis.scatter(u[~sealed], v[~sealed], s=40, color=plotting.WRONG_COLOUR, marker="x", linewidth=2)
    # cups beside the picture must not widen it
    axis.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
