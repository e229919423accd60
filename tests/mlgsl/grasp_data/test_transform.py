import numpy as np
import pytest

from graspbook.mlgsl.grasp_data.transform import Similarity, draw_similarity, inside, transform_image, transform_labels
from graspbook.world.grippers.jaw.grasp import half_turn, to_image, to_world
from graspbook.world.table.cameras import table_camera
from graspbook.world.table.config import CameraConfig

SIZE = 80
CAMERA = CameraConfig(size=SIZE, distance=0.6, field=0.26, zoom=0.2, tilt=8.0, noise=0.0, edge_loss=0.0, loss=0.0)


def labels(count=7):
    rng = np.random.default_rng(0)
    return np.column_stack([rng.uniform(20, 60, (count, 2)), rng.uniform(-1.5, 1.5, count), rng.uniform(5, 20, count)])


@pytest.mark.parametrize(("turn", "zoom"), [(0.0, 1.3), (0.6, 1.0), (-2.2, 0.8)])
def test_labels_go_where_a_turned_and_zoomed_camera_sees_them(turn, zoom):
    """Re-projection: the same grasps of the world, seen by a camera that is really turned and zoomed."""
    before = table_camera(CAMERA, tilt=0.1, towards=0.4)
    # a camera that turns about its axis one way sees the image turn the other way
    after = table_camera(CAMERA, tilt=0.1, towards=0.4, turn=turn, zoom=zoom)
    rows = labels()
    world = to_world(rows, np.full((SIZE, SIZE), 0.58, np.float32), before)
    seen = to_image(world, after)
    moved = transform_labels(rows, Similarity(turn=turn, zoom=zoom), SIZE)
    np.testing.assert_allclose(moved[:, [0, 1, 3]], seen[:, [0, 1, 3]], atol=1e-6)
    np.testing.assert_allclose(half_turn(moved[:, 2] - seen[:, 2] + 0.1), 0.1, atol=1e-9)


@pytest.mark.parametrize("mirror", [False, True])
def test_the_image_goes_the_same_way_as_its_labels(mirror):
    change = Similarity(turn=0.7, zoom=1.2, shift=(3.0, -5.0), mirror=mirror)
    for u, v in ((30, 44), (51, 37)):
        image = np.zeros((SIZE, SIZE), np.float32)
        image[v - 1 : v + 2, u - 1 : u + 2] = 1
        moved = transform_image(image, change)
        centre = np.argwhere(moved > 0.5)[:, ::-1].mean(0)
        expected = transform_labels(np.array([[u, v, 0.3, 9.0]]), change, SIZE)[0]
        np.testing.assert_allclose(centre, expected[:2], atol=0.35)


def test_the_direction_of_closing_turns_with_the_image():
    change = Similarity(turn=0.7, zoom=1.2, mirror=True)
    [[u, v, phi, w]] = labels(1)
    ends = np.array([[u, v, 0, 1], [u + np.cos(phi), v + np.sin(phi), 0, 1]])
    first, second = transform_labels(ends, change, SIZE)[:, :2]
    across = second - first
    [[_, _, turned, wide]] = transform_labels(np.array([[u, v, phi, w]]), change, SIZE)
    assert np.abs(half_turn(np.arctan2(across[1], across[0]) - turned + 0.1)) == pytest.approx(0.1)
    assert wide == pytest.approx(1.2 * w)


def test_a_change_and_its_inverse_give_back_the_labels():
    rows = labels()
    there = transform_labels(rows, Similarity(turn=0.5, zoom=1.25), SIZE)
    np.testing.assert_allclose(transform_labels(there, Similarity(turn=-0.5, zoom=0.8), SIZE), rows, atol=1e-9)


def test_rows_of_nan_stay_and_are_not_inside():
    rows = labels()
    rows[2] = np.nan
    rows[3, 0] = 200
    moved = transform_labels(rows, Similarity(), SIZE)
    assert np.isnan(moved[2]).all()
    assert inside(moved, SIZE).tolist() == [True, True, False, False, True, True, True]


def test_changes_are_drawn_within_their_limits():
    rng = np.random.default_rng(0)
    drawn = [draw_similarity(rng, 90.0, 0.2, True) for _ in range(200)]
    assert max(abs(change.turn) for change in drawn) <= np.pi / 2
    assert np.exp(-0.2) <= min(change.zoom for change in drawn) < 0.9
    assert 60 < sum(change.mirror for change in drawn) < 140
