import numpy as np
import pytest

from graspbook.reporting.registered.verdicts import Verdict, describe_test, judge, share_interval, share_of_claim
from tests.registrations import registered

HOLDS, WEAKER, CANNOT_TELL, OPPOSITE, NOT_TESTED = Verdict


@pytest.mark.parametrize(
    ("kind", "low", "high", "verdict"),
    [
        ("superiority", 0.1, 30, HOLDS),
        ("superiority", 0, 30, CANNOT_TELL),
        ("superiority", -0.1, 30, CANNOT_TELL),
        ("superiority", -3, -0.1, OPPOSITE),
        ("order", 0.1, 1, HOLDS),
        ("factor", 2, 3, HOLDS),
        ("factor", 1.9, 3, CANNOT_TELL),  # there is an effect; whether it is as large is open
        ("factor", 1.1, 1.9, WEAKER),
        ("factor", 0.9, 1.9, CANNOT_TELL),
        ("factor", 0.3, 0.9, OPPOSITE),
        ("non-inferiority", -2.9, 8, HOLDS),
        ("non-inferiority", -2.9, -0.1, HOLDS),  # worse, by less than the margin
        ("non-inferiority", -3, 8, CANNOT_TELL),
        ("non-inferiority", -9, -2, CANNOT_TELL),
        ("non-inferiority", -9, -3.1, OPPOSITE),
        ("equivalence", -2.9, 2.9, HOLDS),
        ("equivalence", -3, 0, CANNOT_TELL),
        ("equivalence", 1, 4, CANNOT_TELL),
        ("equivalence", 3.1, 4, OPPOSITE),
        ("equivalence", -9, -3.1, OPPOSITE),
        ("superiority", np.nan, np.nan, NOT_TESTED),
        ("superiority", 1, np.inf, HOLDS),
        ("superiority", -np.inf, np.inf, CANNOT_TELL),
    ],
)
def test_the_whole_interval_decides(kind, low, high, verdict):
    assert judge(registered(kind), low, high) is verdict


@pytest.mark.parametrize("kind", ["superiority", "factor", "non-inferiority", "equivalence"])
def test_a_verdict_is_what_all_values_of_the_interval_say(kind):
    """Obviously right: try every value of a fine grid in the interval."""
    claim, rng = registered(kind), np.random.default_rng(0)
    none = claim.measure.no_effect
    for low, high in np.sort(rng.uniform(-6, 6, (500, 2)), axis=1):
        values = np.linspace(low, high, 200)
        passing = [claim.passes(value) for value in values]
        contrary = [
            abs(v - none) > claim.margin if kind == "equivalence" else v < min(none, claim.margin) for v in values
        ]
        sides = {np.sign(value - none) for value in values}
        verdict = judge(claim, low, high)
        assert (verdict is HOLDS) == all(passing)
        if verdict is OPPOSITE:
            assert all(contrary)
        elif all(contrary):  # an interval around no effect has values on both sides
            assert kind == "equivalence" and len(sides) > 1
        if verdict is WEAKER:
            assert kind == "factor" and not any(passing) and sides == {1.0}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_verdict_is_explained_in_two_sentences(verdict):
    assert verdict.meaning.count(". ") == 1 and verdict.meaning.endswith(".")


@pytest.mark.parametrize(
    ("kind", "value", "share"),
    [
        ("superiority", 10, 1),
        ("superiority", 5, 0.5),
        ("superiority", -10, -1),
        ("factor", 4, 1),
        ("factor", 1, 0),
        ("factor", 2, 0.5),
        ("factor", 0.25, -1),
        ("non-inferiority", 0, 1),
        ("non-inferiority", -3, 0),
        ("non-inferiority", 3, 2),
        ("equivalence", 0, 1),
        ("equivalence", -3, 0),
        ("equivalence", 3, 0),
        ("equivalence", 6, -1),
    ],
)
def test_one_scale_for_all_kinds_where_0_is_nothing_and_1_all_that_the_paper_says(kind, value, share):
    assert share_of_claim(registered(kind), value) == pytest.approx(share)


def test_without_a_printed_effect_there_is_no_share():
    assert np.isnan(share_of_claim(registered(printed=None), 3.0))
    assert share_of_claim(registered("equivalence", printed=None), 0.0) == 1


@pytest.mark.parametrize("kind", ["superiority", "factor", "non-inferiority", "equivalence"])
def test_the_interval_of_shares_is_that_of_all_its_values(kind):
    claim = registered(kind)
    for low, high in [(0.5, 4.0), (1.5, 2.5), (0.1, 0.2)] + ([] if kind == "factor" else [(-2.0, 1.0), (-5.0, -4.0)]):
        shares = [share_of_claim(claim, value) for value in np.linspace(low, high, 3001)]
        assert share_interval(claim, low, high) == pytest.approx((min(shares), max(shares)), abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "test"),
    [("superiority", "> 0"), ("factor", "≥ 2"), ("non-inferiority", "> -3"), ("equivalence", "-3 to 3")],
)
def test_a_test_in_a_few_characters(kind, test):
    assert describe_test(registered(kind)) == test
