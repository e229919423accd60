"""What models say of the questions whose coins are known: how often "two", and how often a mask is in one object.

Only packs are asked about: whether a film is an instance is another kind of question. And only those of which both
parts are seen, since else one and two look alike in the labels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from graspbook.instances.matching import mask_overlaps
from graspbook.instances.types import Instances, of_one_class
from graspbook.latent.apparel.truth import instances_of
from graspbook.world.labellers.coins import answer_probability
from graspbook.world.totes.answers import Answers

DECIDED = 0.5
"""A sample says something of a pack if one of its masks, or two, match it with a higher IoU than this."""
WITHIN = 0.95
"""A mask lies in an object if its IoP is above this (appendix E)."""
MOST = 256
"""Of the answers of a tote that are gone through; totes with more questions are sampled."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The packs of an image that may be one or two and show both parts.

    Attributes:
        first: Visible pixels of the first part of each pack, bool [q, h, w].
        second: Visible pixels of the second part of each pack, bool [q, h, w].
    """

    first: Bool[np.ndarray, "q h w"]
    second: Bool[np.ndarray, "q h w"]


def parts_of(answers: Answers, least_pixels: int) -> Parts:
    """The questions of an image that can be told apart: both parts are seen with enough pixels.

    Args:
        answers: Everything that the image could have been labelled as.
        least_pixels: Least area of each part, pixels.
    """
    pairs = []
    for question in answers.questions:
        pair = [answers.top == 2 * question.item + part for part in (0, 1)]
        if question.kind != "film" and all(part.sum() >= least_pixels for part in pair):
            pairs.append(pair)
    stacked = np.array(pairs, bool).reshape(-1, 2, *answers.top.shape)
    return Parts(stacked[:, 0], stacked[:, 1])


def predict_pair(parts: Parts, sample: Instances) -> Int[np.ndarray, " q"]:
    """What a sample says of each pack: 1 two, 0 one, -1 neither.

    One mask that matches the whole is compared with two masks that match the parts: by IoU, the mean of two for the
    parts. The higher one is what the sample says, if it is above `DECIDED`.

    Args:
        parts: Packs of an image that may be one or two.
        sample: One sampled segmentation of the image.
    """
    whole = _best(parts.first | parts.second, sample)
    split = (_best(parts.first, sample) + _best(parts.second, sample)) / 2
    decided = np.maximum(whole, split) > DECIDED
    return np.where(decided, split > whole, -1).astype(np.int64)


def _best(regions: np.ndarray, sample: Instances) -> Float[np.ndarray, " q"]:
    """The highest IoU of each region with any mask; 0 where there is none."""
    if not len(sample):
        return np.zeros(len(regions))
    overlaps = mask_overlaps(of_one_class(sample.masks, sample.scores), of_one_class(regions))
    return overlaps.iou.max(0, initial=0.0)


def coin_counts(parts: Parts, samples: Sequence[Instances]) -> dict[str, float]:
    """Sums over questions, and over pairs of questions, of an image and its samples.

    Args:
        parts: Packs of an image that may be one or two.
        samples: Sampled segmentations of the image.

    Returns:
        `two` of `decided`: answers that say two, of those that say anything; `alike` of `pairs`: pairs of questions
        that one sample answers alike, of those that it answers both.
    """
    votes = np.array([predict_pair(parts, sample) for sample in samples]).reshape(len(samples), len(parts.first))
    counts = {"two": float((votes == 1).sum()), "decided": float((votes >= 0).sum()), "alike": 0.0, "pairs": 0.0}
    for i, j in itertools.combinations(range(votes.shape[1]), 2):
        both = (votes[:, i] >= 0) & (votes[:, j] >= 0)
        counts["pairs"] += float(both.sum())
        counts["alike"] += float((both & (votes[:, i] == votes[:, j])).sum())
    return counts


def every_answer(answers: Answers, agreement: float, seed: int) -> list[tuple[float, tuple[bool, ...]]]:
    """All that an image may be labelled as, with probabilities; a sample of `MOST` equally probable ones where many.

    Args:
        answers: Everything that the image could have been labelled as.
        agreement: Probability that an answer follows the tote's coin, 0..1.
        seed: Seed of the sample, where there are too many answers.

    Returns:
        Pairs of a probability, 0..1, and the answer to each question.
    """
    count = len(answers.questions)
    if agreement == 1:
        return [(0.5, (two,) * count) for two in (False, True)] if count else [(1.0, ())]
    if 2**count <= MOST:
        every = itertools.product((False, True), repeat=count)
        return [(answer_probability(two, agreement), two) for two in every]
    rng = np.random.default_rng(seed)
    drawn = (answers.redrawn(rng, agreement).questions for _ in range(MOST))
    return [(1 / MOST, tuple(question.two for question in questions)) for questions in drawn]


def probability_inside(
    found: Instances, answers: Answers, agreement: float, least_pixels: int, seed: int = 0
) -> Float[np.ndarray, " n"]:
    """Probability, over all answers that the coins could draw, that each mask lies within one object, 0..1.

    Args:
        found: Masks of an image.
        answers: Everything that the image could have been labelled as.
        agreement: Probability that an answer follows the tote's coin, 0..1.
        least_pixels: Least area of a labelled instance, pixels.
        seed: Seed of the sample of answers, where there are too many.
    """
    total = np.zeros(len(found))
    for probability, two in every_answer(answers, agreement, seed):
        truth = instances_of(answers.labels(least_pixels, two))
        if len(found) and len(truth):
            total += probability * (mask_overlaps(found, truth).iop.max(1) > WITHIN)
    return total


def ambiguous_share(answers: Answers) -> float:
    """Share of the visible packs that may be one or two, 0..1; films count neither way.

    Args:
        answers: Everything that the image could have been labelled as.
    """
    films = {question.item for question in answers.questions if question.kind == "film"}
    asked = {question.item for question in answers.questions} - films
    seen = set(np.unique(answers.below // 2).tolist()) - {0} - films
    return len(asked) / len(seen) if seen else 0.0
