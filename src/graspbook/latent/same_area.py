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
from graspbook.reporting.statistics import Statistic

Beyond = Literal["above", "below"]


def rate_at(
    areas: Float[np.ndarray, "R K"],
    rates: Float[np.ndarray, "R K"],
    wanted: Float[np.ndarray, " R"],
    beyond: Beyond,
) -> Float[np.ndarray, " R"]:
    """The rate where a curve has an area, between its points along a straight line.

    Args:
        areas: of the curve's points, in any order.
        rates: of the same points; a point without a rate is left out.
        wanted: area.
        beyond: on which side of the curve its last point counts: "above" where the area is above all of the curve's,
            "below" where it is below. On the other side there is no number. A control gets the side on which its last
            point flatters it, and what is compared with it gets the other one.
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
    """The double pick rate of a curve's knob where its masks cover as much as others do.

    Args:
        curve: picks at each setting of the knob.
        other: picks whose pickable area is wanted.
        beyond: see `rate_at`.
    """

    def of(weights: np.ndarray) -> dict[str, np.ndarray]:
        wanted = other.pickable_area(weights)
        areas = np.stack([counts.pickable_area(weights) for counts in curve], 1)
        rates = np.stack([counts.double_pick_rate(weights) for counts in curve], 1)
        return {"double_pick": rate_at(areas, rates, wanted, beyond), "area": wanted}

    return of
