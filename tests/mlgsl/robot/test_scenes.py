import dataclasses

import numpy as np
import pandas as pd
import pytest

from graspbook.mlgsl.robot import clutter_scenes as module
from graspbook.mlgsl.robot import single_objects
from graspbook.mlgsl.robot.clutter_scenes import PATIENCE, clear_table, fill_table, grasp_clutter, look
from graspbook.mlgsl.robot.planners import edge_pairs
from graspbook.mlgsl.robot.single_objects import choose_objects, grasp_objects
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.grippers.jaw.execute import GraspOutcome
from graspbook.world.table.cell import TableCell
from graspbook.world.table.items import table_shapes
from graspbook.world.table.surface import Surface
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


class Pile:
    """A table with a pile of objects, on which attempts end as they are told."""

    def __init__(self, *ends):
        self.items, self.ends, self.held, self.gone = {}, list(ends), [], set()

    def __call__(self, *_):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def attempt(self, grasp):
        end, self.held = self.ends.pop(0)
        return end

    def close(self):
        pass

    def settle(self):
        pass

    def outside(self):
        return self.gone & set(self.items)

    def remove(self, numbers):
        for number in list(numbers):
            self.items.pop(number, None)


@pytest.fixture
def cleared(monkeypatch):
    """Lets a robot clear a table of five objects, on which attempts end as they are told."""

    def clear(*ends, gone=()):
        pile = Pile(*ends)
        pile.gone = set(gone)
        monkeypatch.setattr(module, "TableCell", pile)
        monkeypatch.setattr(module, "Trials", pile)
        monkeypatch.setattr(module, "fill_table", lambda cell, *_: cell.items.update(dict.fromkeys(range(1, 6))))
        monkeypatch.setattr(module, "look", lambda *_: (None, np.zeros((4, 4))))
        monkeypatch.setattr(module, "to_world", lambda rows, *_: rows)
        return clear_table(TablePlanner(), None, STANDARD.world, ROBOT, 0)

    return clear


SUCCESS, TWO, DROPPED = GraspOutcome.SUCCESS, GraspOutcome.TWO_HELD, GraspOutcome.DROPPED


def test_what_is_held_is_taken_away_be_it_one_object_or_two(cleared):
    picked = cleared((SUCCESS, [2]), (TWO, [1, 3]), (SUCCESS, [4]), (SUCCESS, [5]))
    assert (picked.objects, picked.removed, picked.ends) == (5, 5, (SUCCESS, TWO, SUCCESS, SUCCESS))


def test_failures_count_in_a_row_and_what_falls_off_is_not_removed_by_the_robot(cleared):
    failures = [(DROPPED, [])] * (PATIENCE - 1)
    picked = cleared(*failures, (SUCCESS, [2]), *failures, (DROPPED, []))
    assert (picked.removed, len(picked.ends)) == (1, 2 * PATIENCE)
    picked = cleared((SUCCESS, [2]), (SUCCESS, [4]), gone=[1, 3, 5])
    assert (picked.removed, len(picked.ends)) == (1, 1) or (picked.removed, len(picked.ends)) == (2, 2)


def test_each_scene_draws_its_own_and_all_planners_draw_alike(shapes, monkeypatch):
    drawn = []

    class Drawing:
        def plan(self, depth, count, rng):
            drawn.append((float(rng.random()), depth.tobytes()))
            return np.array([[1.0, 1.0, 0.0, 5.0]])

    for number in (0, 1):
        grasp_clutter({"a": Drawing(), "b": Drawing()}, shapes, STANDARD.world, ROBOT, number, 3)
    assert drawn[0] == drawn[1] and drawn[2] == drawn[3] and drawn[0] != drawn[2]


def test_the_robot_sees_a_measured_depth(shapes):
    with TableCell() as cell:
        fill_table(cell, shapes, STANDARD.world, dataclasses.replace(ROBOT, min_objects=3), np.random.default_rng(0))
        assert len(cell.items) <= 3
        camera, depth = look(cell, STANDARD.world, np.random.default_rng(1))
        assert (depth != Surface(cell).see(camera).depth).mean() > 0.2


def test_scenes_have_any_number_of_objects_between_the_limits(shapes):
    class Counting:
        def __init__(self):
            self.count = 0

        def drop(self, *_, **__):
            self.count += 1

    counts = set()
    for seed in range(20):
        cell = Counting()
        fill_table(
            cell,
            shapes,
            STANDARD.world,
            dataclasses.replace(ROBOT, min_objects=2, max_objects=4),
            np.random.default_rng(seed),
        )
        counts.add(cell.count)
    assert counts == {2, 3, 4}


def test_each_pose_draws_its_own_and_all_planners_see_one_image(shapes):
    drawn = []

    class Drawing:
        def plan(self, depth, count, rng):
            drawn.append((float(rng.random()), depth.tobytes()))
            return np.array([[1.0, 1.0, 0.0, 5.0]])

    grasp_objects({"a": Drawing(), "b": Drawing()}, shapes[:1], STANDARD.world, ROBOT)
    assert drawn[0] == drawn[1] and drawn[2] == drawn[3]
    assert drawn[0][0] != drawn[2][0] and drawn[0][1] != drawn[2][1]


def test_an_object_to_grasp_lies_in_the_middle(shapes):
    with TableCell() as cell:
        rng = np.random.default_rng(0)
        assert single_objects._lay_down(cell, shapes[0], STANDARD.world, rng)
        np.testing.assert_allclose(cell.pose(1)[1][:2], 0, atol=1e-6)


def test_objects_are_spread_over_the_shares_of_grasps_that_hold(shapes):
    names = [shape.name for shape in shapes[:5]]
    good = [3, 0, 1, 4, 2]  # of four grasps each
    ends = np.concatenate([[0] * count + [1] * (4 - count) for count in good])
    tried = pd.DataFrame({"image": np.repeat(range(5), 4), "end": ends})
    chosen = [shape.name for shape in choose_objects(shapes, tried, names, 3)]
    assert chosen == [names[2], names[3], names[1]], "the hardest and the easiest of the others, then the adversarial"
