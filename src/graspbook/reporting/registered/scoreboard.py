"""The scoreboard: every registered claim of every paper as a line, on one scale, coloured by its verdict."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from graspbook.reporting.plotting import PALETTE, WRONG_COLOUR, Colour
from graspbook.reporting.registered.verdicts import SHARES_DRAWN, Verdict

COLOURS: dict[Verdict, Colour] = {
    Verdict.HOLDS: PALETTE[2],
    Verdict.WEAKER: PALETTE[9],
    Verdict.CANNOT_TELL: PALETTE[1],
    Verdict.OPPOSITE: WRONG_COLOUR,
    Verdict.NOT_TESTED: (0.8, 0.8, 0.8),
}
"""One colour for each verdict, here and in the book."""
NO_SCALE = 3.35
"""Where the mark of a claim stands whose effect the paper does not print."""


def counted_claims(ledger: pd.DataFrame, slug: str) -> pd.DataFrame:
    """The paper's own claims by verdict, and within one by the share that was found, the largest first.

    Args:
        ledger: The ledger (`graspbook.reporting.registered.ledger`).
        slug: The short name of the paper.
    """
    rows = ledger[(ledger["paper"] == slug) & ledger["counted"].astype(bool) & ~ledger["ours"].astype(bool)]
    rank = rows["verdict"].map({str(verdict): place for place, verdict in enumerate(Verdict)})
    rows = rows.assign(rank=rank, place=range(len(rows)))
    return rows.sort_values(["rank", "share", "place"], ascending=[True, False, True], na_position="last")


def draw_scoreboard(ledger: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """A panel for each paper with a line for each of its claims; drawn to be understood at half its width.

    Args:
        ledger: The ledger.
        titles: The title of each paper's panel, by its short name; in this order.
    """
    claims = {slug: counted_claims(ledger, slug) for slug in titles}
    longest = max((len(rows) for rows in claims.values()), default=1)
    size = (2.7 * len(titles), 0.105 * longest + 1.9)
    figure, axes = plt.subplots(1, len(titles), figsize=size, sharey=True, squeeze=False)
    for axis, (slug, rows) in zip(axes[0], claims.items(), strict=True):
        _draw_panel(axis, rows)
        tested = int((rows["verdict"] != Verdict.NOT_TESTED).sum())
        holding = int((rows["verdict"] == Verdict.HOLDS).sum())
        axis.set_title(f"{titles[slug]}\n{holding} of {tested} hold", fontsize=12)
        axis.set_ylim(longest - 0.3, -0.7)
    handles = [Line2D([], [], marker="o", lw=3, color=COLOURS[verdict], label=str(verdict)) for verdict in Verdict]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), frameon=False, fontsize=12)
    figure.tight_layout(rect=(0, 0.055, 1, 1), w_pad=0.6)
    return figure


def _draw_panel(axis: Axes, rows: pd.DataFrame) -> None:
    low, high = SHARES_DRAWN
    for x, style in ((0, "-"), (1, ":")):
        axis.axvline(x, color="0.35", lw=1, ls=style, zorder=0)
    untested = np.flatnonzero(rows["verdict"] == Verdict.NOT_TESTED)
    if len(untested):
        axis.text(
            1, untested.mean(), f"{len(untested)} not tested yet", fontsize=11, ha="center", va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 3},
        )  # fmt: skip
    for y, (_, row) in enumerate(rows.iterrows()):
        colour = COLOURS[Verdict(row["verdict"])]
        if row["verdict"] == Verdict.NOT_TESTED:
            axis.plot([low, high], [y, y], color=colour, lw=0.8, zorder=0)
        elif np.isnan(row["share"]):
            axis.plot(NO_SCALE, y, "D", color=colour, ms=3.5, clip_on=False)
        else:
            ends = np.clip([row["share_low"], row["share_high"]], low, high)
            axis.plot(ends, [y, y], color=colour, lw=3, alpha=0.45, solid_capstyle="butt")
            beyond = ">" if row["share"] > high else "<" if row["share"] < low else "o"
            axis.plot(np.clip(row["share"], low, high), y, beyond, color=colour, ms=4.5, clip_on=False)
    axis.set_xlim(low - 0.1, NO_SCALE + 0.15)
    axis.set_xticks([0, 1, 2, NO_SCALE], ["nothing", "as\nprinted", "twice", "no\nscale"], fontsize=9)
    axis.set_yticks([])
    axis.grid(visible=False)
    axis.spines["left"].set_visible(False)
