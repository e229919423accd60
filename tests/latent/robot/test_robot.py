import numpy as np
import pytest

from graspbook.instances.types import no_instances, ranked
from graspbook.latent.robot.picking import grasp, plan_on
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
