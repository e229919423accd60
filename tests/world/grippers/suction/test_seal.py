"""Whether a cup seals, on surfaces given by a formula."""

from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.world.grippers.suction.seal import CUPS, MAX_BULGE, MAX_TILT, STROKE, Contact, press


class Surface:
    """A scene of one item, 3, whose height is a function of x and y; seen by vertical rays."""

    def __init__(self, height):
        self._height = height

    def cast(self, origins, _):
        return SimpleNamespace(geom=np.zeros(len(origins)), t=origins[:, 2] - self._height(*origins[:, :2].T))

    def object_at(self, hits):
        return np.full(len(hits.t), 3)


@pytest.mark.parametrize("slope", [0.05, 0.1, 0.2, 0.3])
def test_a_seal_weakens_with_the_square_of_its_tilt(straight_down, slope):
    contact = press(straight_down(0, 0, 0), Surface(lambda x, _: slope * x))
    assert contact.quality[0] == pytest.approx(1 - (np.arctan(slope) / MAX_TILT) ** 2, abs=1e-4)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("part", "seals"), [(0.8, True), (1.2, False)])
def test_a_bulge_and_a_pit_within_the_lip_both_break_the_seal(straight_down, sign, part, seals):
    contact = press(
        straight_down(0, 0, 0),
        Surface(lambda x, y: np.where(np.hypot(x, y) < 0.006, sign * part * MAX_BULGE, 0.0)),
    )
    assert MAX_BULGE < STROKE, "or the bulge would keep the other cups off"
    assert contact.sealed.tolist() == [seals, True, True, True, True]


def test_the_normals_of_lips_point_away_from_the_surface_they_stand_on(straight_down):
    contact = press(straight_down(0, 0, 0), Surface(lambda x, y: 0.15 * x - 0.1 * y))
    assert contact.sealed[0]
    expected = np.array([-0.15, 0.1, 1]) / np.linalg.norm([-0.15, 0.1, 1])
    np.testing.assert_allclose(contact.normals[contact.sealed], np.tile(expected, (contact.sealed.sum(), 1)), atol=1e-4)


@pytest.mark.parametrize(
    ("sealed", "touching", "grasped"),
    [
        ([False, True, False, False, False], [True] * 5, 7),
        ([False] * 5, [True] * 5, 4),
        ([False] * 5, [False, False, True, True, True], 5),
        ([False] * 5, [False] * 5, 0),
    ],
)
def test_the_grasped_item_is_under_the_first_sealed_cup_else_under_the_first_that_touches(sealed, touching, grasped):
    ids = np.array([4, 7, 5, 0, 9])
    contact = Contact(ids, np.array(touching), np.array(sealed), np.zeros(5), CUPS, np.zeros((5, 3)))
    assert contact.grasped_id == grasped
