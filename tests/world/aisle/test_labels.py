import dataclasses

import numpy as np
import pytest

from graspbook.world.aisle.classes import NUMBER_OF
from graspbook.world.aisle.config import AisleConfig
from graspbook.world.aisle.drive import TEXTURES, run_drive
from graspbook.world.aisle.labels import ALIKE, ask_aisle, photograph_aisle, unload
from graspbook.world.aisle.scene import draw_aisle
from graspbook.world.labellers.config import FarLabelConfig

CONFIG = AisleConfig(
    width=96,
    height=64,
    samples=1,
    frames=1,
    step=2.0,
    min_things=8,
    max_things=9,
    row_share=0.6,
    min_row=3,
    max_row=4,
    noise=0.01,
)
LABELS = FarLabelConfig(agreement=1.0, least_pixels=5, far_pixels=60)


@pytest.fixture(scope="module")
def pictures():
    return [photograph_aisle(CONFIG, LABELS, 3, number) for number in range(6)]


def test_the_picture_is_the_one_that_the_drive_takes(pictures):
    for number, (image, answers) in enumerate(pictures):
        view = next(run_drive(CONFIG, 3, number))
        np.testing.assert_array_equal(image, view.image)
        ids, classes = answers.labels(1, [True] * len(answers.questions))  # rows apart, and with all that belongs
        np.testing.assert_array_equal(ids > 0, view.classes > 0)
        sure = ~np.isin(answers.units, [u for q in answers.questions if q.kind == "class" for u in q.units])
        shown = sure & (view.classes > 0)
        np.testing.assert_array_equal(classes[ids][shown] + 1, view.classes[shown])
        for thing in np.unique(view.instances[shown]):
            assert len(np.unique(ids[(view.instances == thing) & shown])) == 1


def test_every_kind_of_question_is_asked(pictures):
    kinds = {question.kind for _, answers in pictures for question in answers.questions}
    assert kinds == {"class", "extent", "cluster"}


def test_the_same_number_gives_the_same_picture_and_labels(pictures):
    image, answers = photograph_aisle(CONFIG, LABELS, 3, 1)
    np.testing.assert_array_equal(image, pictures[1][0])
    np.testing.assert_array_equal(answers.labels(5)[0], pictures[1][1].labels(5)[0])


def test_labels_lie_on_things_and_every_instance_is_seen(pictures):
    for _, answers in pictures:
        for side in (False, True):
            ids, classes = answers.labels(LABELS.least_pixels, [side] * len(answers.questions))
            assert not (ids[answers.units == 0]).any()
            assert (np.bincount(ids.ravel())[1:] >= LABELS.least_pixels).all()
            assert set(classes.tolist()) <= set(range(8))


def test_what_can_be_left_out_is_below_a_load_or_on_a_trolley():
    aisle = draw_aisle(np.random.default_rng(4), dataclasses.replace(CONFIG, min_things=14, max_things=14), TEXTURES)
    units, rest_of = unload(aisle)
    assert rest_of and set(aisle.classes[list(rest_of)]) <= {NUMBER_OF["pallet"], NUMBER_OF["trolley"]}
    for thing, rest in rest_of.items():
        own, left_out = aisle.owners == thing, units == rest
        assert left_out.any() and not (left_out & ~own).any()
        heights = [aisle.parts[k].vertices[:, 2].max() for k in np.flatnonzero(left_out)]
        others = [aisle.parts[k].vertices[:, 2].max() for k in np.flatnonzero(own & ~left_out)]
        if aisle.classes[thing] == NUMBER_OF["pallet"]:
            assert max(heights) < min(others)
    np.testing.assert_array_equal(units[aisle.owners == 0], 0)


def test_questions_follow_size_and_neighbours():
    units = np.zeros((20, 40), np.uint16)
    units[2:6, 2:6], units[2:6, 6:10] = 1, 2  # two far trolleys that touch
    units[10:14, 2:6] = 3  # a far bicycle
    units[8:19, 20:30] = 4  # a near worker
    units[2:4, 20:30], units[4:6, 20:30] = 5, 6  # a pallet's load, and the pallet
    classes = np.array([0, *(NUMBER_OF[n] for n in ("trolley", "trolley", "bicycle", "worker", "pallet"))], np.uint8)
    answers = ask_aisle(units, classes, {5: 6}, LABELS, np.random.default_rng(0))
    asked = {question.kind: question.units for question in answers.questions}
    assert asked == {"cluster": (1, 2), "class": (3,), "extent": (5, 6)}
    numbers = {name: NUMBER_OF[name] - 1 for name in ("bicycle", "scooter", "worker")}
    assert set(answers.classes[:, 3]) == {numbers["bicycle"], numbers["scooter"]} and ALIKE["bicycle"] == "scooter"
    assert set(answers.classes[:, 4]) == {numbers["worker"]}
