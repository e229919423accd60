import dataclasses

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.world.table.sensor import inpaint_depth, measure_table


@pytest.fixture
def step():
    depth = np.full((80, 80), 0.6, np.float32)
    depth[30:50, 30:50] = 0.55
    return depth


def test_depth_is_lost_at_edges_more_often_than_elsewhere(step, camera_config):
    measured = measure_table(step, np.random.default_rng(0), camera_config)
    rim = np.zeros(step.shape, bool)
    rim[29:51, 29:51] = True
    rim[31:49, 31:49] = False
    assert (measured[rim] == 0).mean() > 0.15
    assert (measured[~rim] == 0).mean() < 0.02


def test_noise_grows_with_the_square_of_distance(camera_config):
    quiet = dataclasses.replace(camera_config, edge_loss=0.0, loss=0.0)
    spread = [
        measure_table(np.full((80, 80), metres, np.float32), np.random.default_rng(0), quiet).std()
        for metres in (0.5, 1.0)
    ]
    assert spread[1] / spread[0] == pytest.approx(4, rel=0.01)


def test_gaps_are_filled_and_nothing_else_is_touched(step, camera_config):
    measured = measure_table(step, np.random.default_rng(0), camera_config)
    measured[0, :5] = np.nan  # a gap at the rim
    filled = inpaint_depth(measured)
    valid = np.isfinite(measured) & (measured > 0)
    np.testing.assert_array_equal(filled[valid], measured[valid])
    assert np.isfinite(filled).all()
    assert np.abs(filled - step).max() < 0.06
    assert np.abs(filled - step)[~valid].mean() < 0.02


def test_an_image_without_any_depth_is_refused():
    with pytest.raises(InputError, match="not one pixel"):
        inpaint_depth(np.full((8, 8), np.nan, np.float32))
