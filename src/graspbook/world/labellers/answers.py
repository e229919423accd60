"""What a picture of several classes may be labelled as: every answer, and the coins that drew the one in the labels.

A picture consists of units, which no labeller divides. Of some units labellers do not agree, in three ways: which class
it is (of two that look alike), how far an instance goes (a load with or without its pallet), and whether a cluster is
one instance or several. Each labeller has a habit in each of the three: a coin for each kind and picture, which every
question of that kind follows with the probability `agreement`, else a coin of its own. So the distribution of the
labels given the picture is known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Int, UInt16

from graspbook.world.labellers.coins import answer_probability, draw_answers, number_instances

Kind = Literal["class", "extent", "cluster"]
KINDS: tuple[Kind, ...] = ("class", "extent", "cluster")
"""What "yes" says of each: the second class; with what belongs to it; one instance for each member."""
NEVER = -1
"""The question of units of which nothing is asked."""


@dataclasses.dataclass(frozen=True)
class Question:
    """What a picture leaves open.

    Attributes:
        kind: The kind of the disagreement.
        units: The units that the question is about, ascending.
        yes: The answer in the labels.
    """

    kind: Kind
    units: tuple[int, ...]
    yes: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Answers:
    """Everything that decides the labels of a picture; unit 0 is what is never labelled.

    Attributes:
        units: The unit at each pixel, uint16 [H, W]; the U units are numbered from 0.
        instance: The number of the instance that each unit belongs to if its question is answered no (row 0) or yes
            (row 1), int [2, U], from 1; 0 is none.
        classes: The class of that instance, int [2, U], from 0.
        asked: The place in `questions` of each unit's question, int [U]; `NEVER` for units of which nothing is asked.
        questions: The questions in any order.
    """

    units: UInt16[np.ndarray, "h w"]
    instance: Int[np.ndarray, "2 u"]
    classes: Int[np.ndarray, "2 u"]
    asked: Int[np.ndarray, " u"]
    questions: tuple[Question, ...]

    def labels(
        self, least_pixels: int, yes: Sequence[bool] | None = None
    ) -> tuple[UInt16[np.ndarray, "h w"], Int[np.ndarray, " n_1"]]:
        """Instances by number, 0 background and 1..n, and the class of each number (that of 0 means nothing).

        Args:
            least_pixels: The number of pixels below which an instance is left to the background.
            yes: The answers to the questions, in their order; by default, those that were drawn.
        """
        given = np.array([question.yes for question in self.questions] if yes is None else list(yes), bool)
        side = np.append(given, False)[self.asked].astype(np.int64)  # NEVER is the last place
        each = np.arange(len(self.asked))
        instance, classes = self.instance[side, each], self.classes[side, each]
        ids, found = number_instances(instance[self.units], least_pixels)
        class_of = dict(zip(instance.tolist(), classes.tolist(), strict=True))
        return ids, np.array([0, *(class_of[number] for number in found.tolist())], np.int64)

    def shown_by(self, units: UInt16[np.ndarray, "h w"]) -> Answers:
        """The same answers to a picture drawn anew, in which a unit may have won or lost its last pixel.

        Args:
            units: The unit at each pixel, uint16 [H, W]; those that are not known count as 0.
        """
        return dataclasses.replace(self, units=np.where(units < len(self.asked), units, 0).astype(np.uint16))

    def redrawn(self, rng: np.random.Generator, agreement: float) -> Answers:
        """The same picture as if somebody else had labelled it.

        Args:
            rng: The source of the coins.
            agreement: The probability that an answer follows the picture's coin for its kind.
        """
        questions = list(self.questions)
        for kind in KINDS:
            own = [place for place, question in enumerate(questions) if question.kind == kind]
            for place, yes in zip(own, draw_answers(rng, bool(rng.random() < 0.5), len(own), agreement), strict=True):
                questions[place] = dataclasses.replace(questions[place], yes=yes)
        return dataclasses.replace(self, questions=tuple(questions))

    def probability(self, yes: Sequence[bool], agreement: float) -> float:
        """How probable some answers are, over all coins.

        Args:
            yes: The answers to the questions, in their order.
            agreement: The probability that an answer follows the picture's coin for its kind.

        Returns:
            The probability of exactly these answers, from 0 to 1.
        """
        total = 1.0
        for kind in KINDS:
            own = [answer for answer, question in zip(yes, self.questions, strict=True) if question.kind == kind]
            total *= answer_probability(own, agreement) if own else 1.0
        return total


class Draft:
    """What is known of the units of a picture, told one after the other; then coins are drawn.

    Args:
        units: The unit at each pixel, uint16 [H, W].

    Attributes:
        pixels: The number of pixels of each unit, int64 [U].
    """

    def __init__(self, units: np.ndarray) -> None:
        self._units = units
        count = int(units.max()) + 1
        self._instance, self._classes = np.zeros((2, count), np.int64), np.zeros((2, count), np.int64)
        self._asked = np.full(count, NEVER)
        self._questions: list[Question] = []
        self.pixels = np.bincount(units.ravel(), minlength=count)

    def seen(self, unit: int) -> int:
        """The number of pixels of a unit.

        Args:
            unit: The number of the unit; one that the picture does not show has 0.
        """
        return int(self.pixels[unit]) if unit < len(self.pixels) else 0

    def sure(self, units: Sequence[int], number: int) -> None:
        """Units that make up one instance of a class, whoever labels it.

        Args:
            units: The numbers of the units.
            number: The class of the instance, from 0.
        """
        units = self._known(units)
        if units:
            self._instance[:, units], self._classes[:, units] = units[0], number

    def either(self, units: Sequence[int], first: int, second: int) -> None:
        """Units that make up one instance, of one of two classes.

        Args:
            units: The numbers of the units.
            first: The class if the question is answered no, from 0.
            second: The class if it is answered yes, from 0.
        """
        units = self._known(units)
        if units:
            self.sure(units, first)
            self._classes[1, units] = second
            self._ask("class", units)

    def reaches(self, core: int, rest: int, number: int) -> None:
        """An instance that is one unit alone, or with another unit, which alone is none.

        Args:
            core: The unit that always belongs to the instance.
            rest: The unit that belongs to it if the question is answered yes.
            number: The class of the instance, from 0.
        """
        self.sure([core], number)
        self._instance[1, rest], self._classes[1, rest] = core, number
        self._ask("extent", [core, rest])

    def cluster(self, members: Sequence[Sequence[int]], number: int) -> None:
        """Neighbours of one class that are one instance or one each.

        Args:
            members: The units of each neighbour.
            number: The class of the instances, from 0.
        """
        members = [known for units in members if (known := self._known(units))]
        for units in members:
            self.sure(units, number)
            self._instance[0, units] = members[0][0]
        if len(members) > 1:
            self._ask("cluster", [unit for units in members for unit in units])

    def answered(self, rng: np.random.Generator, agreement: float) -> Answers:
        """Everything that was told, with drawn answers.

        Args:
            rng: The source of the coins.
            agreement: The probability that an answer follows the picture's coin for its kind.
        """
        parts = self._units, self._instance, self._classes, self._asked, tuple(self._questions)
        return Answers(*parts).redrawn(rng, agreement)

    def _known(self, units: Sequence[int]) -> list[int]:
        return [unit for unit in units if unit < len(self.pixels)]

    def _ask(self, kind: Kind, units: Sequence[int]) -> None:
        self._asked[list(units)] = len(self._questions)
        self._questions.append(Question(kind, tuple(sorted(units)), False))
