"""Grids with any number of things, made up: how the time of clustering grows (ours)."""

from __future__ import annotations

import math

import numpy as np

from graspbook.data.cityscapes import CLASSES
from graspbook.joint.segment import Grids

NOISE = 0.05
"""Typical distance of an embedding from its thing's."""


def crowd(count: int, side: int, dimensions: int, seed: int) -> Grids:
    """A simulated grid with square things of one class, one element apart.

    Args:
        count: Number of things.
        side: Side of each thing, elements.
        dimensions: Dimensions of the embeddings; two things are about as far apart as random unit vectors.
        seed: Seed of the embeddings.
    """
    rng = np.random.default_rng(seed)
    columns = math.ceil(math.sqrt(2 * count))
    rows = math.ceil(count / columns)
    shape = rows * (side + 1), columns * (side + 1)
    owner, confidence = np.zeros(shape, np.int64), np.full(shape, 0.01, np.float32)
    for number in range(count):
        top, left = (side + 1) * (number // columns), (side + 1) * (number % columns)
        owner[top : top + side, left : left + side] = number + 1
        confidence[top + side // 2, left + side // 2] = 0.99
    middles = rng.normal(size=(count + 1, dimensions))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    embeddings = middles[owner] + rng.normal(0, NOISE / math.sqrt(dimensions), (*shape, dimensions))
    probability = np.eye(CLASSES, dtype=np.float32)[np.where(owner > 0, 3, 0)].transpose(2, 0, 1)
    return Grids(probability, np.ascontiguousarray(embeddings.transpose(2, 0, 1), np.float32), confidence)


def exponent(counts: np.ndarray, milliseconds: np.ndarray) -> float:
    """Exponent b of the power law t = a n^b, fitted as the slope of a line through the logarithms.

    Args:
        counts: Numbers of things n, [m].
        milliseconds: Clustering times t, milliseconds, [m].
    """
    return float(np.polyfit(np.log(counts), np.log(milliseconds), 1)[0])
