"""What descriptors score that nobody trained, and what the grid of cells allows."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from graspbook.core.errors import InputError
from graspbook.data.bop import RgbdScene
from graspbook.don.config import NetworkConfig
from graspbook.don.network import STRIDE, build_network
from graspbook.don.queries import Query
from graspbook.don.scores import Scores, answer, judge, look_with

FLOORS = {
    "random": "a random pixel of the right object",
    "rgb": "one raw RGB pixel",
    "sift": "SIFT",
    "imagenet": "frozen ImageNet features",
    "grid": "the best cell (ceiling without interpolation)",
}
"""By name, as tables say it."""
SIFT_SIZE = 12.0
"""Diameter of the neighbourhood that SIFT describes, pixels; always upright."""
SIFT_STEP = 2
"""SIFT describes every second pixel of every second row; the others have the descriptor of their neighbour."""


def answer_floor(name: str, scenes: list[RgbdScene], queries: list[Query], network: NetworkConfig, seed: int) -> Scores:
    """Answers queries with a floor, a method that nobody trained.

    Args:
        name: Name of the floor, a key of `FLOORS`.
        scenes: Scenes that the queries refer to.
        queries: Queries to answer.
        network: Network whose frozen ImageNet features the floor "imagenet" takes.
        seed: Seed of the floor "random" and of random weights.

    Raises:
        InputError: There is no such floor.
    """
    if name == "random":
        rng = np.random.default_rng([seed, 3])
        return judge([_random_pixels(scenes, query, rng) for query in queries], scenes, queries)
    if name == "grid":
        return judge([_nearest_cells(scenes, query) for query in queries], scenes, queries)
    if name == "rgb":
        return answer(lambda s, v: _colours(scenes[s].images[v]), scenes, queries, "euclidean")
    if name == "sift":
        return answer(lambda s, v: _sift(scenes[s].images[v]), scenes, queries, "euclidean")
    if name == "imagenet":
        features = build_network(network, 1, seed).eval()
        features.head = nn.Identity()
        return answer(look_with(features, scenes, queries), scenes, queries, "cosine")
    raise InputError(f"floor: expected one of {', '.join(FLOORS)}, got {name!r}")


def _random_pixels(scenes: list[RgbdScene], query: Query, rng: np.random.Generator) -> np.ndarray:
    rows, columns = np.nonzero(scenes[query.b[0]].ids[query.b[1]] == query.number)
    chosen = rng.integers(len(rows), size=len(query.pixels))
    return np.stack([columns[chosen], rows[chosen]], 1).astype(float)


def _nearest_cells(scenes: list[RgbdScene], query: Query) -> np.ndarray:
    height, width = scenes[query.b[0]].images.shape[1:3]
    last = np.array([(width - 1) // STRIDE, (height - 1) // STRIDE]) * STRIDE
    return np.minimum(np.rint(query.answers / STRIDE) * STRIDE, last)


def _colours(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image.reshape(-1, 3).astype(np.float32))


def _sift(image: np.ndarray) -> Tensor:
    height, width = image.shape[:2]
    places = [(u, v) for v in range(0, height, SIFT_STEP) for u in range(0, width, SIFT_STEP)]
    keypoints = [cv2.KeyPoint(float(u), float(v), SIFT_SIZE, 0.0) for u, v in places]
    _, found = cv2.SIFT_create().compute(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), keypoints)
    coarse = found.reshape(-(-height // SIFT_STEP), -(-width // SIFT_STEP), -1)
    full = coarse.repeat(SIFT_STEP, 0).repeat(SIFT_STEP, 1)[:height, :width]
    return torch.from_numpy(np.ascontiguousarray(full.reshape(height * width, -1), np.float32))
