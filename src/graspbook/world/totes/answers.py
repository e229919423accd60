"""What a tote's picture may be labelled as: every answer, and the coins that drew the one in the labels.

An image has questions: is this pack one or two; is this film an instance, or part of what lies below? Whoever
labels the image answers them by coins: one for the tote, which each question follows with the probability
`agreement`, and else one of its own. So the distribution of the labels given the image is known, which no data set
labelled by people offers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8, UInt16

from graspbook.world.labellers.coins import draw_answers, number_instances
from graspbook.world.totes.packs import Kind


@dataclasses.dataclass(frozen=True)
class Question:
    """What a picture leaves open.

    Attributes:
        item: The number of the pack, or of the film.
        kind: The kind of the pack.
        two: The answer in the labels: whether it is two packs; of a film, whether it is an instance of its own.
    """

    item: int
    kind: Kind
    two: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """Everything that decides the labels of an image.

    Pixels have codes: 2 x the pack's number, plus 1 in its second part; 0 is the tote.

    Attributes:
        top: The code of what is seen at each pixel, films included, uint8 [H, W].
        below: The code of what is seen at each pixel without films, uint8 [H, W].
        questions: The questions in the order of their items.
        coin: The side of the tote's coin.
    """

    top: UInt8[np.ndarray, "h w"]
    below: UInt8[np.ndarray, "h w"]
    questions: tuple[Question, ...]
    coin: bool

    def labels(self, least_pixels: int, two: Sequence[bool] | None = None) -> UInt16[np.ndarray, "h w"]:
        """Instances by number: 0 background, 1..n in the order of their codes.

        Args:
            least_pixels: The number of pixels below which an instance is left to the background.
            two: The answers to the questions, in their order; by default, those that were drawn.
        """
        codes = self.top.astype(np.int64)
        given = [question.two for question in self.questions] if two is None else list(two)
        for question, answer in zip(self.questions, given, strict=True):
            if question.kind == "film" and not answer:
                codes = np.where(codes // 2 == question.item, self.below, codes)
        for question, answer in zip(self.questions, given, strict=True):
            if question.kind != "film" and not answer:
                codes[codes == 2 * question.item + 1] = 2 * question.item
        return number_instances(codes, least_pixels)[0]

    def redrawn(self, rng: np.random.Generator, agreement: float) -> Answers:
        """The same picture with other coins: as if somebody else had labelled it.

        Args:
            rng: The source of the coins.
            agreement: The probability that an answer follows the tote's coin.
        """
        coin = bool(rng.random() < 0.5)
        questions = tuple(
            dataclasses.replace(question, two=answer)
            for question, answer in zip(
                self.questions, draw_answers(rng, coin, len(self.questions), agreement), strict=True
            )
        )
        return dataclasses.replace(self, questions=questions, coin=coin)
