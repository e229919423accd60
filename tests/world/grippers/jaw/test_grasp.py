import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.world.grippers.jaw.grasp import JawGrasp, half_turn, to_image, to_world
from graspbook.world.table.cameras import table_camera


def test_the_angle_grows_clockwise_on_the_screen_and_the_opening_is_in_pixels(camera_config):
    camera = table_camera(camera_config)  # x of the world to the right, y of the world up
    grasp = JawGrasp(np.zeros(3), np.array([0.0, 0, -1]), np.array([np.cos(0.3), np.sin(0.3), 0]), 0.05)
    [[u, v, phi, w]] = to_image([grasp], camera)
    assert (u, v) == pytest.approx((39.5, 39.5))
    assert phi == pytest.approx(-0.3)
    assert w == pytest.approx(0.05 * camera.fx / camera_config.distance)


def test_a_grasp_goes_to_the_image_and_back(camera_config):
    camera = table_camera(camera_config, zoom=1.1, turn=0.7, tilt=0.1, towards=1.0)
    rows = np.array([[30.0, 50.0, 0.4, 12.0], [61.0, 22.0, -1.2, 20.0]])
    depth = np.full((80, 80), 0.57, np.float32)
    grasps = to_world(rows, depth, camera)
    np.testing.assert_allclose(to_image(grasps, camera), rows, atol=1e-9)
    for grasp in grasps:
        assert np.dot(grasp.axis, grasp.closing) == pytest.approx(0, abs=1e-12)
        assert np.linalg.norm(grasp.closing) == pytest.approx(1)


def test_a_half_turn_is_the_same_grasp(camera_config):
    camera = table_camera(camera_config, tilt=0.1)
    depth = np.full((80, 80), 0.57, np.float32)
    one, other = (to_world(np.array([[30.0, 50.0, phi, 12.0]]), depth, camera)[0] for phi in (0.4, 0.4 + np.pi))
    np.testing.assert_allclose(one.closing, -other.closing, atol=1e-12)
    np.testing.assert_allclose(to_image([one], camera), to_image([other], camera), atol=1e-9)
    assert half_turn(np.pi / 2) == pytest.approx(-np.pi / 2)


def test_a_wide_opening_is_cut_to_the_grippers(camera_config):
    depth = np.full((80, 80), 0.57, np.float32)
    [grasp] = to_world(np.array([[40.0, 40.0, 0.0, 70.0]]), depth, table_camera(camera_config), max_opening=0.1)
    assert grasp.opening == pytest.approx(0.1)


def test_a_centre_outside_the_image_is_refused(camera_config):
    with pytest.raises(InputError, match=r"\(90\.0, 4\.0\): outside the image of 80x80"):
        to_world(np.array([[90.0, 4.0, 0.0, 9.0]]), np.ones((80, 80), np.float32), table_camera(camera_config))
