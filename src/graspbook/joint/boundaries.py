"""How well the outlines of a semantic picture fit: the boundary F-score (what §III-C is about; the paper has none)."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int

from graspbook.joint.superpixels import boundary

WITHIN = 1
"""Pixels, in both directions, that an outline may be off."""


def boundary_counts(found: Int[np.ndarray, "h w"], truth: Int[np.ndarray, "h w"]) -> Int[np.ndarray, 4]:
    """Boundary pixels of a picture: found, of these correct; true, of these matched.

    A pixel of one outline is right if the other one passes at most `WITHIN` pixels away, diagonals included.

    Args:
        found: Found class of each pixel, [h, w].
        truth: True class of each pixel, [h, w].
    """
    found_outline, true_outline = (boundary(torch.from_numpy(part.astype(np.int64))) for part in (found, truth))
    right, met = (one & _near(other) for one, other in ((found_outline, true_outline), (true_outline, found_outline)))
    return np.array([part.sum().item() for part in (found_outline, right, true_outline, met)], np.int64)


def boundary_score(counts: Float[np.ndarray, "r 4"] | Int[np.ndarray, "r 4"]) -> Float[np.ndarray, r]:
    """The F-score, percent, of counts that may be sums over pictures; NaN where there is no outline at all.

    F = 2 P R / (P + R) of precision P = right / found and recall R = met / true.

    Args:
        counts: Counts from `boundary_counts`, or sums of them over pictures, [r, 4].
    """
    found, right, true, met = np.asarray(counts, np.float64).T
    precision, recall = (a / np.maximum(b, 1) for a, b in ((right, found), (met, true)))
    both = precision + recall
    score = 2 * precision * recall / np.where(both > 0, both, 1)
    return 100 * np.where(found + true > 0, score, np.nan)


def _near(edge: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.max_pool2d(edge[None].float(), 2 * WITHIN + 1, 1, WITHIN)[0] > 0
