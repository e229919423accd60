import itertools

import numpy as np
import pytest

from graspbook.world.labellers.answers import Answers, Draft

LEAST = 4


@pytest.fixture
def units():
    """Seven units of 4x4 pixels side by side, and one of two pixels."""
    units = np.zeros((6, 30), np.uint16)
    for unit in range(1, 8):
        units[1:5, 4 * unit - 3 : 4 * unit + 1] = unit
    units[0, 0], units[0, 1] = 8, 8
    return units


@pytest.fixture
def answers(units):
    """Of unit 1 nothing is asked; 2 is of class 3 or 4; 3 may have 4; 5, 6 and 7 are a cluster; 8 is too small."""
    draft = Draft(units)
    draft.sure([1], 0)
    draft.either([2], 3, 4)
    draft.reaches(3, 4, 1)
    draft.cluster([[5], [6], [7]], 2)
    draft.sure([8], 0)
    draft.sure([9], 0)  # not seen
    return draft.answered(np.random.default_rng(0), 1.0)


def by_hand(units, yes):
    """The regions and classes that the answers (class, extent, cluster) mean."""
    which, reaches, each = yes
    regions = [({1}, 0), ({2}, 4 if which else 3), ({3, 4} if reaches else {3}, 1)]
    regions += [({unit}, 2) for unit in (5, 6, 7)] if each else [({5, 6, 7}, 2)]
    return sorted((np.isin(units, list(some)).tobytes(), kind) for some, kind in regions)


@pytest.mark.parametrize("yes", list(itertools.product((False, True), repeat=3)))
def test_labels_are_what_the_answers_mean(answers, units, yes):
    ids, classes = answers.labels(LEAST, yes)
    assert ids.dtype == np.uint16 and len(classes) == ids.max() + 1
    found = sorted(((ids == k).tobytes(), int(classes[k])) for k in range(1, len(classes)))
    assert found == by_hand(units, yes)


def test_labels_are_those_drawn_unless_told_otherwise(answers):
    drawn = answers.labels(LEAST)
    again = answers.labels(LEAST, [question.yes for question in answers.questions])
    np.testing.assert_array_equal(drawn[0], again[0])
    assert [question.kind for question in answers.questions] == ["class", "extent", "cluster"]
    assert [question.units for question in answers.questions] == [(2,), (3, 4), (5, 6, 7)]


def test_a_cluster_with_one_member_asks_nothing(units):
    draft = Draft(units)
    draft.cluster([[5], [40]], 2)
    assert draft.answered(np.random.default_rng(0), 1.0).questions == ()


def repeated(answers: Answers, agreement, count=3000):
    rng = np.random.default_rng(1)
    return np.array([[q.yes for q in answers.redrawn(rng, agreement).questions] for _ in range(count)])


@pytest.mark.parametrize("agreement", [0.0, 0.5, 1.0])
def test_coins_are_fair_and_answers_are_as_probable_as_said(units, agreement):
    draft = Draft(units)
    draft.either([1], 0, 1)
    draft.either([2], 0, 1)
    draft.reaches(3, 4, 1)
    answers = draft.answered(np.random.default_rng(0), agreement)
    drawn = repeated(answers, agreement)
    np.testing.assert_allclose(drawn.mean(0), 0.5, atol=0.03)
    alike = (drawn[:, 0] == drawn[:, 1]).mean()
    assert alike == pytest.approx((1 + agreement**2) / 2, abs=0.03), "one kind, one coin"
    assert (drawn[:, 0] == drawn[:, 2]).mean() == pytest.approx(0.5, abs=0.03), "kinds have coins of their own"
    total = 0.0
    for yes in itertools.product((False, True), repeat=3):
        probability = answers.probability(yes, agreement)
        total += probability
        assert (drawn == yes).all(1).mean() == pytest.approx(probability, abs=0.03)
    assert total == pytest.approx(1)


def test_another_labeller_changes_labels_but_not_the_picture(answers):
    other = answers.redrawn(np.random.default_rng(5), 0.0)
    assert other.units is answers.units and other.asked is answers.asked
