import dataclasses
import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.instances.types import no_instances, ranked
from graspbook.latent.robot import totes
from graspbook.latent.robot.picking import Grasp, grasp, plan_on
from graspbook.latent.robot.totes import looks_at
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.grippers.suction.nine_cups import NineCups
from graspbook.world.render.renderer import Renderer
from graspbook.world.totes.scene import muted
from tests.latent.worlds import SMALL_TOTES


@pytest.fixture(scope="module")
def looks():
    textures = np.random.default_rng(0).integers(40, 220, (12, 128, 128, 3)).astype(np.uint8)
    catalogue = Catalogue((), textures)
    renderer = Renderer(muted(catalogue, 0.3))
    return [list(looks_at(k, 5, SMALL_TOTES, catalogue, renderer, 2)) for k in (0, 0, 1)]


def test_a_filling_is_emptied_pack_by_pack_and_is_the_same_again(looks):
    first, again, other = looks
    assert [look.left for look in first] == list(range(first[0].left, 1, -1))
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.image, same.image)
        assert one.two == same.two and not any(place.pack.kind == "film" for place in one.tote.placed)
    assert (first[0].image != other[0].image).any()
    assert len({two for look in first for two in look.two}) == 1, "one coin a tote, and every pack is ambiguous"


def test_items_are_packs_or_their_parts(looks):
    look = looks[0][0]
    vertices = {n: item.shape.vertices @ look.tote.scene.poses[n][0].T for n, item in look.tote.scene.items.items()}
    for number, place in enumerate(look.tote.placed, 1):
        points = vertices[number] + np.array([*place.position, 0.0])
        items = look.items_at(np.full(len(points), number), points)
        assert set(items) == ({2 * number, 2 * number + 1} if look.two[number - 1] else {2 * number})


def test_a_grasp_on_one_item_is_no_double(looks):
    look, gripper = looks[0][-1], NineCups(16, 4)
    rays = look.rays()
    whole = np.ones(look.image.shape[:2], bool)
    believed = ranked(whole[None], np.zeros(1, np.int64), np.ones(1))
    result = grasp(look, believed, gripper, rays)
    assert result.double == (len(set(result.items.tolist())) > 1) and len(result.items) == result.sealed.sum()
    again = grasp(look, believed, gripper, rays)
    np.testing.assert_array_equal(result.contact, again.contact)


def test_where_nothing_is_believed_nothing_is_grasped(looks):
    look = looks[0][0]
    empty = no_instances(look.image.shape[:2])
    assert plan_on(look, empty, NineCups(4, 2)) is None
    result = grasp(look, empty, NineCups(4, 2), look.rays())
    assert result.plan is None and not result.double and not result.sealed.any()


class Fake:
    """A gripper that tells which masks it was asked about and with which draws, and is surest of the smallest."""

    def __init__(self):
        self.asked = []

    def plan(self, depth, camera, mask, rng):
        self.asked.append((int(mask.sum()), float(rng.random())))
        return SimpleNamespace(area=int(mask.sum()), score=-mask.sum())


def test_the_surest_plan_on_the_largest_masks_is_taken():
    masks = np.zeros((12, 20, 20), bool)
    for k, mask in enumerate(masks):
        mask.ravel()[: 10 * (k + 1)] = True
    found = ranked(masks, np.zeros(12, np.int64), np.linspace(0.9, 0.1, 12))
    look = SimpleNamespace(filling=3, left=4, depth=None, tote=SimpleNamespace(scene=SimpleNamespace(camera=None)))
    gripper = Fake()
    assert plan_on(look, found, gripper).area == 50
    assert sorted(area for area, _ in gripper.asked) == [10 * k for k in range(5, 13)]
    others = [Fake(), Fake()]
    for other, (filling, left) in zip(others, ((3, 3), (2, 4)), strict=True):
        plan_on(SimpleNamespace(**(vars(look) | {"filling": filling, "left": left})), found, other)
    drawn = [{draw for _, draw in own.asked} for own in (gripper, *others)]
    assert [len(own) for own in drawn] == [1, 1, 1] and len(set.union(*drawn)) == 3


def test_two_cups_on_one_item_are_no_double():
    empty = np.zeros((9, 3)), np.zeros(9, bool)
    assert not Grasp(None, np.array([4, 4, 4]), *empty).double and Grasp(None, np.array([4, 5]), *empty).double


@pytest.fixture
def fillings(monkeypatch):
    """Fillings without their pictures."""
    for name, value in (("render", None), ("photograph", np.zeros((2, 2, 3), np.uint8)), ("measure_depth", None)):
        monkeypatch.setattr(totes, name, lambda *_, value=value: value)
    asked = []
    catalogue = SimpleNamespace(textures=lambda split: asked.append(split) or np.arange(5))
    config = dataclasses.replace(SMALL_TOTES, films=1.0, agreement=0.5, ambiguous=0.5)
    return [list(looks_at(k, 5, config, catalogue, None, 2)) for k in range(8)], asked


def test_fillings_are_of_test_packs_without_films_and_lose_the_last_that_was_laid(fillings):
    fillings, asked = fillings
    assert set(asked) == {"test"}
    for looks in fillings:
        assert not any(place.pack.kind == "film" for place in looks[0].tote.placed)
        for look, following in itertools.pairwise(looks):
            assert following.tote.placed == look.tote.placed[:-1] and following.two == look.two[:-1]
    assert len({tuple(place.pack.thickness for place in looks[0].tote.placed) for looks in fillings}) == 8


def test_packs_are_two_items_where_they_are_ambiguous_and_the_coins_say_so(fillings):
    packs = [(p.pack, two) for looks in fillings[0] for p, two in zip(looks[0].tote.placed, looks[0].two, strict=True)]
    assert not any(two for pack, two in packs if not pack.ambiguous)
    assert {two for pack, two in packs if pack.ambiguous} == {True, False}
    look = next(looks[0] for looks in fillings[0] if any(looks[0].two))
    number = look.two.index(True) + 1
    place = look.tote.placed[number - 1]
    corners = np.array(
        [[place.position[0] + dx, place.position[1] + dy, 0.0] for dx in (-0.12, 0.12) for dy in (-0.12, 0.12)]
    )
    assert set(look.items_at(np.full(4, number), corners)) == {2 * number, 2 * number + 1}
