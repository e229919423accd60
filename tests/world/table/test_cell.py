import numpy as np

from graspbook.world.table.cell import TableCell
from tests.world.tabletop import table_box


def test_an_object_comes_to_rest_on_the_table():
    with TableCell() as cell:
        assert cell.drop(1, table_box(), np.random.default_rng(0))
        assert abs(cell.lowest(1)) < 0.003
        assert cell.top() > 0.03


def test_a_clutter_falls_on_what_lies_there_and_the_seed_decides_where():
    poses = []
    for _ in range(2):
        rng = np.random.default_rng(1)
        with TableCell() as cell:
            for number in range(1, 5):
                cell.drop(number, table_box(), rng, spread=0.04)
            assert len(cell.items) == 4
            poses.append(np.stack([position for _, position in cell.poses().values()]))
    np.testing.assert_array_equal(poses[0], poses[1])


def test_what_falls_off_the_middle_of_the_table_is_removed():
    with TableCell() as cell:
        cell.add(1, table_box(), np.array([0.9, 0, 0.1]), np.eye(3))
        cell.drop(2, table_box(), np.random.default_rng(0))
        assert set(cell.items) == {2}


def test_an_object_can_be_shifted(box_on_table):
    cell = box_on_table()
    before = cell.pose(1)[1]
    cell.shift(1, np.array([0.01, -0.02, 0]))
    np.testing.assert_allclose(cell.pose(1)[1] - before, [0.01, -0.02, 0], atol=1e-12)
