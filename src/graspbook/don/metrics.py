"""Nearest neighbours in descriptor space, PCK@k and its area (§IV-D)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import normalize

from graspbook.core.errors import InputError

Measure = Literal["cosine", "euclidean"]
"""The paper compares by cosine similarity where NT-Xent was the loss, by distance elsewhere."""
DIAGONAL = 800
"""Of the paper's pictures, in pixels: errors are scaled to it before they are compared with k."""
LARGEST_K = 100
CHUNK = 1 << 22
"""Similarities that are held at once."""


def nearest_pixels(
    queries: Float[Tensor, "n d"], descriptors: Float[Tensor, "p d"], measure: Measure
) -> Int64[Tensor, " n"]:
    """For each query, the pixel whose descriptor is closest; of equal ones, the first.

    Works through the queries in parts, each one product of matrices: |q - d|^2 = |q|^2 - 2 q.d + |d|^2, of which the
    first term is the same for all pixels.

    Args:
        queries: Descriptors to look for, [n, d].
        descriptors: Descriptors of all pixels of an image, row by row, [p, d].
        measure: Comparison of descriptors: "cosine" similarity or "euclidean" distance.

    Returns:
        Row-major index of the best pixel for each query, int64 [n].

    Raises:
        InputError: `measure` is not known.
    """
    if measure == "cosine":
        queries, descriptors = normalize(queries, dim=1), normalize(descriptors, dim=1)
        offset = 0.0
    elif measure == "euclidean":
        offset = (descriptors**2).sum(1) / 2
    else:
        raise InputError(f"measure: expected 'cosine' or 'euclidean', got {measure!r}")
    parts = queries.split(max(1, CHUNK // len(descriptors)))
    return torch.cat([(part @ descriptors.T - offset).argmax(1) for part in parts])


def pixel_errors(
    predicted: Float[np.ndarray, "n 2"], true: Float[np.ndarray, "n 2"], size: tuple[int, int]
) -> Float[np.ndarray, " n"]:
    """Distances between predicted and true pixels, scaled as if the picture's diagonal were 800 pixels long.

    Args:
        predicted: Predicted pixel coordinates (u, v), [n, 2].
        true: True pixel coordinates (u, v), [n, 2].
        size: Height and width of the picture, pixels.
    """
    return np.linalg.norm(predicted - true, axis=1) * DIAGONAL / np.hypot(*size)


def pck(errors: Float[np.ndarray, " n"], k: float) -> float:
    """PCK@k, equation (3): the share of predictions that are at most k pixels off, 0..1.

    Args:
        errors: Pixel errors from `pixel_errors`, [n].
        k: Largest error of a correct prediction, pixels of a picture with a diagonal of 800.
    """
    return float(np.mean(np.asarray(errors) <= k))


def area_under_pck(errors: Float[np.ndarray, " n"]) -> float:
    """Mean of PCK@k over k = 1, ..., 100: the area under the curve, at most 1 (§IV-D).

    Args:
        errors: Pixel errors from `pixel_errors`, [n].

    Returns:
        The area, 0..1.

    Raises:
        InputError: `errors` is empty.
    """
    if not len(errors):
        raise InputError("errors: expected at least one")
    # an error e is counted from k = ceil(e) on, so in 101 - ceil(e) of the hundred
    first = np.clip(np.ceil(errors), 1, LARGEST_K + 1)
    return float(np.mean(LARGEST_K + 1 - first) / LARGEST_K)
