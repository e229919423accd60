"""The loop over two bins: who may act, what counts, and that models are compared on the same bins."""

import dataclasses
import itertools
from dataclasses import replace

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.types import of_one_class
from graspbook.world.bin import picking
from graspbook.world.bin.picking import MAX_PLANNED, choose, run_picking
from graspbook.world.bin.picks import PICK_OUTCOMES
from graspbook.world.bin.segmenter import TrueSegmenter
from graspbook.world.bin.transfer import Carried
from graspbook.world.grippers.suction.gripper import SuctionGripper
from tests.conftest import standard

pytestmark = pytest.mark.slow

WORLD = standard("selfsup").world

SMALL = replace(WORLD, height=64, samples=1, dials=replace(WORLD.dials, clutter=5, occlusion=0.2))


@pytest.fixture
def run(small_catalogue, renderer):
    def run(segmenter=None, number=0, seed=1, attempts=8, share_new=0.5, config=SMALL, worthwhile=-np.inf):
        segmenter = segmenter or TrueSegmenter()
        return list(
            run_picking(
                seed,
                small_catalogue,
                config,
                segmenter,
                number,
                attempts=attempts,
                share_new=share_new,
                worthwhile=worthwhile,
                renderer=renderer,
            )
        )

    return run


@dataclasses.dataclass(frozen=True)
class Always:
    """Finds the same masks whatever it sees."""

    masks: tuple = ()
    key: str = "always"

    def __call__(self, image, ids, rng):
        masks = np.array(self.masks, bool).reshape(-1, *ids.shape)
        return of_one_class(masks)


def _disc(row, column, radius):
    rows, columns = np.ogrid[:64, :96]
    return np.hypot(rows - row, columns - column) <= radius


FLOOR = Always((_disc(18, 22, 8),))
"""Finds an object on the floor near a corner of the bin."""


@pytest.fixture(scope="module")
def picks(small_catalogue, renderer):
    """Some episodes with the true masks, long enough to come back from the other bin."""
    return [
        list(
            run_picking(
                1, small_catalogue, SMALL, TrueSegmenter(), number, attempts=12, share_new=0.5, renderer=renderer
            )
        )
        for number in range(4)
    ]


def test_every_field_has_the_documented_shape_and_type(picks):
    for episode, attempts in enumerate(picks):
        for number, pick in enumerate(attempts):
            assert (pick.episode, pick.attempt) == (episode, number) and pick.bin in (0, 1)
            assert pick.image.shape == (64, 96, 3) and pick.image.dtype == np.uint8
            assert pick.depth.shape == pick.ids.shape == (64, 96)
            assert pick.depth.dtype == np.float32 and pick.ids.dtype == np.uint8
            assert pick.outcome in PICK_OUTCOMES and 0 <= pick.planned_cups <= 5
            assert pick.cup_sealed.shape == pick.cup_ids.shape == (5,) and pick.cup_uv.shape == (5, 2)
            assert pick.cup_sealed.dtype == bool and pick.cup_ids.dtype == np.int64
            assert pick.cup_uv.dtype == np.float32 and np.isfinite(pick.cup_uv).all()
            assert -1 <= pick.chosen < len(pick.detections.masks)


def test_the_grasp_is_that_of_the_attempt(picks):
    for pick in itertools.chain(*picks):
        assert (pick.grasp is None) == (pick.outcome in ("no_mask", "no_plan", "collision"))
        if pick.grasp:
            assert (pick.grasp.episode, pick.grasp.index) == (pick.episode, pick.attempt)
            np.testing.assert_array_equal(pick.grasp.before, pick.image)
            np.testing.assert_array_equal(pick.grasp.cup_sealed, pick.cup_sealed)
            assert pick.grasp.n_objects == pick.n_objects and len(pick.grasp.moved) >= pick.n_objects - 1
            if pick.outcome not in ("fell", "lost"):
                assert pick.grasp.outcome == pick.outcome


def test_a_success_takes_the_object_from_one_bin_to_the_other(picks):
    """Judged on what is seen and on counts: objects change sides, and only failures lose any."""
    for attempts in picks:
        inside = [attempts[0].n_objects, 0]
        for pick in attempts:
            assert pick.n_objects == inside[pick.bin]
            if pick.outcome == "success":
                assert pick.cup_sealed.any()
                assert not (pick.grasp.ids_after == pick.grasp.grasped_id).any()
                inside[pick.bin] -= 1
                inside[1 - pick.bin] += 1
            elif pick.outcome not in ("no_mask", "no_plan", "collision", "nothing_held", "dropped"):
                break
    outcomes = [pick.outcome for pick in itertools.chain(*picks)]
    assert outcomes.count("success") > 0.6 * len(outcomes)
    assert any(pick.bin == 1 and pick.outcome == "success" for pick in itertools.chain(*picks)), "they come back"


def test_true_masks_are_those_of_the_ids(picks):
    for pick in itertools.chain(*picks):
        np.testing.assert_array_equal(pick.detections.masks.any(axis=0), pick.ids > 0)
        assert (pick.detections.scores == 1).all()
        assert (pick.detections.masks.sum(axis=0) == (pick.ids > 0)).all()


@pytest.mark.parametrize(("share_new", "splits"), [(0.0, {"train"}), (1.0, {"test"}), (0.5, {"train", "test"})])
def test_objects_are_new_or_known_as_asked(run, share_new, splits):
    picks = [pick for number in range(2) for pick in run(number=number, attempts=6, share_new=share_new)]
    assert {pick.grasp.split for pick in picks if pick.grasp and pick.grasp.grasped_id} == splits


def test_an_episode_starts_alike_for_every_segmenter_and_differs_from_others(run):
    first, other, blind = (run(s, n, attempts=1)[0] for s, n in ((None, 0), (None, 1), (Always(), 0)))
    np.testing.assert_array_equal(first.image, blind.image)
    np.testing.assert_array_equal(first.depth, blind.depth)
    assert (first.image != other.image).any()


def test_models_are_paired_as_long_as_they_act_alike(run):
    """One that sees what the true masks see and a hopeless speck besides, until it goes blind."""

    class SameAtFirst:
        key = "same at first"
        calls = 0

        def __call__(self, image, ids, rng):
            self.calls += 1
            masks = TrueSegmenter()(image, ids, rng).masks
            speck = np.zeros((1, *ids.shape), bool)
            masks = np.concatenate([speck, masks])[: 99 if self.calls <= 3 else 0]
            return of_one_class(masks)

    truth, other = run(attempts=5), run(SameAtFirst(), attempts=5)
    for a, b in zip(truth[:4], other[:4], strict=True):
        np.testing.assert_array_equal(a.image, b.image)
    for a, b in zip(truth[:3], other[:3], strict=True):
        assert a.outcome == b.outcome and a.chosen == b.chosen - 1
        np.testing.assert_array_equal(a.grasp.after, b.grasp.after)
    assert other[3].outcome == "no_mask" and truth[3].outcome != "no_mask"


def test_the_same_run_twice_gives_the_same_bytes(run):
    for a, b in zip(run(number=3, attempts=6), run(number=3, attempts=6), strict=True):
        assert a.outcome == b.outcome and a.image.tobytes() == b.image.tobytes()
        assert a.cup_uv.tobytes() == b.cup_uv.tobytes() and a.ids.tobytes() == b.ids.tobytes()


def test_one_that_finds_nothing_fails_every_attempt_and_ends(run):
    picks = run(Always(), attempts=5)
    assert [pick.outcome for pick in picks] == ["no_mask"] * 5
    assert {pick.bin for pick in picks} == {0}, "finding nothing in the empty bin is no attempt"
    for pick in picks:
        assert pick.chosen == -1 and pick.planned_cups == 0 and pick.grasp is None
        assert np.isnan(pick.cup_uv).all() and not pick.cup_sealed.any() and not pick.cup_ids.any()


def test_masks_without_depth_cannot_be_planned_for(run):
    picks = run(Always((np.zeros((64, 96), bool),)), attempts=3)
    assert [(pick.outcome, pick.chosen) for pick in picks] == [("no_plan", -1)] * 3


def test_a_grasp_in_an_empty_bin_is_an_attempt_and_fails(run):
    picks = run(FLOOR, attempts=8)
    empty = [pick for pick in picks if pick.n_objects == 0]
    assert len(picks) == 8 and empty
    assert {pick.outcome for pick in empty} <= {"nothing_held", "collision"}


def test_after_a_failure_the_robot_turns_to_the_other_bin(run):
    picks = run(FLOOR, attempts=8)
    for first, second in itertools.pairwise(picks):
        assert (second.bin == first.bin) == (first.outcome == "success")
    assert len({pick.bin for pick in picks}) == 2
    for limit in (2, 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(picking, "MAX_FAILURES", limit)
            patch.setattr(picking.housing, "collides", lambda *_: True)
            assert [pick.bin for pick in run(FLOOR, attempts=6)] == ([0] * limit + [1] * limit + [0] * limit)[:6]


def promises(monkeypatch, scores):
    """Gives the robot's best plan, at each look, the next of these scores; every attempt succeeds."""
    looks, plan, execute = iter(scores), picking.choose, picking._execute

    def scored(*arguments):
        chosen, planned = plan(*arguments)
        return chosen, replace(planned, score=next(looks))

    monkeypatch.setattr(picking, "choose", scored)
    monkeypatch.setattr(picking, "_execute", lambda *arguments: replace(execute(*arguments), outcome="success"))


@pytest.mark.parametrize(
    ("scores", "bins"),
    [
        ([2.0, 2.0, 2.0, 2.0], [0, 0, 0, 0]),  # worthwhile, each time
        ([1.9, 2.0, 2.0, 2.0, 2.0], [1, 1, 1, 1]),  # the other bin promises more
        ([1.9, 1.8, 1.9, 2.0, 2.0, 2.0], [1, 0, 0, 0]),  # as little: it tries there, and may decline again after that
        ([2.0, 1.9, 2.0, 1.9, 2.0, 2.0], [0, 1, 0, 0]),
    ],
)
def test_the_robot_looks_into_the_other_bin_before_it_tries_what_promises_little(run, monkeypatch, scores, bins):
    promises(monkeypatch, scores)
    assert [pick.bin for pick in run(FLOOR, attempts=4, worthwhile=2.0)] == bins


def test_a_robot_for_which_everything_is_worthwhile_never_declines(run, monkeypatch):
    promises(monkeypatch, [-9.0] * 4)
    assert [pick.bin for pick in run(FLOOR, attempts=4)] == [0] * 4


def test_who_sees_nothing_worthwhile_anywhere_tries_where_something_lies(run):
    picks = run(Always(), attempts=3, worthwhile=2.0)
    assert [(pick.bin, pick.outcome) for pick in picks] == [(0, "no_mask")] * 3


def test_in_a_collision_the_tool_never_presses(run, monkeypatch):
    monkeypatch.setattr(picking.housing, "collides", lambda *_: True)
    picks = run(attempts=3)
    assert [pick.outcome for pick in picks] == ["collision"] * 3
    for pick in picks:
        assert pick.grasp is None and not pick.cup_sealed.any() and not pick.cup_ids.any()
        assert np.isfinite(pick.cup_uv).all() and pick.chosen >= 0
        np.testing.assert_array_equal(pick.ids, picks[0].ids)


@pytest.mark.parametrize(
    ("fallen", "thrown", "outcome"), [((7,), (), "fell"), ((7,), (8,), "fell"), ((), (8,), "lost"), ((), (), "success")]
)
def test_what_happens_on_the_way_counts_only_after_a_pull_that_went_well(run, monkeypatch, fallen, thrown, outcome):
    monkeypatch.setattr(picking, "carry", lambda *_: Carried((), fallen, thrown, held=()))
    picks = run(attempts=4)
    pulled_well = [pick for pick in picks if pick.grasp and pick.grasp.outcome == "success"]
    assert pulled_well and {pick.outcome for pick in pulled_well} == {outcome}
    for pick in picks:
        assert pick in pulled_well or not pick.grasp or pick.outcome == pick.grasp.outcome


@pytest.mark.parametrize("held", [(), (7,), (7, 8)])
def test_the_robot_knows_that_something_hung_there_until_it_let_go_and_no_more(run, monkeypatch, held):
    monkeypatch.setattr(picking, "carry", lambda *_: Carried((), (), (), held=held))
    picks = run(attempts=6)
    carried = [pick for pick in picks if pick.outcome == "success"]
    assert carried and all(pick.held == bool(held) for pick in carried)
    for pick in picks:
        assert not pick.held or pick.outcome in ("success", "multiple", "lost")


def test_an_episode_ends_when_nothing_is_left(run, monkeypatch):
    monkeypatch.setattr(picking, "carry", lambda *_: Carried((), (7,), (), held=()))
    picks = run(attempts=40)
    successes = sum(pick.grasp is not None and pick.grasp.outcome == "success" for pick in picks)
    assert len(picks) < 40 and successes >= picks[0].n_objects - 2


class TestChoose:
    """Which mask is grasped."""

    @pytest.fixture
    def pick(self, picks):
        return next(pick for pick in picks[0] if pick.n_objects >= 4)

    def _choose(self, pick, masks, scores, camera):
        found = of_one_class(np.array(masks), np.array(scores, float))
        return choose(found, pick.depth, camera, SuctionGripper(), (1, 2, 3))

    def test_most_cups_win_whatever_the_scores(self, pick):
        masks, camera = pick.detections.masks, pick.grasp.camera
        cups = {}
        for k, mask in enumerate(masks):
            _, plan = self._choose(pick, [mask], [1.0], camera)
            cups[k] = plan.n_cups if plan else -1
        order = sorted(cups, key=cups.get)
        chosen, plan = self._choose(pick, masks[order], np.arange(len(masks)) == 0, camera)
        assert cups[order[chosen]] == plan.n_cups == max(cups.values()) > min(cups.values())

    def test_a_plan_does_not_depend_on_what_else_is_found(self, pick):
        masks, camera = pick.detections.masks, pick.grasp.camera
        chosen, plan = self._choose(pick, masks, np.ones(len(masks)), camera)
        _, alone = self._choose(pick, masks[[chosen]], [0.3], camera)
        np.testing.assert_array_equal(plan.pose.position, alone.pose.position)
        assert plan.score == alone.score

    def test_only_the_highest_scores_are_planned_for(self, pick):
        masks, camera = pick.detections.masks, pick.grasp.camera
        chosen, _ = self._choose(pick, masks, np.ones(len(masks)), camera)
        speck = np.zeros_like(masks[0])
        crowd, scores = [*[speck] * MAX_PLANNED, masks[chosen]], [*[0.6] * MAX_PLANNED, 0.5]
        assert self._choose(pick, crowd, scores, camera) == (-1, None)
        assert self._choose(pick, crowd[1:], scores[1:], camera)[0] == MAX_PLANNED - 1

    def test_nothing_found_means_nothing_chosen(self, pick):
        assert self._choose(pick, np.zeros((0, 64, 96), bool), [], pick.grasp.camera) == (-1, None)


def test_masks_of_another_size_are_refused_with_the_name_of_the_segmenter(run):
    def segment(image, ids, rng):
        return of_one_class(np.zeros((1, 32, 48), bool))

    segment.key = "small"
    with pytest.raises(InputError, match="small"):
        run(segment)


@pytest.mark.parametrize("bad", [{"attempts": 0}, {"share_new": 1.5}])
def test_impossible_settings_are_refused(run, bad):
    with pytest.raises(InputError, match="attempts, share_new"):
        run(**bad)


@pytest.mark.parametrize("outcome", ["multiple", "lost"])
def test_what_a_pull_came_to_is_not_hidden_by_what_falls_on_the_way(run, monkeypatch, outcome):
    real = picking.pull

    def pull(*arguments):
        pulled = real(*arguments)
        return replace(pulled, outcome=outcome) if pulled.taken else pulled

    monkeypatch.setattr(picking, "pull", pull)
    monkeypatch.setattr(picking, "carry", lambda *_: Carried((), (7,), (8,), held=()))
    outcomes = {pick.outcome for pick in run(attempts=4)}
    assert outcome in outcomes and "fell" not in outcomes
