import numpy as np
import pytest

from graspbook.mlgsl.metrics.rectangles import angle_between, corners, is_right, rectangle_iou


def random_pairs(count, seed=0):
    rng = np.random.default_rng(seed)

    def draw():
        return np.column_stack(
            [rng.uniform(30, 45, (count, 2)), rng.uniform(-np.pi, np.pi, count), rng.uniform(4, 25, count)]
        )

    return draw(), draw()


def test_overlap_is_what_shapely_finds():
    shapely = pytest.importorskip("shapely")
    one, other = random_pairs(2000)
    for grasps in (one, other):  # parallel, and nearly so
        grasps[:200, 2] = 0.3
        grasps[200:300, 2] = 0.3 + np.linspace(-1e-8, 1e-8, 100)
    a, b = (shapely.polygons(corners(grasps, 0.5)) for grasps in (one, other))
    common = shapely.area(shapely.intersection(a, b))
    expected = common / (shapely.area(a) + shapely.area(b) - common)
    np.testing.assert_allclose(rectangle_iou(one, other, 0.5), expected, atol=1e-7)


def test_overlap_is_what_counting_points_finds():
    one, other = random_pairs(20, seed=3)
    axis = np.arange(0, 80, 0.1)
    x, y = np.meshgrid(axis, axis)

    def covered(grasp):
        u, v, phi, w = grasp
        along = (x - u) * np.cos(phi) + (y - v) * np.sin(phi)
        across = (y - v) * np.cos(phi) - (x - u) * np.sin(phi)
        return (np.abs(along) <= w / 2) & (np.abs(across) <= w / 4)

    found = rectangle_iou(one, other, 0.5)
    for a, b, iou in zip(one, other, found, strict=True):
        first, second = covered(a), covered(b)
        assert iou == pytest.approx((first & second).sum() / (first | second).sum(), abs=0.01)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((0, 0, 0, 0), 1),  # the same
        ((0, 0, np.pi, 0), 1),  # its half-turn
        ((0, 0, np.pi / 2, 0), 1 / 3),  # a cross of two 2:1 rectangles
        ((10, 0, 0, 0), 1 / 3),  # half a length aside, edges shared
        ((20, 0, 0, 0), 0),  # touching
        ((0, 0, 0, -10), 1 / 4),  # half as large, inside
        ((50, 0, 0, 0), 0),
    ],
)
def test_known_overlaps(change, expected):
    grasp = np.array([[40.0, 40.0, 0.0, 20.0]])
    assert rectangle_iou(grasp, grasp + change, 0.5)[0] == pytest.approx(expected, abs=1e-7)


def test_angles_a_half_turn_apart_agree():
    assert angle_between(1.5, -1.5) == pytest.approx(np.pi - 3)
    assert angle_between(0.2, 0.2 + np.pi) == pytest.approx(0, abs=1e-12)
    assert angle_between(0.0, np.pi / 2) == pytest.approx(np.pi / 2)


def test_a_grasp_is_right_that_overlaps_one_label_at_nearly_its_angle(metrics):
    labels = np.array([[40.0, 40.0, 0.0, 20.0], [60.0, 60.0, 1.5, 10.0]])
    grasps = np.array(
        [
            [41.0, 40.0, 0.1, 18.0],
            [40.0, 40.0, np.radians(29), 20.0],
            [40.0, 40.0, np.radians(31), 20.0],
            [40.0, 40.0, 0.0, 60.0],  # much too wide
            [60.0, 60.0, 1.5 - np.pi, 10.0],
        ]
    )
    assert is_right(grasps, labels, metrics).tolist() == [True, True, False, False, True]
    assert not is_right(grasps, np.zeros((0, 4)), metrics).any()
