"""The verdict on a claim: what its test says of our number and of the interval around it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from graspbook.papers import Aside, Claim, Measure


class Verdict(StrEnum):
    """What became of a claim, best first."""

    REPRODUCED = "reproduced"
    DIRECTION_ONLY = "direction only"
    NOT_REPRODUCED = "not reproduced"
    NOT_TESTED = "not tested at this profile"


@dataclass(frozen=True)
class Result:
    """One measure, evaluated.

    Attributes:
        measure: The measure with its test.
        paper: The paper's number; NaN where it prints none.
        estimate: Our number; NaN where there is none.
        low: The lower end of the 95 % interval of `estimate`; -inf where open, NaN without an estimate.
        high: The upper end of the 95 % interval of `estimate`; inf where open, NaN without an estimate.
        verdict: The verdict on this measure.
    """

    measure: Measure
    paper: float
    estimate: float
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class Judgement:
    """One claim, evaluated.

    Attributes:
        claim: The claim.
        results: The results of its measures, in their order.
        asides: Each aside with its estimate and the lower and upper end of its 95 % interval.
    """

    claim: Claim
    results: tuple[Result, ...]
    asides: tuple[tuple[Aside, float, float, float], ...] = ()

    @property
    def deciding(self) -> Result:
        """The measure that decides the claim: the first of those with the worst verdict."""
        return max(self.results, key=lambda result: list(Verdict).index(result.verdict))

    @property
    def verdict(self) -> Verdict:
        """The verdict on the claim, which is the worst one on its measures."""
        return self.deciding.verdict

    @property
    def measured(self) -> tuple[Result, ...]:
        """The results that have an estimate."""
        return tuple(result for result in self.results if not np.isnan(result.estimate))


def passes(measure: Measure, value: float) -> bool:
    """Whether a value passes the test of a measure; NaN and the open end of an interval never do.

    Args:
        measure: The measure with its test.
        value: The value, in the unit of the measure.
    """
    if not np.isfinite(value):
        return False
    if measure.above is not None:
        return value > measure.above
    if measure.below is not None:
        return value < measure.below
    return measure.within[0] <= value <= measure.within[1]


def judge_measure(measure: Measure, paper: float, estimate: float, low: float, high: float) -> Verdict:
    """The verdict on one measure.

    `reproduced`: the estimate passes the test, and so does the whole interval. `direction only`: the estimate
    lies on the same side of `measure.no_effect` as the paper's number (or its words), but the test fails somewhere in
    the interval. Without a value: `not tested at this profile`.

    Args:
        measure: The measure with its test.
        paper: The paper's number; NaN where it prints none.
        estimate: Our number; NaN where there is none.
        low: The lower end of the 95 % interval of `estimate`; -inf where open.
        high: The upper end of the 95 % interval of `estimate`; inf where open.
    """
    if np.isnan(estimate):
        return Verdict.NOT_TESTED
    # The tests are one-sided or intervals, so the three points stand for everything between them.
    if all(passes(measure, value) for value in (low, estimate, high)):
        return Verdict.REPRODUCED
    expected = paper - measure.no_effect
    if np.isnan(paper):  # it says which way, and prints no number
        expected = -1.0 if measure.below is not None else 1.0
    same_side = (estimate - measure.no_effect) * expected > 0
    return Verdict.DIRECTION_ONLY if same_side else Verdict.NOT_REPRODUCED
