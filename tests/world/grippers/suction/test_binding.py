import numpy as np
import pytest

from graspbook.world.grippers.suction.binding import PEEL, bind, peel_off
from graspbook.world.grippers.suction.seal import CUP_RADIUS, FORCE, press
from graspbook.world.physics.simulation import Cell
from graspbook.world.render.rays import RayScene

EYE = np.eye(3)
REST = np.zeros(3)


@pytest.fixture
def cell():
    with Cell() as cell:
        yield cell


@pytest.fixture
def held(cell, box_item, straight_down):
    """Adds a box to the cell and binds cups to its top; returns the bindings."""

    def make(cups=range(5), mass=0.1):
        cell.add(1, box_item(0.12, 0.12, 0.05, mass=mass), np.array([0, 0, 0.025]), EYE)
        contact = press(straight_down(0, 0, 0.05), RayScene(cell.items, cell.poses()))
        return bind(cell, contact, cups, cell.poses())

    return make


def test_a_cup_is_bound_at_three_points_of_its_lip_with_its_force_shared_among_them(held):
    bindings = held(cups=(0, 3))
    assert set(bindings) == {0, 3}
    for binding in bindings.values():
        centre = binding.lip.mean(axis=0)
        np.testing.assert_allclose(np.linalg.norm(binding.lip - centre, axis=1), CUP_RADIUS, atol=1e-9)
        assert binding.object_id == 1 and 3 * binding.force == pytest.approx(FORCE, rel=1e-3)


def test_stretch_is_how_far_the_cup_has_gone_without_its_item(held):
    binding = held()[0]
    assert binding.stretch(REST) == pytest.approx(0, abs=1e-12)
    assert binding.stretch(np.array([0.003, 0, 0.004])) == pytest.approx(0.005)
    np.testing.assert_allclose(binding.drawn(np.array([0.003, 0, 0.004])), [[-0.003, 0, -0.004]] * 3, atol=1e-12)


def test_an_item_that_has_moved_since_it_was_sealed_on_counts_as_drawn_off(cell, held, straight_down):
    held(cups=())
    contact = press(straight_down(0, 0, 0.05), RayScene(cell.items, cell.poses()))
    sealed_at = cell.poses()
    cell.put_back({1: ([0.002, 0, 0.225], [0, 0, 0, 1])})
    binding = bind(cell, contact, (0,), sealed_at)[0]
    np.testing.assert_allclose(binding.drawn(np.array([0, 0, 0.2])), [[0.002, 0, 0]] * 3, atol=1e-12)


def test_the_item_follows_its_cups_in_every_direction(cell, held):
    bindings = held()
    for offset in np.linspace(REST, (0.05, 0.1, 0.2), 120):
        for binding in bindings.values():
            binding.move_to(offset)
        cell.step()
    np.testing.assert_allclose(cell.pose(1)[1], [0.05, 0.1, 0.225], atol=2e-3)
    assert peel_off(bindings, offset) == [] and len(bindings) == 5


def test_a_cup_peels_once_its_item_is_drawn_off_too_far_and_then_holds_nothing(cell, held):
    bindings = held(cups=(0, 1), mass=0.1)
    assert peel_off(bindings, np.array([0, 0, 0.99 * PEEL])) == []
    assert peel_off(bindings, np.array([0, 0, 1.01 * PEEL])) == [0, 1]
    assert not bindings
    cell.step(60)
    np.testing.assert_allclose(cell.pose(1)[1], [0, 0, 0.025], atol=1e-3)


def test_more_than_the_cup_holds_peels_it_off(cell, held):
    bindings = held(cups=(0,), mass=2 * FORCE / 9.81)
    for offset in np.linspace(REST, (0, 0, 0.1), 120):
        if bindings:
            bindings[0].move_to(offset)
            cell.step()
            peel_off(bindings, offset)
    assert not bindings and cell.pose(1)[1][2] < 0.05


def test_diverged_physics_lets_go(held):
    bindings = held(cups=(2,))
    assert peel_off(bindings, np.full(3, np.nan)) == [2]
