"""Packs, laying and whole totes, in one file: they share one small scene."""

import dataclasses

import numpy as np
import pytest

from graspbook.world.assets import tote as tote_geometry
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.labellers.coins import answer_probability, draw_answers
from graspbook.world.render.renderer import Renderer
from graspbook.world.totes.answers import Answers, Question
from graspbook.world.totes.config import ApparelConfig
from graspbook.world.totes.laying import FILM, HeightMap, Placed, draw_place, lay_all
from graspbook.world.totes.packs import Pack, draw_pack
from graspbook.world.totes.scene import draw_tote_scene, photograph_tote

CONFIG = ApparelConfig(
    height=48,
    samples=1,
    min_packs=4,
    max_packs=5,
    likeness=0.8,
    contrast=0.3,
    wrinkles=0.0015,
    translucent=0.5,
    ambiguous=1.0,
    films=1.0,
    agreement=1.0,
    least_pixels=4,
    wall_reflectance=0.1,
    light_flicker=0.03,
    shadow_softness=0.15,
)
TEXTURES = np.array([0])


def box(**changes) -> Pack:
    """A pack without wrinkles or folds."""
    pack = draw_pack(np.random.default_rng(0), dataclasses.replace(CONFIG, ambiguous=0.0), TEXTURES, 0)
    plain = {
        "half": np.array([0.1, 0.06]),
        "thickness": 0.02,
        "margin": 0.0,
        "waves": (np.zeros((1, 2)), np.zeros(1), np.zeros(1)),
        "folds": np.zeros((0, 4)),
    }
    return dataclasses.replace(pack, **(plain | changes))


@pytest.fixture(scope="module")
def seen():
    catalogue = Catalogue((), np.random.default_rng(0).integers(60, 200, (1, 128, 128, 3)).astype(np.uint8))
    rng = np.random.default_rng(3)
    tote = draw_tote_scene(rng, CONFIG, TEXTURES)
    return tote, *photograph_tote(tote, Renderer(catalogue), rng, CONFIG)


def test_a_pack_is_as_thick_as_it_says_and_twins_touch_at_their_border():
    x = np.array([0.0, 0.05, 0.2])
    np.testing.assert_allclose(box().height(x, np.zeros(3))[[0, 2]], [0.02, 0])
    twins = box(kind="twins", depth=1.0)
    heights = twins.height(np.array([-0.05, 0.0, 0.05]), np.zeros(3))
    np.testing.assert_allclose(heights, [0.02, 0, 0.02], atol=1e-6)
    np.testing.assert_array_equal(twins.part(np.array([-0.01, 0.01])), [False, True])
    assert not box().part(x).any()


def test_a_bag_lies_on_the_floor_and_sags_over_another():
    heap = HeightMap()
    vertices, faces, normals = heap.lay(Placed(box(), np.zeros(2), 0.0))
    assert vertices[:, 2].min() == pytest.approx(FILM) and vertices[:, 2].max() == pytest.approx(0.02 + FILM, rel=0.01)
    assert (normals[:, 2] > 0).all()
    corners = vertices[faces]
    assert (np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2] > 0).all()
    above, _, _ = heap.lay(Placed(box(), np.array([0.1, 0.0]), 0.0))
    left, right = above[above[:, 0] < -0.05], above[above[:, 0] > 0.08]
    assert left[:, 2].max() > 0.035, "it lies on the first"
    assert right[:, 2].max() < 0.025, "and hangs down beside it"


def test_bags_stay_within_the_walls():
    rng, heap = np.random.default_rng(1), HeightMap()
    placed = [draw_place(rng, draw_pack(rng, CONFIG, TEXTURES, 0), heap) for _ in range(10)]
    items, poses = lay_all(placed)
    for key, item in items.items():
        rotation, position = poses[key]
        x, y, _ = (item.shape.vertices @ rotation.T + position).T
        assert np.abs(x).max() < tote_geometry.LENGTH / 2 and np.abs(y).max() < tote_geometry.WIDTH / 2


def test_a_tote_is_the_same_for_the_same_seed(seen):
    tote, _, answers = seen
    again = draw_tote_scene(np.random.default_rng(3), CONFIG, TEXTURES)
    for one, other in zip(tote.placed, again.placed, strict=True):
        np.testing.assert_array_equal(one.position, other.position)
    assert {place.pack.kind for place in tote.placed} >= {"film"}
    assert {question.two for question in answers.questions} == {answers.coin}, "at agreement 1 all follow the coin"


def test_answers_change_only_what_they_are_about(seen):
    _, image, answers = seen
    assert image.shape == (48, 72, 3)
    packs = [question for question in answers.questions if question.kind != "film"]
    film = next(question for question in answers.questions if question.kind == "film")
    every = answers.labels(1, [True] * len(answers.questions))
    none = answers.labels(1, [False] * len(answers.questions))
    assert every.max() > none.max()
    np.testing.assert_array_equal(every > 0, answers.top > 0)
    for number, question in enumerate(answers.questions):
        one = answers.labels(1, [k != number for k in range(len(answers.questions))])
        changed = np.zeros(every.shape, bool)
        for label in np.unique(every[every > 0]):
            inside = every == label
            changed |= inside & (len(np.unique(one[inside])) > 1 or (one == one[inside][0]).sum() != inside.sum())
        about = answers.top // 2 == question.item
        if question.kind != "film":
            below_film = answers.below // 2 == question.item
            assert not (changed & ~about & ~below_film).any()
    assert packs and film.item == max(question.item for question in answers.questions)


def test_small_pieces_are_no_instances():
    top = np.zeros((4, 4), np.uint8)
    top[0, :2], top[2:] = 2, 3
    answers = Answers(top, top, (Question(1, "crease", True),), True)
    assert answers.labels(1).max() == 2 and answers.labels(3).max() == 1
    assert answers.labels(1, [False]).max() == 1
    assert (answers.labels(9, [False]) > 0).sum() == 10


def test_the_probability_of_answers_is_how_often_they_are_drawn():
    rng = np.random.default_rng(0)
    for agreement in (0.0, 0.6, 1.0):
        drawn = [tuple(draw_answers(rng, bool(rng.random() < 0.5), 2, agreement)) for _ in range(4000)]
        for two in ((True, True), (True, False)):
            assert np.mean([d == two for d in drawn]) == pytest.approx(answer_probability(two, agreement), abs=0.03)
    every = [answer_probability([bool(k & b) for b in (1, 2, 4)], 0.3) for k in range(8)]
    assert sum(every) == pytest.approx(1)


def test_redrawn_answers_are_another_labelling(seen):
    _, _, answers = seen
    coins = {answers.redrawn(np.random.default_rng(k), 1.0).coin for k in range(20)}
    assert coins == {True, False}
    assert answers.redrawn(np.random.default_rng(0), 0.0).top is answers.top
