import dataclasses

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.don.robot.axis import axis_grasp, axis_pixels, lift_pixels, opening_across
from graspbook.world.render.camera import Camera
from tests.conftest import standard

ROBOT = standard("don").robot
HEIGHT, TOP, WIDE = 0.5, 0.05, 0.06
"""Of the camera, of a bar that lies along x, and the bar's width; metres."""


@pytest.fixture(scope="module")
def view():
    """Looks straight down at the bar; image x is world x, image y is world -y."""
    pose = np.eye(4)
    pose[:3, :3] = np.diag([1.0, -1.0, -1.0])
    pose[2, 3] = HEIGHT
    camera = Camera(160.0, 160.0, 79.5, 59.5, pose, 120, 160)
    depth = np.full((120, 160), HEIGHT, np.float32)
    v, u = np.mgrid[:120, :160]
    x, y = (u - 79.5) / 160 * (HEIGHT - TOP), (v - 59.5) / 160 * (HEIGHT - TOP)
    depth[(np.abs(x) < 0.1) & (np.abs(y) < WIDE / 2)] = HEIGHT - TOP
    return depth, camera


def test_the_pixels_lie_on_the_longer_axis_and_on_the_object(view):
    depth, _ = view
    mask = depth < HEIGHT
    pixels = axis_pixels(mask, 0.4)
    assert mask[tuple(np.rint(pixels[:, ::-1]).astype(int).T)].all()
    assert np.abs(pixels[:, 1] - 59.5).max() <= 0.5
    half = (np.flatnonzero(mask.any(0))[[0, -1]] @ (-1, 1)) / 2
    np.testing.assert_allclose(np.ptp(pixels[:, 0]), 2 * 0.4 * half, atol=1.5)
    with pytest.raises(InputError, match="mask"):
        axis_pixels(np.zeros((4, 4), bool), 0.4)


def test_the_jaws_close_across_the_axis_on_its_middle(view):
    depth, camera = view
    points = lift_pixels(np.array([[60.0, 59.0], [100.0, 60.0]]), depth, camera)
    np.testing.assert_allclose(points[:, 2], TOP, atol=1e-6)
    grasp = axis_grasp(points, depth, camera, ROBOT)
    np.testing.assert_allclose(grasp.point, points.mean(0))
    assert abs(grasp.closing @ (points[1] - points[0])) < 1e-9 and abs(grasp.closing[2]) < 1e-9
    np.testing.assert_allclose(grasp.axis, (0, 0, -1), atol=1e-6)


def test_an_axis_that_is_not_level_tilts_the_approach(view):
    depth, camera = view
    points = np.array([[-0.03, 0, 0.03], [0.03, 0, 0.05]])
    grasp = axis_grasp(points, depth, camera, ROBOT)
    assert abs(grasp.axis @ (points[1] - points[0])) < 1e-9
    assert abs(grasp.axis @ grasp.closing) < 1e-9 and grasp.axis[2] < -0.9


@pytest.mark.parametrize("end", [(0.001, 0, 0), (0.01, 0, 0.05)])
def test_points_that_are_no_axis_make_no_grasp(view, end):
    depth, camera = view
    assert axis_grasp(np.array([[0, 0, 0], end]), depth, camera, ROBOT) is None


def test_the_opening_is_the_objects_width_and_room_for_the_fingers(view):
    depth, camera = view
    down = np.array([0.0, 0.0, -1.0])
    middle = np.array([0.0, 0.0, TOP])
    across = opening_across(middle, np.array([0.0, 1.0, 0.0]), down, depth, camera, ROBOT)
    assert WIDE <= across - 2 * ROBOT.clearance <= WIDE + 0.02
    assert opening_across(middle, np.array([1.0, 0, 0]), down, depth, camera, ROBOT) == ROBOT.gripper.max_opening
    gripper = dataclasses.replace(ROBOT.gripper, max_opening=0.05)
    narrow = dataclasses.replace(ROBOT, gripper=gripper)
    assert opening_across(middle, np.array([0.0, 1.0, 0.0]), down, depth, camera, narrow) == 0.05


def test_the_jaws_open_as_wide_as_the_farther_side_needs(view):
    depth, camera = view
    beside = np.array([0.0, 0.01, TOP])
    across = opening_across(beside, np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0]), depth, camera, ROBOT)
    assert across - 2 * ROBOT.clearance >= 2 * (WIDE / 2 + 0.01)


def test_an_axis_that_rises_by_55_degrees_is_grasped_and_one_of_65_is_not(view):
    depth, camera = view
    for degrees, grasped in ((45, True), (55, True), (65, False)):
        angle = np.radians(degrees)
        points = np.array([[0, 0, 0.05], [0.03 * np.cos(angle), 0, 0.05 + 0.03 * np.sin(angle)]])
        assert (axis_grasp(points, depth, camera, ROBOT) is not None) == grasped
