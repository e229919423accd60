import numpy as np
import pytest

from graspbook.instances.types import no_instances, ranked
from graspbook.latent.apparel.coins import (
    ambiguous_share,
    coin_counts,
    every_answer,
    parts_of,
    predict_pair,
    probability_inside,
)
from graspbook.latent.apparel.labels import relabelled
from graspbook.latent.apparel.truth import instances_of
from graspbook.latent.dataset import LabelledImages
from graspbook.world.totes.answers import Answers, Question

LEAST = 4


@pytest.fixture
def answers():
    """Two creased packs, a plain one, and a film over it."""
    below = np.zeros((12, 20), np.uint8)
    below[1:5, 1:5], below[1:5, 5:9] = 2, 3
    below[7:11, 1:5], below[7:11, 5:9] = 4, 5
    below[2:10, 12:18] = 6
    top = below.copy()
    top[4:8, 11:19] = 8
    questions = Question(1, "crease", True), Question(2, "seam", True), Question(4, "film", True)
    return Answers(top, below, questions, True)


def as_sample(answers, two):
    found = instances_of(answers.labels(LEAST, two))
    return ranked(found.masks, found.classes, np.full(len(found), 0.9))


def test_a_sample_says_what_it_was_made_of(answers):
    parts = parts_of(answers, LEAST)
    assert len(parts.first) == 2, "films are not asked about"
    for two in ((True, True), (False, True), (True, False), (False, False)):
        assert predict_pair(parts, as_sample(answers, (*two, True))).tolist() == list(two)
    assert predict_pair(parts, no_instances(answers.top.shape)).tolist() == [-1, -1]


def test_a_part_that_is_hidden_asks_nothing(answers):
    answers.top[1:5, 5:9] = 0
    assert len(parts_of(answers, LEAST).first) == 1


def test_counts_are_those_of_a_loop(answers):
    samples = [as_sample(answers, (a, b, True)) for a, b in ((True, True), (True, False), (False, False))]
    counts = coin_counts(parts_of(answers, LEAST), samples)
    assert counts == {"two": 3.0, "decided": 6.0, "alike": 2.0, "pairs": 3.0}
    plain = Answers(answers.top, answers.below, (), True)
    assert coin_counts(parts_of(plain, LEAST), samples) == dict.fromkeys(("two", "decided", "alike", "pairs"), 0.0)


@pytest.mark.parametrize("agreement", [0.0, 0.4, 1.0])
def test_probabilities_of_all_answers_add_up(answers, agreement):
    every = every_answer(answers, agreement, 0)
    assert sum(probability for probability, _ in every) == pytest.approx(1)
    rng, drawn = np.random.default_rng(0), []
    for _ in range(2000):
        drawn.append(tuple(q.two for q in answers.redrawn(rng, agreement).questions))
    for probability, two in every:
        assert np.mean([d == two for d in drawn]) == pytest.approx(probability, abs=0.05)


def test_a_mask_is_inside_as_often_as_the_coins_say(answers):
    whole, part, plain = (np.isin(answers.top, codes) for codes in ((2, 3), (2,), (6,)))
    found = ranked(np.stack([whole, part, plain]), np.zeros(3, np.int64), np.array([0.9, 0.8, 0.7]))
    for agreement in (0.0, 1.0):
        np.testing.assert_allclose(probability_inside(found, answers, agreement, LEAST), [0.5, 1.0, 1.0])
    assert len(probability_inside(no_instances(answers.top.shape), answers, 1.0, LEAST)) == 0


def test_the_share_of_ambiguous_packs_leaves_films_out(answers):
    assert ambiguous_share(answers) == pytest.approx(2 / 3)
    assert ambiguous_share(Answers(answers.top * 0, answers.below * 0, (), True)) == 0


def test_other_coins_give_other_labels_of_the_same_pictures(answers):
    ids = answers.labels(LEAST)
    images = LabelledImages(
        np.zeros((8, 12, 20, 3), np.uint8), np.stack([ids] * 8), (np.zeros(9, np.int64),) * 8, np.arange(8)
    )
    again = relabelled(images, [answers] * 8, 0.0, LEAST, 1)
    assert again.images is images.images
    counts = {len(again.instances(k)) for k in range(8)}
    assert len(counts) > 1, "coins of packs differ"
    same = relabelled(images, [answers] * 8, 0.0, LEAST, 1)
    np.testing.assert_array_equal(again.ids, same.ids)


def test_where_all_packs_agree_there_are_two_answers_however_many_are_asked():
    blank = np.zeros((4, 4), np.uint8)
    asked = Answers(blank, blank, tuple(Question(item, "seam", True) for item in range(1, 12)), True)
    assert every_answer(asked, 1, 0) == [(0.5, (False,) * 11), (0.5, (True,) * 11)]
