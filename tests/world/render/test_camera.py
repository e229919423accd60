import numpy as np
import pytest

from graspbook.world.assets import tote
from graspbook.world.render.camera import draw_camera, look_down


def test_project_and_backproject_are_inverse():
    rng = np.random.default_rng(0)
    camera = draw_camera(rng, 128)
    points = rng.uniform((-0.3, -0.2, 0), (0.3, 0.2, 0.2), (50, 3))
    uv, depth = camera.project(points)
    np.testing.assert_allclose(camera.backproject(uv, depth), points, atol=1e-12)


@pytest.mark.parametrize("samples", [1, 2])
def test_rays_pass_through_their_samples_with_depth_as_parameter(samples):
    camera = draw_camera(np.random.default_rng(1), 16)
    origins, ways = camera.rays(samples)
    assert origins.shape == ways.shape == (16 * 24 * samples**2, 3)
    assert ways.dtype == np.float32
    uv, depth = camera.project(origins + 0.7 * ways.astype(float))
    np.testing.assert_allclose(depth, 0.7, atol=1e-6)
    v, u = np.mgrid[: 16 * samples, : 24 * samples]
    expected = (np.stack([u, v], -1).reshape(-1, 2) + 0.5) / samples - 0.5
    np.testing.assert_allclose(uv, expected, atol=1e-4)


def test_x_runs_right_and_y_up_in_the_picture():
    camera = look_down(128)
    (centre, right, up), depth = camera.project([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]])
    np.testing.assert_allclose(centre, [(camera.width - 1) / 2, (camera.height - 1) / 2])
    assert right[0] > centre[0]
    assert up[1] < centre[1]
    np.testing.assert_allclose(depth, 0.98)


def test_drawn_cameras_differ_but_see_the_whole_floor():
    rng = np.random.default_rng(2)
    cameras = [draw_camera(rng, 128) for _ in range(200)]
    assert len({camera.fx for camera in cameras}) == 200
    corners = tote.quads()[1]
    for camera in cameras:
        rotation = camera.world_from_camera[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        uv, _ = camera.project(corners)
        assert (uv > 0).all()
        assert (uv < (camera.width - 1, camera.height - 1)).all()
