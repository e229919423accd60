"""Where answers land: on the right object, on one that looks like it, or elsewhere (ours)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from graspbook.data.bop import RgbdScene
from graspbook.don.lookalikes import look_alikes
from graspbook.don.queries import Query
from graspbook.don.scenes.episode import FIRST_UNKNOWN
from graspbook.don.scores import Scores
from graspbook.statistics.bootstrap import bootstrap
from graspbook.statistics.intervals import interval
from graspbook.statistics.ratios import ratios

PLACES = ("right object", "look-alike", "other known object", "unknown object", "table")
"""Every pixel is one of these."""


def place_of(found: int, wanted: int) -> str:
    """Class of a pixel, one of `PLACES`.

    Args:
        found: Id of the object at the pixel; 0 is the table.
        wanted: Id of the object that was looked for.
    """
    if found == wanted:
        return PLACES[0]
    if found in look_alikes(wanted):
        return PLACES[1]
    if found == 0:
        return PLACES[4]
    return PLACES[2] if found < FIRST_UNKNOWN else PLACES[3]


def landings(scores: Scores, scenes: list[RgbdScene], queries: list[Query]) -> pd.DataFrame:
    """Where each answer lies, and whether something that looks like the object was in the scene to be confused with.

    Args:
        scores: Answers to all pixels of the queries.
        scenes: Scenes that the queries refer to.
        queries: Queries that were answered.

    Returns:
        One row per pixel: `object`, `scene` (that was searched), `place` (one of `PLACES`), `has_look_alikes` (the
        object has some), `beside` (one of them is in the scene), `auc`.
    """
    rows = []
    for place, (u, v), auc in zip(scores.query, scores.predicted.astype(int), scores.auc, strict=True):
        query = queries[place]
        scene, view = query.b
        others = look_alikes(query.number)
        found = place_of(int(scenes[scene].ids[view, v, u]), query.number)
        rows.append((query.number, scene, found, bool(others), bool(others & set(scenes[scene].objects)), float(auc)))
    return pd.DataFrame(rows, columns=["object", "scene", "place", "has_look_alikes", "beside", "auc"])


def gap_beside(found: pd.DataFrame, replicates: int, seed: int) -> tuple[float, float, float]:
    """What a look-alike in the scene costs: mean AUC with one beside the object minus that without.

    Args:
        found: Table from `landings`.
        replicates: Bootstrap replicates over scenes.
        seed: Seed of the bootstrap.

    Returns:
        The difference in AUC (0..1) and the ends of its 95 % interval; NaN where the scenes do not have both.
    """
    own = found[found["has_look_alikes"]]
    if own.empty:
        return float("nan"), float("nan"), float("nan")
    sums = own.groupby(["scene", "beside"])["auc"].agg(["sum", "count"]).unstack("beside").fillna(0)
    sums = sums.reindex(columns=[(a, b) for a in ("sum", "count") for b in (False, True)], fill_value=0).to_numpy(float)
    without, beside, n_without, n_beside = sums.T
    means = ratios({"beside": (beside, n_beside), "without": (without, n_without)})

    def gap(weights: np.ndarray) -> dict[str, np.ndarray]:
        of = means(weights)
        return {"gap": of["beside"] - of["without"]}

    point, again = bootstrap({"gap": [gap]}, np.arange(len(sums)), replicates, seed)
    low, high = interval(again["gap"].to_numpy())
    return float(point.loc[0, "gap"]), float(low), float(high)
