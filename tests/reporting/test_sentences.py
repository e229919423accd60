import numpy as np
import pytest

from graspbook.papers import Claim, Measure
from graspbook.reporting.sentences import claim_sentence, describe_test, interval_text, number_text
from graspbook.reporting.verdicts import Judgement, Result, Verdict

MEASURES = [Measure(name=name, value="1", above=0) for name in ("a ratio", "a gain")]
CLAIM = Claim(id="a-1", table="t", section="§I", statement="It is so.", measures=MEASURES)
RATIO = Result(MEASURES[0], 5.0, 6.4339, 5.1, 7.29, Verdict.REPRODUCED)
GAIN = Result(MEASURES[1], np.nan, 0.02, -np.inf, 0.3, Verdict.DIRECTION_ONLY)
UNTESTED = Result(MEASURES[0], 5.0, np.nan, np.nan, np.nan, Verdict.NOT_TESTED)


def test_a_claim_is_told_with_the_measure_that_decides_it():
    assert claim_sentence(Judgement(CLAIM, (RATIO, GAIN))) == (
        "- It is so. a gain: **0.02** [-inf, 0.3] — *direction only*."
    )
    assert claim_sentence(Judgement(CLAIM, (RATIO,))) == (
        "- It is so. a ratio: **6.43** [5.1, 7.29] (paper: 5) — *reproduced*."
    )


def test_more_measures_are_told_in_their_order_and_an_open_interval_in_words():
    judgement = Judgement(CLAIM, (RATIO, GAIN))
    assert claim_sentence(judgement, judgement.results, no_interval="(one training)") == (
        "- It is so. a ratio: **6.43** [5.1, 7.29] (paper: 5); a gain: **0.02** (one training) — *direction only*."
    )


def test_what_is_not_tested_has_the_papers_number_or_other_words():
    judgement = Judgement(CLAIM, (UNTESTED,))
    assert claim_sentence(judgement) == "- It is so. (paper: 5) — *not tested at this profile*."
    assert claim_sentence(judgement, judgement.measured) == "- It is so. — *not tested at this profile*."
    assert claim_sentence(judgement, [], untested=" Not yet.") == (
        "- It is so. Not yet. — *not tested at this profile*."
    )


@pytest.mark.parametrize(
    ("test", "text"), [({"above": 4.5}, "> 4.5"), ({"below": 0.5}, "< 0.5"), ({"within": (-1, 30)}, "-1 to 30")]
)
def test_a_test_in_a_few_characters(test, text):
    assert describe_test(Measure(name="m", value="1", **test)) == text


def test_numbers_have_three_digits_and_open_ends_a_dash():
    values = (51.1234, None, np.inf, 0.000012, np.nan)
    assert [number_text(value) for value in values] == ["51.1", "–", "–", "1.2e-05", "–"]
    assert interval_text(3.14159, -np.inf, 4.0) == "3.14 [–, 4]"
    assert interval_text(None, None, None) == interval_text(np.nan, 1.0, 2.0) == "–"
