import dataclasses

import numpy as np
import pytest

from graspbook.world.hall.config import HallConfig
from graspbook.world.hall.scene import Hall, ask_hall, draw_hall, photograph_hall
from graspbook.world.hall.things import ALIKE, CLASSES, draw_thing
from graspbook.world.labellers.config import LabelConfig

CONFIG = HallConfig(height=48, samples=1, min_things=5, max_things=7, ambiguous=0.7, noise=0.01)
LABELS = LabelConfig(agreement=1.0, least_pixels=4)


@pytest.fixture(scope="module")
def pictures():
    return [photograph_hall(CONFIG, LABELS, 3, number) for number in range(8)]


def test_pictures_follow_from_their_numbers(pictures):
    image, answers = photograph_hall(CONFIG, LABELS, 3, 2)
    np.testing.assert_array_equal(image, pictures[2][0])
    assert image.shape == (48, 72, 3) and image.dtype == np.uint8
    assert [q.yes for q in answers.questions] == [q.yes for q in pictures[2][1].questions]
    assert any((one[0] != pictures[2][0]).any() for one in pictures[:2])


def test_every_kind_of_question_is_asked(pictures):
    assert {q.kind for _, answers in pictures for q in answers.questions} == {"class", "extent", "cluster"}


def test_labels_lie_on_things(pictures):
    for _, answers in pictures:
        ids, _ = answers.labels(LABELS.least_pixels)
        assert ids.any() and not ids[answers.units == 0].any()


def test_without_ambiguity_there_is_one_answer():
    for number in range(3):
        answers = photograph_hall(dataclasses.replace(CONFIG, ambiguous=0.0), LABELS, 3, number)[1]
        assert answers.questions == ()


def test_things_of_all_classes_are_drawn_and_say_what_they_may_be():
    rng, seen = np.random.default_rng(0), set()
    for _ in range(300):
        thing = draw_thing(rng, 0.5, 4)
        seen.add((thing.names[0], thing.asks))
        assert len(thing.parts) == len(thing.units) and set(thing.names) <= set(CLASSES)
        units = sorted(set(thing.units))
        assert units == list(range(len(units)))
        if thing.asks == "class":
            assert ALIKE[thing.names[0]] == thing.names[1] and units == [0]
        if thing.asks in ("extent", "cluster"):
            assert len(units) > 1
        low, high = (f([part.vertices[:, 2].min() for part in thing.parts]) for f in (min, max))
        assert -0.25 < low < 0.05 and high < 3, "it stands on the floor"
    assert {name for name, _ in seen} == set(CLASSES)
    assert {asks for _, asks in seen} == {None, "class", "extent", "cluster"}


def test_a_share_of_the_things_is_ambiguous():
    rng = np.random.default_rng(1)
    drawn = [draw_thing(rng, 0.5, 4) for _ in range(1500)]
    asked = [thing.asks is not None for thing in drawn if thing.names[0] != "lamp"]
    assert np.mean(asked) == pytest.approx(0.5, abs=0.05)


def test_hidden_parts_ask_nothing():
    hall = draw_hall(np.random.default_rng(2), dataclasses.replace(CONFIG, ambiguous=1.0), 48)
    assert isinstance(hall, Hall)
    units = np.zeros((20, 20), np.uint16)
    for place, start in enumerate(hall.starts[:6]):
        units[3 * place : 3 * place + 2, :4] = start  # one unit of each alone is seen
    answers = ask_hall(hall, units[:20], LABELS, np.random.default_rng(0))
    assert {question.kind for question in answers.questions} <= {"class"}
