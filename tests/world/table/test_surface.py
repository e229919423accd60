import numpy as np
import pytest

from graspbook.world.table.cameras import draw_table_camera, table_camera
from graspbook.world.table.surface import Surface


def test_depth_is_the_distance_along_the_optical_axis(box_on_table, camera_config):
    view = Surface(box_on_table()).see(table_camera(camera_config))
    assert view.depth[0, 0] == pytest.approx(0.6, abs=1e-5)
    assert view.depth[40, 40] == pytest.approx(0.54, abs=2e-3)  # physics keeps a thin gap
    assert set(np.unique(view.ids)) == {0, 1}
    row, column = np.nonzero(view.ids)
    assert np.ptp(row) > np.ptp(column)  # 8 cm along y, which is up in the image


def test_points_of_a_tilted_camera_lie_on_the_table(box_on_table, camera_config):
    camera = table_camera(camera_config, tilt=0.15, towards=0.5, turn=1.0)
    view = Surface(box_on_table()).see(camera)
    points = camera.backproject(np.array([[3.0, 5.0], [70.0, 8.0]]), view.depth[[5, 8], [3, 70]])
    np.testing.assert_allclose(points[:, 2], 0, atol=1e-5)


def test_below_a_point_is_the_uppermost_surface(box_on_table):
    points = np.array([[0.0, 0.0, 0.01], [0.1, 0.1, 0.2]])
    below = Surface(box_on_table()).below(points, np.array([0.0, 0.0, -1.0]))
    np.testing.assert_allclose(below, [[0, 0, 0.06], [0.1, 0.1, 0]], atol=2e-3)


def test_cameras_look_at_the_middle_within_their_tilt(camera_config):
    for seed in range(20):
        camera = draw_table_camera(np.random.default_rng(seed), camera_config)
        uv, depth = camera.project(np.zeros(3))
        np.testing.assert_allclose(uv, 39.5, atol=1e-9)
        assert depth == pytest.approx(0.6)
        assert -camera.world_from_camera[2, 2] >= np.cos(np.radians(10)) - 1e-9
