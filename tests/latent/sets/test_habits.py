import itertools

import numpy as np
import pytest

from graspbook.instances.types import no_instances, ranked
from graspbook.latent.sets.habits import answerable, class_at, habit_counts, most_disputed, predict_label, sample_votes
from graspbook.latent.sets.truth import instances_if
from graspbook.world.labellers.answers import Draft

LEAST = 4


@pytest.fixture
def answers():
    """One question of each kind, and something of which nothing is asked."""
    units = np.zeros((6, 30), np.uint16)
    for unit in range(1, 8):
        units[1:5, 4 * unit - 3 : 4 * unit + 1] = unit
    draft = Draft(units)
    draft.sure([1], 0)
    draft.either([2], 3, 4)
    draft.reaches(3, 4, 1)
    draft.cluster([[5], [6], [7]], 2)
    return draft.answered(np.random.default_rng(0), 1.0)


def sample_of(answers, yes, score=0.9):
    found = instances_if(answers, LEAST, yes)
    return ranked(found.masks, found.classes, np.full(len(found), score))


@pytest.mark.parametrize("yes", list(itertools.product((False, True), repeat=3)))
def test_a_sample_says_what_it_was_made_of(answers, yes):
    asked = answerable(answers, LEAST)
    assert predict_label(asked, 3, sample_of(answers, yes)).tolist() == list(yes)


def test_who_finds_nothing_says_nothing(answers):
    assert predict_label(answerable(answers, LEAST), 3, no_instances(answers.units.shape)).tolist() == [
        -1,
        -1,
        -1,
    ]
    table = sample_votes([[sample_of(answers, (True,) * 3, 0.2)] * 2], [answers], LEAST, 0.3)[0]
    assert table.tolist() == [[-1, -1, -1]]


def test_counts_are_those_of_a_loop(answers):
    rng = np.random.default_rng(1)
    drawn = rng.random((5, 3)) < 0.5
    found = [[sample_of(answers, (False,) * 3), *(sample_of(answers, row) for row in drawn)]]
    table = sample_votes(found, [answers], LEAST, 0.3)
    np.testing.assert_array_equal(table[0], drawn)
    for place, kind in enumerate(("class", "extent", "cluster")):
        counts = habit_counts(table, [answers], kind)
        alike = sum(drawn[i, place] == drawn[j, place] for i, j in itertools.combinations(range(5), 2))
        expected = {"yes": drawn[:, place].sum(), "decided": 5, "alike": alike, "pairs": 10}
        assert {name: float(value[0]) for name, value in counts.items()} == expected


def test_the_most_disputed_question_is_the_most_even_one(answers):
    tables = [np.array([[1, 1, -1], [1, 0, -1], [1, 1, -1], [1, 1, -1]]), np.array([[1, 1, 1], [1, 0, 1]] * 2)]
    assert most_disputed(tables, [answers, answers]) == {"extent": (1, 1)}
    assert most_disputed(tables, [answers, answers], pixels=33) == {}, "16 pixels of each of two units"


def test_the_class_at_a_place_is_that_of_the_best_match(answers):
    region = answers.units == 2
    assert class_at(sample_of(answers, (True, False, False)), region) == 4
    assert class_at(sample_of(answers, (False, False, False)), region) == 3
    assert class_at(no_instances(region.shape), region) is None


def test_who_says_nothing_is_not_counted_as_a_no(answers):
    counts = habit_counts([np.array([[1, 1, -1], [-1, 0, -1]])], [answers], "class")
    assert {name: float(value[0]) for name, value in counts.items()} == {
        "yes": 1, "decided": 1, "alike": 0, "pairs": 0,
    }  # fmt: skip
