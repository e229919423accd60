import dataclasses
import inspect
import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.data.schema import OUTCOMES
from graspbook.world.bin import episode
from graspbook.world.bin.episode import MAX_FAILURES, Grasp, run_episode
from graspbook.world.bin.segmenter import NoisySegmenter, TrueSegmenter
from graspbook.world.grippers.suction import housing
from graspbook.world.grippers.suction.gripper import SuctionGripper
from graspbook.world.grippers.suction.seal import CUPS, Contact
from tests.conftest import standard

pytestmark = pytest.mark.slow

WORLD = standard("selfsup").world

SMALL = replace(WORLD, height=48, samples=1, dials=replace(WORLD.dials, clutter=6, occlusion=0.3))


@pytest.fixture(scope="module")
def catalogue(small_catalogue):
    return small_catalogue


@pytest.fixture(scope="module")
def grasps(catalogue, renderer):
    """All grasps of a few episodes with the default segmenter."""
    return [g for k in range(4) for g in run_episode(1, "train", catalogue, SMALL, NoisySegmenter(), k, renderer)]


def test_every_field_has_the_documented_shape_and_type(grasps):
    for grasp in grasps:
        for name in ("before", "after"):
            assert getattr(grasp, name).shape == (48, 72, 3) and getattr(grasp, name).dtype == np.uint8
            for kind, dtype in (("depth", np.float32), ("ids", np.uint8)):
                image = getattr(grasp, f"{kind}_{name}")
                assert image.shape == (48, 72) and image.dtype == dtype
        for name in ("visible", "amodal", "suction"):
            assert getattr(grasp, name).shape == (48, 72) and getattr(grasp, name).dtype == bool
        assert grasp.cup_sealed.shape == (5,) and grasp.cup_sealed.dtype == bool
        assert grasp.cup_gauge.shape == (5,) and grasp.cup_gauge.dtype == np.float32
        assert grasp.cup_uv.shape == (5, 2) and grasp.cup_uv.dtype == np.float32
        assert grasp.outcome in OUTCOMES and grasp.split == "train" and grasp.lost_while_filling >= 0


def test_a_success_removes_exactly_the_grasped_item(grasps):
    """The same ids are in the bin before and after, the grasped one excepted; judged on the pictures."""
    successes = [g for g in grasps if g.outcome == "success"]
    assert len(successes) > 3
    for grasp in successes:
        assert grasp.cup_sealed.any() and grasp.grasped_id > 0
        assert not (grasp.ids_after == grasp.grasped_id).any()
        assert len(grasp.moved) == grasp.n_objects - 1


def test_consecutive_grasps_share_the_moment_but_not_the_photograph(grasps):
    pairs = [(a, b) for a, b in itertools.pairwise(grasps) if a.episode == b.episode]
    assert pairs
    for first, second in pairs:
        assert second.index == first.index + 1
        np.testing.assert_array_equal(first.ids_after, second.ids_before)
        assert (first.after != second.before).any()
        left = second.n_objects - first.n_objects
        assert (left == -1) == (first.outcome == "success") or first.outcome in ("multiple", "lost")


def test_labels_belong_to_the_grasped_item(grasps):
    for grasp in grasps:
        np.testing.assert_array_equal(grasp.visible, (grasp.ids_before == grasp.grasped_id) & (grasp.grasped_id > 0))
        assert not (grasp.visible & ~grasp.amodal).any(), "amodal contains visible"
        if grasp.grasped_id == 0:
            assert not grasp.amodal.any()


def test_the_grasp_mask_lies_on_the_item_that_the_cups_hold(grasps):
    for grasp in grasps:
        if grasp.outcome == "success":
            held = grasp.suction & grasp.visible
            assert held.sum() > 0.5 * grasp.suction.sum() > 0


def test_gauges_agree_with_the_seals(grasps):
    for grasp in grasps:
        np.testing.assert_array_equal(grasp.cup_gauge < -30, grasp.cup_sealed)


def test_moved_distances_are_those_of_the_scene(catalogue, renderer, monkeypatch):
    """Against the poses that physics itself reports around each pull."""
    seen = []

    def spy(cell, *rest):
        before = cell.poses()
        result = pull(cell, *rest)
        seen.append((before, cell.poses()))
        return result

    pull = episode.pull
    monkeypatch.setattr(episode, "pull", spy)
    grasps = list(run_episode(2, "train", catalogue, SMALL, TrueSegmenter(), 0, renderer))
    assert len(grasps) == len(seen) > 0
    for grasp, (before, after) in zip(grasps, seen, strict=True):
        assert set(grasp.moved) == set(before) - {grasp.grasped_id}
        for k in after.keys() & grasp.moved.keys():
            assert grasp.moved[k] == np.linalg.norm(after[k][1] - before[k][1])


def test_the_same_seed_gives_the_same_bits_and_another_number_does_not(catalogue, renderer):
    def bits(number):
        first = next(iter(run_episode(3, "test", catalogue, SMALL, NoisySegmenter(), number, renderer)))
        fields = {f.name: getattr(first, f.name) for f in dataclasses.fields(Grasp) if f.name != "camera"}
        return {k: v.tobytes() if isinstance(v, np.ndarray) else v for k, v in fields.items()}

    assert bits(0) == bits(0) != bits(1)


def test_an_episode_ends_after_failures_in_a_row(catalogue, renderer, scripted):
    def floor(ids):
        mask = np.zeros(ids.shape, bool)
        mask[0, :] = True  # the table at the picture's edge
        return mask[None]

    grasps = list(run_episode(0, "train", catalogue, SMALL, scripted(floor, "table"), 0, renderer))
    assert [g.outcome for g in grasps] == ["nothing_held"] * MAX_FAILURES
    for grasp in grasps:
        assert grasp.grasped_id == 0 and not grasp.visible.any() and not grasp.cup_sealed.any()
        np.testing.assert_array_equal(grasp.ids_before, grasp.ids_after)


def test_a_segmenter_that_sees_nothing_ends_the_episode_without_grasps(catalogue, renderer, scripted):
    blind = scripted(lambda ids: np.zeros((0, *ids.shape), bool), "blind")
    assert not list(run_episode(0, "train", catalogue, SMALL, blind, 0, renderer))


def test_still_neighbours_do_not_move_in_an_episode(catalogue, renderer):
    config = dataclasses.replace(SMALL, dials=dataclasses.replace(SMALL.dials, neighbour_movement=0.0))
    grasps = list(run_episode(1, "train", catalogue, config, TrueSegmenter(), 0, renderer))
    assert any(g.outcome == "success" for g in grasps)
    assert all(m == 0.0 for g in grasps if g.outcome == "success" for m in g.moved.values())


def test_more_noise_in_the_segmenter_brings_fewer_successes(catalogue, renderer):
    """Over the same bins; also shows that the default collects neither nothing nor everything."""

    def rate(segmenter):
        outcomes = [
            g.outcome for k in range(5) for g in run_episode(7, "train", catalogue, SMALL, segmenter, k, renderer)
        ]
        return outcomes.count("success") / len(outcomes)

    true, worst = rate(TrueSegmenter()), rate(NoisySegmenter(merge=1.0, divide=1.0, shift=0.1, phantom=1.0))
    assert true > worst and true > 0.4


def test_plans_never_look_at_the_truth():
    """The planner's arguments are what the robot measures and believes, nothing else."""
    assert list(inspect.signature(SuctionGripper.plan).parameters) == [
        "self",
        "depth",
        "camera",
        "mask",
        "rng",
        "clear",
    ]
    assert list(inspect.signature(housing.clear).parameters) == ["depth", "camera", "mask", "points", "rotations"]


@pytest.mark.parametrize(("sealed", "covered"), [([0, 2], [0, 2]), ([], [0, 1, 2, 3, 4])])
def test_the_grasp_mask_is_of_the_sealed_cups_and_of_all_where_none_is(monkeypatch, sealed, covered):
    each = np.eye(5, dtype=bool)[:, None]  # cup k covers pixel k
    monkeypatch.setattr(episode, "footprints", lambda *_: each)
    active = np.isin(np.arange(5), sealed)
    contact = Contact(np.ones(5, int), np.ones(5, bool), active, active * 1.0, CUPS, np.zeros((5, 3)))
    assert np.flatnonzero(episode._suction(contact, SimpleNamespace(pose=None), None)).tolist() == covered
