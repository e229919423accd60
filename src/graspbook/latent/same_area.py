"""Double pick rates at the same pickable area, along the curve of a knob (Figure 5 and its controls).

Masks that cover less are picked double less often, whatever made them smaller. So points on two curves are compared
at the same area.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float

from graspbook.latent.picking_area import PickCounts
from graspbook.statistics.bootstrap import Statistic

Beyond = Literal["above", "below"]


def rate_at(
    areas: Float[np.ndarray, "R K"],
    rates: Float[np.ndarray, "R K"],
    wanted: Float[np.ndarray, " R"],
    beyond: Beyond,
) -> Float[np.ndarray, " R"]:
    """The rate of a curve at a given area, interpolated linearly between its points.

    Args:
        areas: Area of each of K points of the curve in each of R replicates, in any order, [R, K].
        rates: Rate of the same points, [R, K]; points without a rate are left out.
        wanted: Area at which the rate is wanted, [R], in the unit of `areas`.
        beyond: Side of the curve on which its last point counts: "above" where the area is above all of the curve's,
            "below" where it is below. On the other side there is no number. A control gets the side on which its last
            point flatters it, and what is compared with it gets the other one.

    Returns:
        Rate in the unit of `rates`, [R]; NaN where the curve has none.
    """
    values = np.full(len(wanted), np.nan)
    for number, (area, rate, place) in enumerate(zip(areas, rates, wanted, strict=True)):
        kept = np.isfinite(area) & np.isfinite(rate)
        if not kept.any() or not np.isfinite(place):
            continue
        order = np.argsort(area[kept], kind="stable")
        x, y = area[kept][order], rate[kept][order]
        if (place > x[-1] and beyond == "below") or (place < x[0] and beyond == "above"):
            continue
        values[number] = np.interp(place, x, y)
    return values


def at_the_area_of(curve: Sequence[PickCounts], other: PickCounts, beyond: Beyond) -> Statistic:
    """The double pick rate along a curve, percent, where its masks cover the same area as other masks do.

    Args:
        curve: Picks at each setting along the curve.
        other: Picks whose pickable area is wanted.
        beyond: Side of the curve on which its last point counts, see `rate_at`.
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        wanted = other.pickable_area(weights)
        areas = np.stack([counts.pickable_area(weights) for counts in curve], 1)
        rates = np.stack([counts.double_pick_rate(weights) for counts in curve], 1)
        return {"double_pick": rate_at(areas, rates, wanted, beyond), "area": wanted}

    return of
