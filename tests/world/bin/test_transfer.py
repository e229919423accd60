"""Loads on the way to the other bin, and what becomes of them."""

import dataclasses

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.world.assets import tote
from graspbook.world.bin.transfer import Load, carry
from graspbook.world.grippers.suction.seal import FORCE, press
from graspbook.world.physics.simulation import Cell
from graspbook.world.render.rays import RayScene

EYE = np.eye(3)
OVER = np.array([0.1, -0.05])


@pytest.fixture
def load_of(straight_down):
    """Lays items in a bin, presses the tool at (x, 0) on the first, and lifts all as if the pull had gone well."""

    def make(*placed, x=0.0, lift=0.3, quality=1.0, peeled=()):
        items = {number: item for number, (item, _) in enumerate(placed, 1)}
        poses = {number: (EYE, np.array(position, float)) for number, (_, position) in enumerate(placed, 1)}
        contact = press(straight_down(x, 0, 0), RayScene({1: items[1]}, poses))
        contact = dataclasses.replace(contact, quality=contact.quality * quality)
        raised = {
            number: (rotation, position + np.array([0, 0, lift])) for number, (rotation, position) in poses.items()
        }
        return Load(items, poses, raised, contact, np.isin(np.arange(5), peeled))

    return make


@pytest.fixture
def cell():
    """The other bin."""
    with Cell() as cell:
        yield cell


def test_a_load_is_put_down_where_it_was_meant_to_be_and_comes_to_rest(cell, box_item, load_of):
    carried = carry(cell, load_of((box_item(0.1, 0.1, 0.05), (0.04, 0, 0.025)), x=0.05), OVER)
    assert carried.placed == carried.held == (1,) and carried.fallen == carried.thrown == ()
    rotation, position = cell.pose(1)
    np.testing.assert_allclose(position, [*OVER, 0.025], atol=0.01)
    assert rotation[2, 2] > 0.99 and cell.at_rest()


def test_the_way_starts_where_the_pull_ended(cell, box_item, load_of):
    """However high that was, the item is not jerked off its cups."""
    for number, lift in enumerate((0.15, 0.3, 0.55)):
        carried = carry(cell, load_of((box_item(0.1, 0.1, 0.05, mass=1.0), (0, 0, 0.025)), lift=lift), OVER)
        assert carried.placed == (1,) and not carried.fallen, number
        cell.remove([1])


def test_what_is_heavier_than_the_cups_hold_falls_on_the_way_and_is_gone(cell, box_item, load_of):
    limit = 5 * FORCE / 9.81
    light = carry(cell, load_of((box_item(0.12, 0.12, 0.05, mass=0.3 * limit), (0, 0, 0.025))), OVER)
    assert light.placed == (1,)
    cell.remove([1])
    heavy = carry(cell, load_of((box_item(0.12, 0.12, 0.05, mass=1.5 * limit), (0, 0, 0.025))), OVER)
    assert heavy.placed == heavy.held == () and heavy.fallen == (1,) and not cell.items


def test_cups_that_leak_or_have_peeled_hold_less(cell, box_item, load_of):
    box = box_item(0.12, 0.12, 0.05, mass=5.0)
    assert carry(cell, load_of((box, (0, 0, 0.025))), OVER).placed == (1,)
    cell.remove([1])
    assert carry(cell, load_of((box, (0, 0, 0.025)), quality=0.2), OVER).fallen == (1,)
    assert carry(cell, load_of((box, (0, 0, 0.025)), peeled=(1, 2, 3, 4)), OVER).fallen == (1,)


def test_what_falls_into_the_other_bin_before_it_is_put_down_has_fallen_yet_lies_there(cell, box_item, load_of):
    # a pillar in the way knocks the load off its one weak cup once it is above the bin
    cell.add(9, box_item(0.3, 0.02, 0.35, mass=50.0), np.array([0, 0.02, 0.175]), EYE)
    load = load_of((box_item(0.1, 0.1, 0.05), (0, 0, 0.025)), quality=0.15, peeled=(1, 2, 3, 4))
    carried = carry(cell, load, np.array([0, 0.15]))
    assert carried.placed == carried.fallen == (1,) and 1 in cell.items and not carried.held


def test_what_rests_on_the_held_item_comes_along(cell, box_item, load_of):
    tray = (box_item(0.2, 0.12, 0.03, mass=0.3), (0, 0, 0.015))
    rider = (box_item(0.03, 0.06, 0.02, mass=0.03, friction=0.8), (0.075, 0, 0.0401))
    carried = carry(cell, load_of(tray, rider, x=-0.03), OVER)
    assert carried.placed == (1, 2) and carried.fallen == ()


def test_a_load_is_lowered_until_it_touches_what_lies_there(cell, box_item, load_of):
    cell.add(9, box_item(0.2, 0.2, 0.1), np.array([*OVER, 0.051]), EYE)
    cell.settle()
    before = cell.pose(9)[1]
    carried = carry(cell, load_of((box_item(0.1, 0.1, 0.08), (0, 0, 0.04))), OVER)
    assert carried.placed == (1,) and cell.lowest(1) == pytest.approx(0.1, abs=3e-3)
    np.testing.assert_allclose(cell.pose(9)[1], before, atol=2e-3)


def test_what_bounces_out_has_fallen_and_is_gone(cell, box_item, load_of):
    on_the_rim = np.array([0, tote.WIDTH / 2 + 0.1])
    carried = carry(cell, load_of((box_item(0.1, 0.1, 0.05), (0, 0, 0.025))), on_the_rim)
    assert carried.placed == () and carried.fallen == (1,) and not cell.items
    assert carried.held == (1,), "it was put down; what happened then no gauge tells"


def test_items_that_leave_the_other_bin_are_named_and_gone(cell, box_item, load_of):
    cell.add(9, box_item(0.03, 0.03, 0.03), np.array([-0.2, 0, 0.016]), EYE)
    cell.jolt({9: np.array([-2.0, 0, 3.0])})
    carried = carry(cell, load_of((box_item(0.1, 0.1, 0.05), (0, 0, 0.025))), OVER)
    assert carried.placed == (1,) and carried.thrown == (9,) and set(cell.items) == {1}


def test_the_same_load_arrives_at_the_same_pose(box_item, load_of):
    ends = []
    for _ in range(2):
        with Cell() as cell:
            carry(cell, load_of((box_item(0.1, 0.06, 0.05), (0.02, 0, 0.025))), OVER)
            ends.append(cell.pose(1)[1].tobytes())
    assert ends[0] == ends[1]


def test_a_load_that_no_cup_holds_or_whose_id_is_taken_is_refused(cell, box_item, load_of):
    box = box_item(0.1, 0.1, 0.05)
    with pytest.raises(InputError, match="at least one cup"):
        carry(cell, load_of((box, (0, 0, 0.025)), peeled=range(5)), OVER)
    cell.add(1, box, np.array([0, 0, 0.03]), EYE)
    with pytest.raises(InputError, match="object_id"):
        carry(cell, load_of((box, (0, 0, 0.025))), OVER)
