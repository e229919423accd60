"""The same pictures as if others had labelled them: coins drawn anew, with another agreement between packs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from graspbook.latent.dataset import LabelledImages
from graspbook.world.apparel.answers import Answers


def relabelled(
    images: LabelledImages, answers: Sequence[Answers], agreement: float, least_pixels: int, seed: int
) -> LabelledImages:
    """Images whose questions are answered by new coins.

    Args:
        images: of the data set `apparel`.
        answers: all that each of them may be labelled as.
        agreement: of the answers in a tote: 1 for one coin a tote, 0 for one a pack.
        least_pixels: what is seen with fewer pixels is no instance.
        seed: of the coins; each image has its own draw.
    """
    ids = [
        answer.redrawn(np.random.default_rng([seed, number]), agreement).labels(least_pixels)
        for number, answer in enumerate(answers)
    ]
    classes = tuple(np.zeros(int(own.max()) + 1, np.int64) for own in ids)
    return dataclasses.replace(images, ids=np.stack(ids), classes=classes)
