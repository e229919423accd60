"""The verdict on a registered claim: where the whole 95 % interval of its measure lies."""

from enum import StrEnum

import numpy as np

from graspbook.papers.registration import RegisteredClaim

SHARES_DRAWN = (-1.0, 3.0)
"""The smallest and the largest share of a claim (`share_of_claim`) that a drawing has room for."""


class Verdict(StrEnum):
    """What became of a registered claim, best first."""

    HOLDS = "holds"
    WEAKER = "weaker"
    CANNOT_TELL = "cannot tell"
    OPPOSITE = "opposite"
    NOT_TESTED = "not tested"

    @property
    def meaning(self) -> str:
        """What the verdict says, in two sentences."""
        return _MEANINGS[self]


_MEANINGS = {
    Verdict.HOLDS: "The whole interval passes the test. What the paper says is found here, too.",
    Verdict.WEAKER: "The whole interval lies on the paper's side of no effect, but all of it falls short of the factor "
    "that the paper states. The effect is there, and it is smaller.",
    Verdict.CANNOT_TELL: "The interval holds values that pass the test and values that fail it. More scenes or more "
    "trainings would be needed to decide.",
    Verdict.OPPOSITE: "The whole interval contradicts the sentence. The effect has the other sign, is worse by more "
    "than the margin, or there is a difference where the paper sees none.",
    Verdict.NOT_TESTED: "There is no number yet. The rows that the claim compares have not been run under this "
    "condition.",
}


def judge(claim: RegisteredClaim, low: float, high: float) -> Verdict:
    """The verdict on a claim.

    Args:
        claim: The claim with its test.
        low: The lower end of the 95 % interval of its measure; -inf where it is open, NaN without a value.
        high: The upper end of the interval; inf where it is open, NaN without a value.
    """
    if np.isnan(low) or np.isnan(high):
        return Verdict.NOT_TESTED
    none, margin = claim.measure.no_effect, claim.margin
    if claim.kind == "equivalence":
        if claim.passes(low) and claim.passes(high):
            return Verdict.HOLDS
        return Verdict.OPPOSITE if low > none + margin or high < none - margin else Verdict.CANNOT_TELL
    if claim.passes(low):
        return Verdict.HOLDS
    if high < min(none, margin):
        return Verdict.OPPOSITE
    if claim.kind == "factor" and low > none and high < margin:
        return Verdict.WEAKER
    return Verdict.CANNOT_TELL


def share_of_claim(claim: RegisteredClaim, value: float) -> float:
    """How much of what a claim says a value shows, on one scale for all claims: 0 is nothing, 1 is all of it.

    Better, by a factor, in this order: the effect over the printed effect, so that 1 is as printed and a negative share
    has the other sign. As good as: 1 is equally good, 0 is worse by the margin. No difference: 1 is none, 0 is a
    difference as large as the margin. Ratios are compared by their logarithms.

    Args:
        claim: The claim.
        value: A value of its measure.

    Returns:
        The share; NaN where the paper prints no effect to compare with, or the value is NaN.
    """
    measure, margin = claim.measure, claim.margin
    if claim.kind == "equivalence":
        return 1 - abs(value - measure.no_effect) / margin
    if claim.kind == "non-inferiority":
        start, effect = margin, measure.no_effect
    elif claim.printed is None:
        return np.nan
    else:
        start, effect = measure.no_effect, claim.printed
    if measure.scale == "difference":
        return (value - start) / (effect - start)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.log(value / start) / np.log(effect / start))


def share_interval(claim: RegisteredClaim, low: float, high: float) -> tuple[float, float]:
    """An interval of a measure on the scale of `share_of_claim`.

    Args:
        claim: The claim.
        low: The lower end of the interval.
        high: Its upper end.

    Returns:
        The smallest and the largest share of the values in the interval; NaN as there.
    """
    ends = sorted((share_of_claim(claim, low), share_of_claim(claim, high)))
    if claim.kind == "equivalence" and low < claim.measure.no_effect < high:
        ends[1] = 1.0
    return ends[0], ends[1]


def describe_test(claim: RegisteredClaim) -> str:
    """The test of a claim in a few characters, such as `> 0`.

    Args:
        claim: The claim.
    """
    if claim.kind == "equivalence":
        none = claim.measure.no_effect
        return f"{none - claim.margin:g} to {none + claim.margin:g}"
    return f"{'≥' if claim.kind == 'factor' else '>'} {claim.margin:g}"
