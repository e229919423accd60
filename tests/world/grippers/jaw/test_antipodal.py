import numpy as np

from graspbook.world.grippers.jaw.antipodal import antipodal_grasps
from graspbook.world.table.surface import Surface

DOWN = np.array([0.0, 0.0, -1.0])


def test_a_box_is_closed_on_from_opposite_faces(box_on_table):
    found = antipodal_grasps(
        Surface(box_on_table()), DOWN, np.random.default_rng(0), max_opening=0.1, clearance=0.01, samples=300
    )
    assert len(found) > 20
    for grasp in found:
        across = abs(grasp.closing[0])
        opening = 0.05 if across > 0.7 else 0.09
        assert opening - 0.001 < grasp.opening < opening + 0.01
        assert abs(grasp.point[2] - 0.06) < 2e-3  # the surface above the contacts, not their middle
        assert abs(grasp.closing @ DOWN) < 1e-9


def test_what_does_not_fit_between_the_fingers_is_left_out(box_on_table):
    found = antipodal_grasps(
        Surface(box_on_table()), DOWN, np.random.default_rng(0), max_opening=0.06, clearance=0.01, samples=300
    )
    assert found
    assert all(grasp.opening <= 0.06 for grasp in found)


def test_the_same_seed_gives_the_same_grasps(box_on_table):
    surface = Surface(box_on_table())
    one, other = (
        antipodal_grasps(surface, DOWN, np.random.default_rng(3), max_opening=0.1, clearance=0.01, samples=50)
        for _ in range(2)
    )
    assert [grasp.opening for grasp in one] == [grasp.opening for grasp in other]
