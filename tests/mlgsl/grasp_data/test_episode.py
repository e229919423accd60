import numpy as np
import pytest

from graspbook.mlgsl.grasp_data.dataset import Scenery
from graspbook.mlgsl.grasp_data.episode import draw_episode, fits, simulate_episode
from graspbook.mlgsl.robot.grasping import execute_grasps
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.grippers.jaw.execute import GRASP_OUTCOMES, GraspOutcome
from graspbook.world.table.items import table_shapes
from tests.mlgsl.worlds import WORLD, small_data

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def samples():
    shapes = table_shapes(Catalogue.load("data"), "validation")
    states = [simulate_episode(WORLD, small_data(), shapes, 4, seed=3, number=number) for number in range(6)]
    return [s for number, state in enumerate(states) for s in draw_episode(state, WORLD, shapes, 3, number)]


def test_every_label_succeeds_again_when_it_is_replayed_from_the_image(samples):
    """Pixels are rounded and depth is perfect here: what was verified must hold, or coordinates are wrong."""
    sceneries = [Scenery(s.item, s.pose, s.camera) for s in samples]
    depth = np.stack([s.view.depth for s in samples])
    ends = execute_grasps(sceneries, depth, [s.labels for s in samples], WORLD.gripper)
    replayed = [end is GraspOutcome.SUCCESS for group in ends for end in group]
    assert len(replayed) > 20
    assert np.mean(replayed) > 0.9


def test_what_was_tried_has_an_end_and_labels_are_the_successes_among_the_candidates(samples):
    for sample in samples:
        assert len(sample.tried) == len(sample.ends)
        candidates = sample.ends[: len(sample.ends) - small_data().others]
        successes = sample.tried[: len(candidates)][candidates == GRASP_OUTCOMES.index(GraspOutcome.SUCCESS)]
        np.testing.assert_array_equal(successes, sample.labels)
        assert 3 <= len(sample.labels) <= 4


def test_views_of_an_object_differ(samples):
    cameras = [sample.camera.world_from_camera for sample in samples]
    assert len({camera.tobytes() for camera in cameras}) == len(cameras)


def test_an_object_at_the_rim_does_not_fit():
    mask = np.zeros((20, 20), bool)
    assert not fits(mask)
    mask[8:12, 8:12] = True
    assert fits(mask)
    mask[1, 8] = True
    assert not fits(mask)


class Table:
    """A table that notes how far its object is moved."""

    def __init__(self):
        self.items, self.moved = {1: "item"}, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def drop(self, *_):
        return True

    def pose(self, number):
        return np.eye(3), np.array([0.3, -0.2, 0.05])

    def shift(self, number, offset):
        self.moved.append(offset)


def test_other_grasps_end_as_they_do_and_depth_is_measured(samples):
    others = np.concatenate([sample.ends[-small_data().others :] for sample in samples])
    assert (others != GRASP_OUTCOMES.index(GraspOutcome.SUCCESS)).any()
    assert all((sample.stereo != sample.view.depth).mean() > 0.2 for sample in samples)
