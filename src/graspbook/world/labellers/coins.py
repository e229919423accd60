"""Labellers who do not agree: coins answer what a picture leaves open, and instances are numbered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, UInt16


def draw_answers(rng: np.random.Generator, coin: bool, count: int, agreement: float) -> list[bool]:
    """Answers to the questions of a picture: each follows the picture's coin, or else a coin of its own.

    Args:
        rng: The source of randomness.
        coin: The side of the picture's coin.
        count: The number of questions.
        agreement: The probability that an answer follows the picture's coin.
    """
    follows, own = rng.random(count) < agreement, rng.random(count) < 0.5
    return np.where(follows, coin, own).tolist()


def answer_probability(two: Sequence[bool], agreement: float) -> float:
    """How probable answers to the questions of a picture are, over its coin and theirs.

    Args:
        two: The answers.
        agreement: The probability that an answer follows the picture's coin.

    Returns:
        The probability of exactly these answers, from 0 to 1.
    """
    agree, differ = agreement + (1 - agreement) / 2, (1 - agreement) / 2
    count, yes = len(two), sum(two)
    return 0.5 * (agree**yes * differ ** (count - yes) + agree ** (count - yes) * differ**yes)


def number_instances(
    codes: Int[np.ndarray, "h w"], least_pixels: int
) -> tuple[UInt16[np.ndarray, "h w"], Int[np.ndarray, " n"]]:
    """Instances by number: 0 background, 1..n in the order of their codes.

    Args:
        codes: The code of the instance at each pixel, [H, W]; 0 is background.
        least_pixels: The number of pixels below which an instance is left to the background.

    Returns:
        The numbers, uint16 [H, W], and the codes of the instances 1..n.
    """
    found, place, count = np.unique(codes, return_inverse=True, return_counts=True)
    kept = (found > 0) & (count >= least_pixels)
    return np.where(kept, np.cumsum(kept), 0)[place].reshape(codes.shape).astype(np.uint16), found[kept]
