from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.world.grippers.suction.nine_cups import GRID, PROBES, SPREAD, NineCups
from graspbook.world.grippers.suction.seal import CUP_RADIUS, CUPS, press
from graspbook.world.render.camera import look_down


class Surface:
    """A scene whose height and item are functions of x and y; seen by vertical rays."""

    def __init__(self, height, item=lambda x, _: np.full(len(x), 3)):
        self._height, self._item = height, item

    def cast(self, origins, _):
        x, y = origins[:, :2].T
        return SimpleNamespace(geom=np.zeros(len(x)), t=origins[:, 2] - self._height(x, y), item=self._item(x, y))

    def object_at(self, hits):
        return hits.item


def test_the_middle_cup_seals_as_that_of_the_five_cup_gripper(straight_down):
    for slope in (0.0, 0.1, 0.3):
        surface = Surface(lambda x, _, slope=slope: slope * x)
        nine, five = press(straight_down(0, 0, 0), surface, GRID), press(straight_down(0, 0, 0), surface)
        assert (GRID[4] == CUPS[0]).all() and nine.quality.shape == (9,)
        if slope < 0.3:
            assert nine.quality[4] == pytest.approx(five.quality[0], abs=1e-5)
            np.testing.assert_allclose(nine.normals[4], five.normals[0], atol=1e-5)


def test_cups_do_not_overlap():
    distances = np.linalg.norm(GRID[:, None] - GRID[None], axis=-1)[~np.eye(9, dtype=bool)]
    assert distances.min() == pytest.approx(SPREAD) and SPREAD > 2 * CUP_RADIUS


def test_a_cup_across_two_items_does_not_seal(straight_down):
    two_items = Surface(lambda x, _: 0 * x, lambda x, _: np.where(x > 0, 1, 2))
    contact = press(straight_down(0, 0, 0), two_items, GRID)
    middle = np.abs(GRID[:, 0]) < 1e-9
    assert not contact.sealed[middle].any() and contact.sealed[~middle].all()
    assert contact.object_ids[~middle].tolist() == np.where(GRID[~middle, 0] > 0, 1, 2).tolist()


def test_cups_that_stand_far_below_the_first_do_not_reach(straight_down):
    contact = press(straight_down(0, 0, 0), Surface(lambda x, _: np.where(x > SPREAD / 2, 0.03, 0.0)), GRID)
    high = GRID[:, 0] > SPREAD / 2
    assert contact.touching[high].all() and not contact.touching[~high].any()


def test_the_planner_lands_as_many_cups_as_the_mask_has_room_for():
    camera = look_down(128)
    depth = np.full((128, 192), 0.98, np.float32)
    for rows, columns, cups in ((slice(30, 90), slice(60, 120), 9), (slice(60, 69), slice(40, 140), 3)):
        mask = np.zeros(depth.shape, bool)
        mask[rows, columns] = True
        plan = NineCups(60, 12).plan(depth, camera, mask, np.random.default_rng(0))
        assert plan.n_cups == cups
        uv, _ = camera.project(plan.pose.to_world(PROBES))
        column, row = np.rint(uv).astype(int).transpose(2, 0, 1)
        assert mask[row, column].all(1).sum() == cups
