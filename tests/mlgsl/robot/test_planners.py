import numpy as np
import pytest

from graspbook.mlgsl.metrics.judge import Judge
from graspbook.mlgsl.metrics.rectangles import angle_between
from graspbook.mlgsl.model import build_network
from graspbook.mlgsl.robot import planners
from graspbook.mlgsl.robot.planners import DensePlanner, SampledPlanner, edge_pairs
from graspbook.mlgsl.robot.single_objects import time_planners
from tests.mlgsl.worlds import STANDARD


@pytest.fixture
def bar():
    depth = np.full((80, 80), 0.6, np.float32)
    depth[37:44, 15:65] = 0.56
    return depth


def test_pairs_of_edges_lie_across_the_object(bar):
    found = edge_pairs(bar, 50, 30.0, np.random.default_rng(0))
    assert len(found) == 50
    assert np.abs(found[:, 1] - 40).max() < 3
    assert np.degrees(angle_between(found[:, 2], np.pi / 2)).max() < 45
    assert (found[:, 3] <= 30).all()


def test_a_bare_table_has_no_pairs_and_still_a_plan():
    flat = np.full((80, 80), 0.6, np.float32)
    assert edge_pairs(flat, 10, 30.0, np.random.default_rng(0)).shape == (0, 4)
    planner = SampledPlanner(Judge(32).eval(), 30.0, 10, 1)
    assert planner.plan(flat, 3, np.random.default_rng(0)).shape == (1, 4)


def test_planners_give_as_many_grasps_as_wanted_inside_the_image(bar):
    network = build_network(STANDARD.network, 1).eval()
    compared = {
        "dense": DensePlanner(network, "mlgsl", STANDARD.metrics),
        "sampled": SampledPlanner(Judge(32).eval(), 30.0, 40, 2),
    }
    for planner in compared.values():
        plan = planner.plan(bar, 4, np.random.default_rng(0))
        assert plan.shape == (4, 4)
        assert (plan[:, :2] >= 0).all()
        assert (plan[:, :2] <= 79).all()
        np.testing.assert_array_equal(plan, planner.plan(bar, 4, np.random.default_rng(0)))
    times = time_planners(compared, bar[None], 3)
    assert all(len(spent) == 3 and (spent > 0).all() for spent in times.values())


def test_sampled_grasps_gather_where_the_judge_likes_them_and_come_best_first(bar, monkeypatch):
    monkeypatch.setattr(planners, "judge_grasps", lambda judge, depth, grasps: -np.abs(grasps[:, 0] - 20))
    away = [
        np.abs(SampledPlanner(Judge(32), 30.0, 40, rounds).plan(bar, 10, np.random.default_rng(0))[:, 0] - 20)
        for rounds in (0, 3)
    ]
    assert (np.diff(away[0]) >= 0).all() and (np.diff(away[1]) >= 0).all()
    assert away[1].max() < 1 < away[0].max()


def test_a_network_is_read_as_its_loss_says(bar, monkeypatch):
    given = []
    monkeypatch.setattr(planners, "predict", lambda network, depth: np.zeros((1, 4, 80, 80)))
    monkeypatch.setattr(planners, "best_grasps", lambda maps, loss, *_: given.append(loss) or ("grasps", "scores"))
    assert DensePlanner(None, "imgbce", STANDARD.metrics).plan(bar, 3, None) == "grasps"
    assert given == ["imgbce"]


def test_pairs_of_edges_face_away_from_each_other_and_leave_room_within_the_gripper(bar):
    """Of a bar and of a hole as wide, the bar alone has edges that jaws can close on."""
    hole = np.full((80, 80), 0.56, np.float32)
    hole[37:44, 15:65] = 0.6
    rng = np.random.default_rng
    assert len(edge_pairs(hole, 50, 14.0, rng(0))) == 0 < len(edge_pairs(bar, 50, 14.0, rng(0)))
    found = edge_pairs(bar, 50, 30.0, rng(0))
    assert (found[:, 3] > 7 + planners.CLEARANCE - 2).all() and found[:, 3].min() < 14
    assert len(edge_pairs(bar, 50, 9.0, rng(0))) == 0, "wider than the gripper with its clearance"


def test_times_are_those_after_the_first_two_with_images_in_turn(monkeypatch):
    seen = []

    class Slow:
        def plan(self, depth, count, rng):
            seen.append(float(depth[0, 0]))

    clock = iter([value for k in range(5) for value in (10.0 * k, 10.0 * k + (9 if k < 2 else k))])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    depth = np.stack([np.full((2, 2), value, np.float32) for value in (1, 2)])
    assert time_planners({"a": Slow()}, depth, 3)["a"].tolist() == [2000, 3000, 4000]
    assert seen == [1, 2, 1, 2, 1]
