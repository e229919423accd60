import dataclasses
import itertools

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.world.render.renderer import Layers
from graspbook.world.table.wrist import measure, thin_out, travel_between, turn_between, wrist_cameras, wrist_path
from tests.conftest import standard


@pytest.fixture
def config():
    return standard("don").scenes.camera


def test_frames_are_at_least_so_far_apart_in_angle_and_in_distance(config):
    poses = [camera.world_from_camera for camera in wrist_cameras(config)]
    assert len(poses) > 20
    for a, b in itertools.pairwise(poses):
        assert turn_between(a, b) >= max(5.0, config.turn) and travel_between(a, b) >= max(0.02, config.travel)


def test_the_camera_looks_at_the_middle_of_the_table_from_above(config):
    for pose in wrist_path(config)[::50]:
        assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-9)
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1)
        hit = pose[:3, 3] - pose[:3, 2] * pose[2, 3] / pose[2, 2]
        assert np.hypot(*hit[:2]) < 0.08 and pose[2, 3] > 0.2
        assert np.linalg.norm(pose[:3, 3]) == pytest.approx(config.distance, rel=config.zoom + 1e-6)


def test_thinning_out_keeps_the_first_frame_and_needs_both_distances():
    poses = np.tile(np.eye(4), (9, 1, 1))
    poses[:, 0, 3] = np.arange(9) * 0.1  # travels, but never turns
    assert len(thin_out(poses, 5.0, 0.02)) == 1
    assert len(thin_out(poses, 0.0, 0.25)) == 3


def test_a_path_without_two_frames_is_refused(config):
    with pytest.raises(InputError, match="turn, travel"):
        wrist_cameras(dataclasses.replace(config, travel=3.0))


def test_depth_is_noisy_as_the_square_of_the_distance_and_lost_on_mirrors(config):
    shape = 60, 80
    plain = np.zeros((*shape, 3), np.float32)
    near, far = (np.full(shape, d, np.float32) for d in (0.4, 0.8))
    still = np.zeros(shape, np.float32)
    spread = []
    for depth in (near, far):
        layers = Layers(plain, plain, still.astype(np.uint8), depth, still, None)
        found = measure(layers, np.random.default_rng(0), config)
        assert (found > 0).all()
        spread.append((found - depth).std())
    assert spread[1] / spread[0] == pytest.approx(4, rel=0.15)
    shiny = Layers(plain, plain, still.astype(np.uint8), near, still + 1, None)
    assert 0.5 < (measure(shiny, np.random.default_rng(0), config) == 0).mean() < 1
