"""Answers to queries, and how good they are (§IV-D, §IV-E)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from graspbook.data.bop import RgbdScene
from graspbook.don.config import Row
from graspbook.don.metrics import LARGEST_K, Measure, nearest_pixels, pixel_errors
from graspbook.don.network import Network, descriptors_at, pixel_grid, to_input
from graspbook.don.queries import Query

Look = Callable[[int, int], Float[Tensor, "p d"]]
"""Descriptors of all pixels of a view, row by row: (place of the scene, place of the view)."""
TOGETHER = 16
"""Views that a network describes at once."""
AROUND = 2
"""A pixel without depth borrows the nearest one up to so many pixels away."""


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """Answers to all pixels of all queries, one query after another.

    Attributes:
        query: Index of each pixel's query, [n].
        predicted: Predicted pixel coordinates (u, v) in B, float32 [n, 2].
        errors: Distances from the true pixels, in pixels of a picture with a diagonal of 800, [n].
        on_object: Whether each answer is on the right object, [n].
    """

    query: np.ndarray
    predicted: Float32[np.ndarray, "n 2"]
    errors: Float[np.ndarray, " n"]
    on_object: np.ndarray

    @property
    def auc(self) -> Float[np.ndarray, " n"]:
        """What each answer adds to the area under PCK@k, k = 1, ..., 100: the share of k that it is right for."""
        first = np.clip(np.ceil(self.errors), 1, LARGEST_K + 1)
        return (LARGEST_K + 1 - first) / LARGEST_K


def measure_of(row: Row) -> Measure:
    """How descriptors of a row are compared (§IV-D).

    Args:
        row: Row of the network.
    """
    return "cosine" if row.loss == "nt-xent" else "euclidean"


def look_with(network: Network, scenes: list[RgbdScene], queries: list[Query]) -> Look:
    """Descriptors of a network, which processes every view that the queries name once.

    Args:
        network: Descriptor network, on any device.
        scenes: Scenes that the queries refer to.
        queries: Queries to answer.

    Returns:
        Function from (scene, view) to the descriptors of all pixels, row by row, [p, d].
    """
    views = sorted({place for query in queries for place in (query.a, query.b)})
    cells: dict[tuple[int, int], Tensor] = {}
    device = next(network.parameters()).device
    with torch.no_grad():
        for start in range(0, len(views), TOGETHER):
            part = views[start : start + TOGETHER]
            images = torch.from_numpy(np.stack([scenes[s].images[v] for s, v in part])).to(device)
            cells |= dict(zip(part, network(to_input(images)).cpu(), strict=True))
    size = scenes[0].images.shape[1:3]
    grid = pixel_grid(*size)

    def look(scene: int, view: int) -> Tensor:
        return descriptors_at(cells[scene, view], grid)

    return look


def answer(look: Look, scenes: list[RgbdScene], queries: list[Query], measure: Measure) -> Scores:
    """Finds the nearest descriptor for each query.

    Args:
        look: Function from (scene, view) to descriptors, called at most twice for each view.
        scenes: Scenes that the queries refer to.
        queries: Queries to answer.
        measure: Comparison of descriptors: "cosine" or "euclidean".
    """
    size = scenes[0].images.shape[1:3]
    wanted: list[Tensor] = [torch.empty(0)] * len(queries)
    predicted: list[np.ndarray] = [np.empty(0)] * len(queries)
    for place, described in _by_view(look, [query.a for query in queries]):
        u, v = torch.from_numpy(queries[place].pixels.T).round().long()
        wanted[place] = described[v * size[1] + u]
    for place, described in _by_view(look, [query.b for query in queries]):
        found = nearest_pixels(wanted[place], described, measure).numpy()
        predicted[place] = np.stack([found % size[1], found // size[1]], 1)
    return judge(predicted, scenes, queries)


def judge(predicted: list[np.ndarray], scenes: list[RgbdScene], queries: list[Query]) -> Scores:
    """Scores predicted pixels.

    Args:
        predicted: Predicted pixel coordinates (u, v), [n, 2], for each query.
        scenes: Scenes that the queries refer to.
        queries: Queries with the true pixels.
    """
    size = scenes[0].images.shape[1:3]
    errors = [pixel_errors(p, query.answers, size) for p, query in zip(predicted, queries, strict=True)]
    right = [
        scenes[q.b[0]].ids[q.b[1]][p[:, 1].astype(int), p[:, 0].astype(int)] == q.number
        for p, q in zip(predicted, queries, strict=True)
    ]
    query = np.repeat(np.arange(len(queries)), [len(p) for p in predicted])
    return Scores(query, np.concatenate(predicted).astype(np.float32), np.concatenate(errors), np.concatenate(right))


def score(network: Network, scenes: list[RgbdScene], queries: list[Query], measure: Measure) -> Scores:
    """Answers queries with a network, and scores the answers.

    Args:
        network: Descriptor network, on any device.
        scenes: Scenes that the queries refer to.
        queries: Queries to answer.
        measure: Comparison of descriptors: "cosine" or "euclidean".
    """
    with torch.no_grad():
        return answer(look_with(network, scenes, queries), scenes, queries, measure)


def track_errors(scores: Scores, scenes: list[RgbdScene], queries: list[Query]) -> Float[np.ndarray, " n"]:
    """Distance between the predicted point and the true one in the world, millimetres (§IV-E.2).

    NaN where there is no depth near the predicted pixel.

    Args:
        scores: Answers to the queries.
        scenes: Scenes that the queries refer to.
        queries: Queries of `draw_tracks`.

    Returns:
        Distance in millimetres for each pixel, [n].
    """
    found = np.full(len(scores.query), np.nan)
    answers = np.concatenate([query.answers for query in queries])
    for k, place in enumerate(scores.query):
        scene, view = queries[place].b
        camera, depth = scenes[scene].cameras[view], scenes[scene].depth[view]
        pairs = [_depth_near(depth, uv) for uv in (scores.predicted[k], answers[k])]
        if all(pairs):
            points = camera.backproject(np.array([scores.predicted[k], answers[k]]), np.array(pairs))
            found[k] = 1000 * np.linalg.norm(points[0] - points[1])
    return found


def lines_of(scores: Scores, queries: list[Query]) -> pd.DataFrame:
    """Sums for each object in each scene that it is looked for in: `scene`, `object`, `auc`, `on_object`, `asked`.

    Args:
        scores: Answers to the queries.
        queries: Queries that were answered.
    """
    frame = pd.DataFrame(
        {
            "scene": [queries[place].b[0] for place in scores.query],
            "object": [queries[place].number for place in scores.query],
            "auc": scores.auc,
            "on_object": scores.on_object.astype(float),
            "asked": 1.0,
        }
    )
    return frame.groupby(["scene", "object"], as_index=False).sum()


def _by_view(look: Look, views: list[tuple[int, int]]):
    """Places of queries, those of one view after another, with what that view looks like."""
    last, described = None, None
    for place in sorted(range(len(views)), key=lambda place: views[place]):
        if views[place] != last:
            last = views[place]
            described = look(*last)
        yield place, described


def _depth_near(depth: np.ndarray, uv: np.ndarray) -> float:
    """Depth at a pixel, or the nearest one around it; 0 where there is none."""
    u, v = (int(x) for x in np.rint(uv))
    rows, columns = slice(max(0, v - AROUND), v + AROUND + 1), slice(max(0, u - AROUND), u + AROUND + 1)
    row, column = np.nonzero(depth[rows, columns])
    if not len(row):
        return 0.0
    nearest = np.argmin((row + rows.start - v) ** 2 + (column + columns.start - u) ** 2)
    return float(depth[rows, columns][row[nearest], column[nearest]])
