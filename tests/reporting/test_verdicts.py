import numpy as np
import pytest

from graspbook.papers import Claim, Measure
from graspbook.reporting.verdicts import Judgement, Result, Verdict, judge_measure


@pytest.mark.parametrize(
    ("test", "estimate", "low", "high", "verdict"),
    [
        ({"above": 4.5, "direction": 1}, 6, 5, 7, Verdict.REPRODUCED),
        ({"above": 4.5, "direction": 1}, 6, 4.4, 9, Verdict.DIRECTION_ONLY),
        ({"above": 4.5, "direction": 1}, 2, 1.5, 3, Verdict.DIRECTION_ONLY),
        ({"above": 4.5, "direction": 1}, 0.9, 0.5, 3, Verdict.NOT_REPRODUCED),
        ({"above": 4.5, "direction": 1}, 6, -np.inf, 9, Verdict.DIRECTION_ONLY),
        ({"above": 0}, 3, 0, 5, Verdict.DIRECTION_ONLY),
        ({"above": 0}, 0, 0, 0, Verdict.NOT_REPRODUCED),
        ({"above": 0}, -1, -2, 5, Verdict.NOT_REPRODUCED),
        ({"above": 0}, np.nan, np.nan, np.nan, Verdict.NOT_TESTED),
        ({"within": (-1, 30)}, 3, -0.5, 5, Verdict.REPRODUCED),
        ({"within": (-1, 30)}, 3, -2, 5, Verdict.DIRECTION_ONLY),
    ],
)
def test_verdicts_where_the_papers_number_is_positive(test, estimate, low, high, verdict):
    measure = Measure(name="m", value="1", **test)
    assert judge_measure(measure, 5.0, estimate, low, high) is verdict


@pytest.mark.parametrize(
    ("estimate", "low", "high", "verdict"),
    [
        (-3, -5, -1, Verdict.REPRODUCED),
        (-3, -5, 1, Verdict.DIRECTION_ONLY),
        (3, -5, 4, Verdict.NOT_REPRODUCED),
        (-3, -5, np.inf, Verdict.DIRECTION_ONLY),
    ],
)
def test_verdicts_where_the_papers_number_is_negative(estimate, low, high, verdict):
    assert judge_measure(Measure(name="m", value="1", below=0), -5.0, estimate, low, high) is verdict


@pytest.mark.parametrize(
    ("test", "estimate", "low", "high", "verdict"),
    [
        ({"below": 0}, -3, -5, -1, Verdict.REPRODUCED),
        ({"below": 0}, -3, -5, 1, Verdict.DIRECTION_ONLY),
        ({"below": 0}, 3, -5, 4, Verdict.NOT_REPRODUCED),
        ({"above": 0.5, "direction": 0}, 0.4, 0.3, 0.6, Verdict.DIRECTION_ONLY),
        ({"above": 1}, 0.9, 0.8, 1.2, Verdict.NOT_REPRODUCED),
    ],
)
def test_where_the_paper_prints_no_number_its_words_say_which_way(test, estimate, low, high, verdict):
    assert judge_measure(Measure(name="m", value="1", **test), np.nan, estimate, low, high) is verdict


def test_the_first_of_the_measures_with_the_worst_verdict_decides():
    verdicts = (Verdict.REPRODUCED, Verdict.DIRECTION_ONLY, Verdict.NOT_TESTED, Verdict.NOT_TESTED)
    measures = [Measure(name=str(number), value="1", above=0) for number in range(4)]
    estimates = (1.0, 2.0, np.nan, np.nan)
    results = [Result(*of) for of in zip(measures, [1.0] * 4, estimates, estimates, estimates, verdicts, strict=True)]
    claim = Claim(id="a-1", table="t", section="§I", statement="It is so.", measures=measures)
    judgement = Judgement(claim, tuple(results))
    assert judgement.deciding is results[2] and judgement.verdict is Verdict.NOT_TESTED
    assert judgement.measured == tuple(results[:2])
    assert Judgement(claim, tuple(results[:2])).deciding is results[1]
