import dataclasses

import numpy as np
import pandas as pd
import pytest

from graspbook.mlgsl.robot.clutter_scenes import PATIENCE, clear_table, grasp_clutter
from graspbook.mlgsl.robot.planners import edge_pairs
from graspbook.mlgsl.robot.single_objects import choose_objects, grasp_objects
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.grippers.jaw.execute import GraspOutcome
from graspbook.world.table.items import table_shapes
from tests.mlgsl.worlds import STANDARD

pytestmark = pytest.mark.slow

ROBOT = dataclasses.replace(STANDARD.robot, min_objects=2, max_objects=3, grasps_per_object=2)


class EdgePlanner:
    """The first pairs of edges, as they come; the middle where there are none."""

    def plan(self, depth, count, rng):
        found = edge_pairs(depth, count, 30.0, rng)[:count]
        return found if len(found) else np.array([[39.5, 39.5, 0.0, 20.0]])


class TablePlanner:
    """Always grasps the corner of the image."""

    def plan(self, depth, count, rng):
        return np.array([[1.0, 1.0, 0.0, 5.0]] * count)


@pytest.fixture(scope="module")
def shapes():
    return table_shapes(Catalogue.load("data"), "test")


def test_every_planner_tries_every_object_at_every_pose(shapes):
    planners = {"edges": EdgePlanner(), "corner": TablePlanner()}
    attempts = grasp_objects(planners, shapes[:2], STANDARD.world, ROBOT)
    assert len(attempts) == 2 * 2 * 2
    assert set(attempts.loc[attempts["method"] == "corner", "end"]) == {GraspOutcome.NOTHING_HELD.value}
    again = grasp_objects({"edges": EdgePlanner()}, shapes[:2], STANDARD.world, ROBOT)
    assert again["end"].tolist() == attempts.loc[attempts["method"] == "edges", "end"].tolist()


def test_a_robot_that_never_holds_anything_gives_up(shapes):
    picked = clear_table(TablePlanner(), shapes, STANDARD.world, ROBOT, 0)
    assert picked.removed == 0
    assert len(picked.ends) == PATIENCE


def test_a_robot_that_sees_edges_removes_something(shapes):
    done = [clear_table(EdgePlanner(), shapes, STANDARD.world, ROBOT, scene) for scene in range(2)]
    assert sum(picked.removed for picked in done) > 0
    assert all(picked.removed <= picked.objects <= 3 for picked in done)
    ends = grasp_clutter({"edges": EdgePlanner()}, shapes, STANDARD.world, ROBOT, 0, 3)
    assert 1 <= len(ends["edges"]) <= 3


def test_the_adversarial_object_is_the_one_that_fewest_grasps_hold(shapes):
    names = [shape.name for shape in shapes[:4]]
    tried = pd.DataFrame({"image": np.repeat([0, 1, 2, 3], 4), "end": [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1]})
    chosen = [shape.name for shape in choose_objects(shapes, tried, names, 3)]
    assert chosen[-1] == names[1]
    assert len(set(chosen)) == 3
