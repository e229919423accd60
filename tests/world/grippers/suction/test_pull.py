"""Every outcome in a constructed scene, and what happens to everything else."""

import dataclasses

import numpy as np
import pytest

from graspbook.data.schema import OUTCOMES
from graspbook.world.grippers.suction.pull import judge, pull
from graspbook.world.grippers.suction.seal import FORCE, press
from graspbook.world.physics.simulation import Cell
from graspbook.world.render.rays import RayScene

EYE = np.eye(3)


def _grasp(cell, pose, movement=1.0, seed=0):
    """Lets the cell settle, presses and pulls; returns contact, result, and poses before and after."""
    cell.settle()
    before = cell.poses()
    contact = press(pose, RayScene(cell.items, before))
    pulled = pull(cell, contact, movement, np.random.default_rng(seed))
    return contact, pulled, before, cell.poses()


@pytest.mark.parametrize("any_sealed", [False, True])
@pytest.mark.parametrize("n_lost", [0, 1, 2])
@pytest.mark.parametrize("n_taken", [0, 1, 2, 3])
def test_success_is_exactly_one_item_out_and_no_other(any_sealed, n_taken, n_lost):
    outcome = judge(any_sealed, n_taken, n_lost)
    assert outcome in OUTCOMES
    assert (outcome == "success") == (n_taken == 1 and n_lost == 0)
    assert (outcome == "nothing_held") == (not any_sealed and n_taken == n_lost == 0)
    assert (outcome == "lost") == (n_taken < 2 and n_lost > 0)


def test_success_takes_the_one_item_and_leaves_the_others(box_item, straight_down):
    with Cell() as cell:
        for k, x in ((1, 0.0), (2, 0.15)):
            cell.add(k, box_item(0.1, 0.1, 0.05), np.array([x, 0, 0.026]), EYE)
        contact, pulled, before, after = _grasp(cell, straight_down(0, 0, 0.05))
        assert contact.sealed.all() and not pulled.peeled.any()
        assert pulled.outcome == "success" and pulled.taken == (1,) and pulled.lost == ()
        assert set(after) == {2}
        np.testing.assert_allclose(after[2][1], before[2][1], atol=1e-3)
        assert pulled.last_poses[1][1][2] > 0.15, "it was lifted out before it was removed"


def test_nothing_held_leaves_every_pose_as_it_was(box_item, straight_down):
    with Cell() as cell:
        cell.add(1, box_item(0.1, 0.1, 0.05), np.array([0, 0, 0.026]), EYE)
        contact, pulled, before, after = _grasp(cell, straight_down(0.15, 0, 0))
        assert not contact.sealed.any() and pulled.outcome == "nothing_held"
        np.testing.assert_array_equal(after[1][1], before[1][1])


def test_what_is_heavier_than_the_cups_hold_is_dropped_and_stays(box_item, straight_down):
    limit = 5 * FORCE / 9.81
    outcomes = {}
    for mass in (0.3 * limit, 1.5 * limit):
        with Cell() as cell:
            cell.add(1, box_item(0.12, 0.12, 0.05, mass=mass), np.array([0, 0, 0.026]), EYE)
            contact, pulled, _, after = _grasp(cell, straight_down(0, 0, 0.05))
            assert contact.sealed.all()
            outcomes[mass > limit] = pulled.outcome
            assert pulled.peeled.all() == (mass > limit) and (1 in after) == (mass > limit)
    assert outcomes == {False: "success", True: "dropped"}


def test_fewer_or_leakier_cups_hold_less(box_item, straight_down):
    with Cell() as cell:
        cell.add(1, box_item(0.12, 0.12, 0.05, mass=4.0), np.array([0, 0, 0.026]), EYE)
        cell.settle()
        contact = press(straight_down(0, 0, 0.05), RayScene(cell.items, cell.poses()))
        leaky = dataclasses.replace(contact, quality=contact.quality * 0.2)
        assert pull(cell, leaky, 1.0, np.random.default_rng(0)).outcome == "dropped"
    with Cell() as cell:
        cell.add(1, box_item(0.12, 0.12, 0.05, mass=4.0), np.array([0, 0, 0.026]), EYE)
        cell.settle()
        assert pull(cell, contact, 1.0, np.random.default_rng(0)).outcome == "success"


def test_leverage_peels_a_cup_far_off_centre(box_item, straight_down):
    outcomes = []
    for x in (0.0, 0.105):
        with Cell() as cell:
            cell.add(1, box_item(0.24, 0.03, 0.02, mass=0.45), np.array([0, 0, 0.011]), EYE)
            cell.settle()
            contact = press(straight_down(x, 0, 0.02, turn=np.pi / 4), RayScene(cell.items, cell.poses()))
            assert contact.sealed.tolist() == [True, False, False, False, False]
            outcomes.append(pull(cell, contact, 1.0, np.random.default_rng(0)).outcome)
    assert outcomes == ["success", "dropped"]


def test_cups_on_two_items_take_both(box_item, straight_down):
    with Cell() as cell:
        for k, x in ((1, -0.051), (2, 0.051)):
            cell.add(k, box_item(0.1, 0.1, 0.05), np.array([x, 0, 0.026]), EYE)
        _, pulled, _, after = _grasp(cell, straight_down(0, 0, 0.05))
        assert pulled.outcome == "multiple" and pulled.taken == (1, 2) and not after


def test_an_item_stacked_on_the_held_one_leaves_with_it(box_item, straight_down):
    with Cell() as cell:
        cell.add(1, box_item(0.2, 0.12, 0.03, mass=0.3), np.array([0, 0, 0.016]), EYE)
        cell.add(2, box_item(0.03, 0.06, 0.02, mass=0.03, friction=0.8), np.array([0.075, 0, 0.042]), EYE)
        _, pulled, _, after = _grasp(cell, straight_down(-0.03, 0, 0.03))
        assert pulled.outcome == "multiple" and pulled.taken == (1, 2) and not after


def test_a_thrown_neighbour_is_lost_and_named(box_item, straight_down):
    with Cell() as cell:
        cell.add(1, box_item(0.1, 0.1, 0.05), np.array([0, 0, 0.026]), EYE)
        cell.add(2, box_item(0.03, 0.03, 0.03, mass=0.02), np.array([0.2, 0, 0.016]), EYE)
        cell.settle()
        contact = press(straight_down(0, 0, 0.05), RayScene(cell.items, cell.poses()))
        cell.jolt({2: np.array([2.0, 0, 3.0])})
        pulled = pull(cell, contact, 1.0, np.random.default_rng(0))
        assert pulled.outcome == "lost" and pulled.taken == (1,) and pulled.lost == (2,)
        assert not cell.items and abs(pulled.last_poses[2][1][0]) > 0.3


def test_diverged_physics_counts_as_lost_and_ends(box_item, straight_down):
    with Cell() as cell:
        cell.add(1, box_item(0.1, 0.1, 0.05), np.array([0, 0, 0.026]), EYE)
        cell.settle()
        contact = press(straight_down(0, 0, 0.05), RayScene(cell.items, cell.poses()))
        cell.add(2, box_item(0.03, 0.03, 0.03), np.array([0.2, 0, 0.3]), EYE)
        cell.jolt({2: np.array([0.0, 0.0, 1e30])})
        pulled = pull(cell, contact, 1.0, np.random.default_rng(0))
        assert pulled.lost == (2,) and set(cell.items).isdisjoint({2})


def _leaning(cell, box_item):
    cell.add(1, box_item(0.12, 0.1, 0.02), np.array([0, 0, 0.011]), EYE)
    cell.add(2, box_item(0.1, 0.05, 0.02), np.array([0.075, 0.02, 0.032]), EYE)
    cell.add(3, box_item(0.1, 0.05, 0.02), np.array([0, 0.1, 0.011]), EYE)


def test_neighbours_move_as_physics_has_it_and_stay_where_the_dial_is_off(box_item, straight_down):
    moved = {}
    for movement in (0.0, 1.0):
        with Cell() as cell:
            _leaning(cell, box_item)
            _, pulled, before, after = _grasp(cell, straight_down(-0.03, 0, 0.02, turn=np.pi / 4), movement)
            assert pulled.outcome == "success"
            moved[movement] = {k: float(np.linalg.norm(after[k][1] - before[k][1])) for k in after}
    assert moved[0.0] == {2: 0.0, 3: 0.0}
    assert moved[1.0][2] > 0.005


def test_a_tool_that_jolts_moves_near_neighbours(box_item, straight_down):
    with Cell() as cell:
        _leaning(cell, box_item)
        _, _, before, after = _grasp(cell, straight_down(-0.03, 0, 0.02), movement=3.0)
        assert np.linalg.norm(after[3][1] - before[3][1]) > 0.003


def test_pulling_is_decided_by_the_generator(box_item, straight_down):
    ends = []
    for seed in (0, 0, 1):
        with Cell() as cell:
            _leaning(cell, box_item)
            *_, after = _grasp(cell, straight_down(-0.03, 0, 0.02), movement=2.0, seed=seed)
            ends.append(after[2][1].tobytes())
    assert ends[0] == ends[1] != ends[2]
