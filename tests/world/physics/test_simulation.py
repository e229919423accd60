from dataclasses import replace

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.world.assets import tote
from graspbook.world.assets.items import draw_item
from graspbook.world.bin.fill import draw_count, drop_points, fill
from graspbook.world.physics.simulation import Cell, hulls_to_obj, quaternion
from tests.conftest import standard

DIALS = standard("selfsup").world.dials


def test_a_dropped_box_comes_to_rest_on_the_floor(box_item):
    with Cell() as cell:
        cell.add(1, box_item(0.1, 0.06, 0.04), np.array([0, 0, 0.1]), np.eye(3))
        settled = cell.settle()
        rotation, position = cell.pose(1)
    assert settled.quiet
    np.testing.assert_allclose(position, [0, 0, 0.02], atol=2e-3)
    np.testing.assert_allclose(rotation, np.eye(3), atol=0.02)


def test_time_advances_by_counted_steps_even_if_nothing_rests(box_item):
    with Cell() as cell:
        cell.add(1, box_item(0.1, 0.06, 0.04), np.array([0, 0, 1.4]), np.eye(3))
        settled = cell.settle(max_steps=30)
    assert settled.steps == 30 and not settled.quiet


def test_walls_keep_items_in_where_the_picture_shows_them(box_item):
    with Cell() as cell:
        # pressed against the long wall's foot: the box's lower edge may not pass the wall's inner face
        cell.add(1, box_item(0.04, 0.04, 0.04), np.array([0.2, 0, 0.021]), np.eye(3))
        cell.jolt({1: np.array([1.5, 0, 0])})
        furthest = 0.0
        for _ in range(120):
            cell.step()
            rotation, position = cell.pose(1)
            corners = cell.items[1].shape.vertices @ rotation.T + position
            half_x, _ = tote.half_extent(np.clip(corners[:, 2], 0, tote.HEIGHT))
            furthest = max(furthest, float((corners[:, 0] - half_x).max()))
    assert -0.02 < furthest < 4e-3


def test_outside_reports_what_is_beside_the_bin_and_what_diverged(box_item):
    with Cell() as cell:
        box = box_item(0.05, 0.05, 0.05)
        cell.add(1, box, np.array([0, 0, 0.03]), np.eye(3))
        cell.add(2, box, np.array([0.6, 0, 0.03]), np.eye(3))
        cell.add(3, box, np.array([0, 0.05, 0.1]), np.eye(3))
        cell.put_back({3: ([float("nan")] * 3, [0, 0, 0, 1])})
        assert cell.outside() == {2, 3}
        assert set(cell.items) == {1, 2, 3}, "reported, but not removed"
        cell.remove([2, 3])
        assert set(cell.items) == {1} and cell.outside() == set()


def test_two_cells_do_not_touch_each_other(box_item):
    with Cell() as one, Cell() as other:
        one.add(1, box_item(0.05, 0.05, 0.05), np.array([0, 0, 0.3]), np.eye(3))
        other.add(1, box_item(0.05, 0.05, 0.05), np.array([0, 0, 0.5]), np.eye(3))
        one.step(10)
        assert one.pose(1)[1][2] < 0.3
        assert other.pose(1)[1][2] == 0.5


def test_clients_are_given_back(box_item):
    for _ in range(40):
        with Cell() as cell:
            cell.step()
    cell.close()


def test_an_object_id_is_used_once_and_in_range(box_item):
    with Cell() as cell:
        cell.add(7, box_item(0.05, 0.05, 0.05), np.zeros(3), np.eye(3))
        for bad in (7, 0, 251):
            with pytest.raises(InputError, match="object_id"):
                cell.add(bad, box_item(0.05, 0.05, 0.05), np.zeros(3), np.eye(3))


def test_put_back_restores_poses_exactly_and_still_items_do_not_fall(box_item):
    with Cell() as cell:
        cell.add(1, box_item(0.05, 0.05, 0.05), np.array([0, 0, 0.3]), np.eye(3))
        cell.step(3)
        kept, pose = cell.raw_poses(), cell.pose(1)
        cell.step(30)
        cell.put_back(kept)
        cell.hold_still([1])
        cell.step(30)
        np.testing.assert_array_equal(cell.pose(1)[1], pose[1])
        cell.set_free([1])
        cell.step(30)
        assert cell.pose(1)[1][2] < pose[1][2] - 0.05


def test_resting_on_follows_contacts(box_item):
    with Cell() as cell:
        box = box_item(0.1, 0.1, 0.03)
        for k in range(3):
            cell.add(k + 1, box, np.array([0, 0, 0.016 + 0.031 * k]), np.eye(3))
        cell.add(4, box, np.array([0.18, 0, 0.016]), np.eye(3))
        cell.settle()
        assert cell.resting_on({1}) == {2, 3}


def test_lowest_is_the_lowest_vertex(box_item):
    turn = np.array([[1, 0, 0], [0, 0.6, -0.8], [0, 0.8, 0.6]])
    with Cell() as cell:
        item = box_item(0.1, 0.06, 0.04)
        cell.add(1, item, np.array([0, 0, 0.3]), turn)
        naive = min(float((turn @ v)[2]) for v in item.shape.vertices) + 0.3
        assert cell.lowest(1) == pytest.approx(naive, abs=1e-6)


def test_a_compound_keeps_its_pieces_apart(box_item):
    """A table of two legs must stand over a block between them; one hull over both legs could not."""
    legs = tuple(box_item(0.02, 0.06, 0.06).shape.vertices + np.float32([s * 0.06, 0, 0]) for s in (-1, 1))
    with Cell() as cell:
        item = box_item(0.02, 0.06, 0.06)
        cell.add(1, box_item(0.05, 0.05, 0.05, mass=1.0), np.array([0, 0, 0.026]), np.eye(3))
        bridge = replace(item, shape=replace(item.shape, name="bridge_1", hulls=legs))
        cell.add(2, bridge, np.array([0, 0, 0.032]), np.eye(3))
        cell.settle()
        np.testing.assert_allclose(cell.pose(2)[1], [0, 0, 0.03], atol=3e-3)


def test_obj_text_names_every_point_of_every_piece():
    pieces = [np.arange(12.0).reshape(4, 3), np.arange(15.0).reshape(5, 3)]
    lines = hulls_to_obj(pieces).split("\n")
    assert sum(line.startswith("o ") for line in lines) == 2
    faces = [[int(i) for i in line.split()[1:]] for line in lines if line.startswith("f")]
    assert {i for face in faces for i in face} == set(range(1, 10))
    assert not any(min(face) <= 4 < max(face) for face in faces), "no face joins two pieces"


def test_quaternion_of_a_quarter_turn():
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    np.testing.assert_allclose(quaternion(turn), [0, 0, 0.5**0.5, 0.5**0.5], atol=1e-12)


@pytest.mark.slow
def test_filling_puts_every_item_into_the_bin_or_names_it_as_lost(small_catalogue):
    rng = np.random.default_rng(3)
    items = {k: draw_item(rng, small_catalogue, "train", DIALS, 0) for k in range(1, 31)}
    with Cell() as cell:
        lost = fill(cell, items, rng, occlusion=1.0)
        assert set(lost) | set(cell.items) == set(items)
        assert not set(lost) & set(cell.items)
        assert cell.outside() == set()


def test_filling_twice_with_one_seed_gives_the_same_bits(small_catalogue):
    def run():
        rng = np.random.default_rng(5)
        items = {k: draw_item(rng, small_catalogue, "test", DIALS, 0) for k in range(1, 9)}
        with Cell() as cell:
            fill(cell, items, rng, occlusion=0.5)
            return {k: np.concatenate([r.ravel(), t]).tobytes() for k, (r, t) in cell.poses().items()}

    assert run() == run()


def test_no_items_can_be_filled_in(box_item):
    with Cell() as cell:
        assert fill(cell, {}, np.random.default_rng(0), 0.5) == ()


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_drop_points_lie_over_the_floor_and_spread_as_the_dial_says(n):
    spread = {}
    for occlusion in (0.0, 1.0):
        points = drop_points(n, np.random.default_rng(0), occlusion)
        assert points.shape == (n, 2)
        assert (np.abs(points) < (tote.LENGTH / 2, tote.WIDTH / 2)).all()
        spread[occlusion] = np.linalg.norm(points - points.mean(0), axis=1).mean()
    if n > 2:
        assert spread[0.0] > 1.4 * spread[1.0]


def test_counts_have_the_mean_that_the_dial_says():
    rng = np.random.default_rng(0)
    counts = [draw_count(rng, 14) for _ in range(4000)]
    assert 13.8 < np.mean(counts) < 14.2
    assert min(counts) == 8 and max(counts) == 20
    assert draw_count(rng, 0.0) == 1 and draw_count(rng, 1e6) == 250
