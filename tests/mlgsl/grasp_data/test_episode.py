from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.mlgsl.grasp_data import episode as module
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


def test_an_object_of_any_shape_is_brought_to_the_middle_and_looked_at_from_several_views(monkeypatch):
    tables, drawn, samples = [], [], iter(["one", "two", "three"] * 30)
    monkeypatch.setattr(module, "TableCell", lambda: tables.append(Table()) or tables[-1])
    monkeypatch.setattr(module, "draw_table_item", lambda rng, shape, objects: drawn.append(shape))
    monkeypatch.setattr(module, "Surface", lambda cell: None)
    monkeypatch.setattr(module, "Trials", lambda *_: None)
    monkeypatch.setattr(module, "_look_and_grasp", lambda *_: next(samples))
    for number in range(12):
        assert len(run_episode(WORLD, small_data(views=3), ("a", "b", "c"), 4, 3, number)) == 3
    assert set(drawn) == {"a", "b", "c"}
    for table in tables:
        place = np.array([0.3, -0.2]) + table.moved[0][:2]
        assert np.abs(place).max() <= module.CENTRED and table.moved[0][2] == 0
    assert len({table.moved[0].tobytes() for table in tables}) == 12


def test_other_grasps_end_as_they_do_and_depth_is_measured(samples):
    others = np.concatenate([sample.ends[-small_data().others :] for sample in samples])
    assert (others != GRASP_OUTCOMES.index(GraspOutcome.SUCCESS)).any()
    assert all((sample.stereo != sample.view.depth).mean() > 0.2 for sample in samples)


def test_an_image_that_cuts_the_object_off_is_not_used_and_grasps_come_along_the_view(monkeypatch):
    asked = []
    trials = SimpleNamespace(reset=lambda: None, attempt=lambda grasp: GraspOutcome.DROPPED)
    cell = SimpleNamespace(items={1: "item"}, pose=lambda number: (np.eye(3), np.zeros(3)))
    ids = np.zeros((20, 20), np.uint8)
    surface = SimpleNamespace(see=lambda camera: SimpleNamespace(ids=ids))
    monkeypatch.setattr(module, "antipodal_grasps", lambda surface, axis, *_, **__: asked.append(axis) or [])
    cameras = []
    draw = module.draw_table_camera
    monkeypatch.setattr(module, "draw_table_camera", lambda *given: cameras.append(draw(*given)) or cameras[-1])
    for rows, looked in ((slice(8, 12), 1), (slice(0, 12), 1)):
        ids[:] = 0
        ids[rows, 8:12] = 1
        found = module._look_and_grasp(cell, surface, trials, WORLD, small_data(), 4, np.random.default_rng(0))
        assert found is None and len(asked) == looked
    np.testing.assert_array_equal(asked[0], cameras[0].world_from_camera[:3, 2])
