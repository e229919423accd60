"""The same pictures as if others had labelled them: coins drawn anew, with another agreement between packs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from graspbook.latent.dataset import LabelledImages
from graspbook.world.totes.answers import Answers


def relabelled(
    images: LabelledImages, answers: Sequence[Answers], agreement: float, least_pixels: int, seed: int
) -> LabelledImages:
    """Images whose questions are answered by newly drawn coins.

    Args:
        images: Images of the data set `apparel`.
        answers: Everything that each of them could have been labelled as.
        agreement: Probability that an answer follows its tote's coin, 0..1: 1 is one coin a tote, 0 one a pack.
        least_pixels: Least area of a labelled instance, pixels.
        seed: Seed of the coins; each image has its own draw.
    """
    ids = [
        answer.redrawn(np.random.default_rng([seed, number]), agreement).labels(least_pixels)
        for number, answer in enumerate(answers)
    ]
    classes = tuple(np.zeros(int(own.max()) + 1, np.int64) for own in ids)
    return dataclasses.replace(images, ids=np.stack(ids), classes=classes)
