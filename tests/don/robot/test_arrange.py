import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from graspbook.core.errors import InputError
from graspbook.don.config import NetworkConfig, Row
from graspbook.don.lookalikes import look_alikes
from graspbook.don.network import build_network
from graspbook.don.robot import arrange as module
from graspbook.don.robot.arrange import (
    Lab,
    Reference,
    arrange,
    draw_others,
    draw_reference,
    holds,
    in_plain_view,
    lay_out,
    something_to_see,
)
from graspbook.don.robot.moment import Seen
from graspbook.don.robot.table_5 import Outcome, grasp_all
from graspbook.don.scenes.episode import FIRST_UNKNOWN
from graspbook.don.scenes.studio import Studio
from graspbook.nn.model_file import Model
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.grippers.jaw.execute import GraspOutcome
from graspbook.world.grippers.jaw.grasp import JawGrasp
from graspbook.world.render.camera import Camera
from tests.conftest import standard

pytestmark = pytest.mark.slow

WHOLE = standard("don")
CAMERA = dataclasses.replace(WHOLE.scenes.camera, height=60, width=80, focal=80.0, samples=1)
ROBOT = dataclasses.replace(WHOLE.robot, turns=2, scenes=1)
BOX = 8
"""The smallest of the boxes, which lies still at once."""


@pytest.fixture(scope="module")
def lab():
    studio = Studio(Catalogue.load(Path(__file__).parents[3] / "data"))
    return Lab(studio, dataclasses.replace(WHOLE.scenes, camera=CAMERA), ROBOT)


@pytest.fixture(scope="module")
def reference(lab):
    return draw_reference(lab, BOX)


def test_the_clicks_are_on_the_object_and_the_same_again(lab, reference):
    half = lab.studio.known(BOX).shape.extent / 2
    assert (np.abs(reference.points) < half + 0.01).all()
    assert something_to_see(reference.image, reference.pixels)
    assert not something_to_see(np.full_like(reference.image, 90), reference.pixels)
    np.testing.assert_array_equal(draw_reference(lab, BOX).pixels, reference.pixels)


def test_a_scene_counts_once_the_true_points_are_seen_in_every_turn(lab, reference):
    with arrange(lab, reference, "isolated", 0) as arranged:
        assert len(arranged.turns) == 2 and len(arranged.trials.cell.items) > 3
        assert all(in_plain_view(arranged.points, seen, BOX) for seen in arranged.turns)
        first, second = (seen.camera.project(arranged.points @ seen.turn.T)[0] for seen in arranged.turns)
        across = [np.arctan2(*(uv[1] - uv[0])[::-1]) for uv in (first, second)]
        # seen from above, what turns one way in the world turns the other way in the picture
        turned = np.degrees(across[0] - across[1]) % 360
        assert abs(turned - ROBOT.angle) < 12


def test_an_untrained_network_tries_every_turn(lab, reference):
    network = build_network(NetworkConfig("mobilenet_v2", "random", None), 4, 1).eval()
    networks = {("a", 1): Model(network, Row("a", "nt-xent", "multi", 1, matches=128, dimensions=4))}
    attempts = grasp_all(networks, [reference], lab, ["singulated"])
    assert attempts["turn"].tolist() == [0, 1]
    assert set(attempts["outcome"]) <= {outcome.value for outcome in Outcome}
    assert ((attempts["outcome"] != "success") | (attempts["error"] < 0.1)).all()


def test_an_object_too_wide_for_the_jaws_is_refused_by_name(lab):
    gripper = dataclasses.replace(ROBOT.gripper, max_opening=0.02)
    narrow = dataclasses.replace(lab, robot=dataclasses.replace(ROBOT, gripper=gripper, patience=2))
    with pytest.raises(InputError, match=r"robot\.patience: object 8"):
        draw_reference(narrow, BOX)


DOWN = np.diag([1.0, -1.0, -1.0])


def photographed(turn=0.0, number=3, hidden=0.0):
    """A picture from straight above in which an object shows where the point (0.05, 0, 0.1) is turned to."""
    pose = np.eye(4)
    pose[:3, :3], pose[2, 3] = DOWN, 0.5
    camera = Camera(100.0, 100.0, 29.5, 29.5, pose, 60, 60)
    rotation = Rotation.from_rotvec([0, 0, np.radians(turn)]).as_matrix()
    depth, ids = np.full((60, 60), 0.4 - hidden, np.float32), np.zeros((60, 60), np.uint8)
    (u, v), *_ = np.rint(camera.project(np.array([[0.05, 0.0, 0.1]]) @ rotation.T)[0]).astype(int)
    ids[v - 2 : v + 3, u - 2 : u + 3] = number
    return Seen(np.zeros((60, 60, 3), np.uint8), depth, depth, ids, camera, rotation)


@pytest.mark.parametrize("turn", [0.0, 90.0])
def test_a_point_is_in_plain_view_on_its_own_object_with_nothing_before_it(turn):
    points = np.array([[0.05, 0.0, 0.1]])
    assert in_plain_view(points, photographed(turn), 3)
    assert not in_plain_view(points, photographed(turn), 4)
    assert not in_plain_view(points, photographed(turn, hidden=0.05), 3)
    assert not in_plain_view(-points, photographed(turn), 3)


class Gripper:
    """Trials that note what is attempted and hold what they are told."""

    def __init__(self, *held):
        self.ends, self.held, self.attempts = list(held), [], []

    def attempt(self, grasp):
        self.attempts.append(grasp)
        self.held = self.ends.pop(0)
        return GraspOutcome.SUCCESS


def test_points_hold_if_the_object_is_lifted_alone_from_every_picture(monkeypatch):
    grasp = JawGrasp(np.array([0.05, 0.0, 0.1]), np.array([0, 0, -1.0]), np.array([0, 1.0, 0]), 0.05)
    monkeypatch.setattr(
        module, "axis_grasp", lambda points, depth, camera, robot: dataclasses.replace(grasp, point=points[0])
    )
    turns = photographed(0.0), photographed(90.0)
    points = np.array([[0.05, 0.0, 0.1], [0.06, 0.0, 0.1]])
    for held, good in (([[3], [3]], True), ([[3], [3, 4]], False), ([[3], [4]], False), ([[4], [3]], False)):
        gripper = Gripper(*held)
        assert holds(gripper, points, turns, 3, ROBOT) is good
        for attempt in gripper.attempts:  # in the frame of the scene, whatever the turn
            np.testing.assert_allclose(attempt.point, points[0], atol=1e-9)


class Table:
    """A table that notes what is done to it."""

    def __init__(self, *steps):
        self.items, self.removed, self.steps = {3: None, 9: None}, [], steps

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def settle(self, *_):
        pass

    def outside(self):
        return {9}

    def remove(self, numbers):
        self.removed.append(set(numbers))

    def pose(self, number):
        return np.eye(3), np.array([0.1, 0.0, 0.02])

    def drop(self, *_):
        return True

    def shift(self, *_):
        pass

    def body(self, number):
        return number

    client = 0


def fake(monkeypatch, **functions):
    for name, function in functions.items():
        monkeypatch.setattr(module, name, function)


LAB = Lab(SimpleNamespace(plain=None), WHOLE.scenes, dataclasses.replace(ROBOT, turns=2, patience=3))
LYING = Reference(
    3,
    np.zeros((4, 4, 3), np.uint8),
    np.zeros((2, 2)),
    np.array([[0.0, 0, 0], [0.01, 0, 0]]),
    Rotation.from_rotvec([0.3, 0.4, 0]).as_matrix(),
)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("singulated", ["place 3"]), ("isolated", ["place 3", "apart 5", "apart 101"]), ("packed", ["heap"])],
)
def test_objects_are_laid_out_as_the_setting_says(setting, expected, monkeypatch):
    done, rotations = [], []
    fake(
        monkeypatch,
        draw_bent_item=lambda studio, config, number, rng: ("item", "bend"),
        draw_others=lambda lab, wanted, rng: {5: "a", 101: "b"},
        _place=lambda cell, number, item, rotation, rng, within: (
            done.append(f"place {number}") or rotations.append(rotation)
        ),
        _place_apart=lambda cell, number, item, rng, half: done.append(f"apart {number}"),
        _heap=lambda cell, others, wanted, half, rng: done.append("heap") or rotations.append(wanted[2]),
    )
    table = Table()
    assert lay_out(table, LAB, LYING, setting, np.random.default_rng(0)) == "bend"
    assert done == expected and table.removed == [{9}], "what is outside is taken away"
    np.testing.assert_allclose(rotations[0][2], LYING.rotation[2])  # turned about the vertical


def test_beside_an_object_lie_its_look_alikes_first_and_unknown_objects_of_the_test(monkeypatch):
    splits = []
    fake(
        monkeypatch,
        draw_bent_item=lambda studio, config, number, rng: (f"item {number}", None),
        draw_item=lambda rng, catalogue, split, *_: splits.append(split) or "unknown",
        looks=lambda camera: None,
    )
    for seed in range(5):
        found = draw_others(LAB, 1, np.random.default_rng(seed))
        known = [number for number in found if number < FIRST_UNKNOWN]
        assert set(known[:2]) == set(look_alikes(1)) and 1 not in known
        assert WHOLE.scenes.min_known - 1 <= len(known) <= WHOLE.scenes.max_known - 1
        assert len(found) == len(known) + WHOLE.scenes.unknown
    assert set(splits) == {"test"}


def test_an_object_that_is_too_near_to_another_is_laid_elsewhere(monkeypatch):
    near = [[1], [1], [], []]
    fake(monkeypatch, TableCell=Table, _place=lambda *_: None)
    monkeypatch.setattr(module.pybullet, "getClosestPoints", lambda *_, **__: near.pop(0))
    table = Table()
    module._place_apart(table, 3, None, np.random.default_rng(0), 0.1)
    assert table.removed == [{3}, {3}] and near == [[]]


@pytest.fixture
def arranged(monkeypatch):
    """Arranges scenes without physics and pictures: what is given to the parts of it."""
    given = {"draws": [], "angles": [], "points": []}
    bend = SimpleNamespace(apply=lambda points: points + 0.5)
    fake(
        monkeypatch,
        TableCell=Table,
        Trials=lambda *_: "trials",
        draw_backdrop=lambda *_: None,
        lay_out=lambda cell, lab, reference, setting, rng: given["draws"].append(float(rng.random())) or bend,
        see=lambda studio, cell, backdrop, scenes, degrees, rng: given["angles"].append(degrees) or degrees,
        in_plain_view=lambda *_: True,
        holds=lambda trials, points, *_: given["points"].append(points) or True,
    )
    return given


def test_each_scene_of_each_setting_draws_apart_and_is_seen_in_all_its_turns(arranged):
    for setting in ("singulated", "isolated"):
        for number in (0, 1):
            with arrange(LAB, LYING, setting, number) as scene:
                assert scene.turns == (0.0, ROBOT.angle)
    assert len(set(arranged["draws"])) == 4
    np.testing.assert_allclose(arranged["points"][0], LYING.points + 0.5 + [0.1, 0, 0.02])


def test_clicks_are_where_there_is_something_to_see_and_kept_as_the_object_is_at_rest(monkeypatch):
    tries = []
    bend = SimpleNamespace(undo=lambda points: points * 10)
    seen = SimpleNamespace(image="image", ids=np.zeros((2, 2)), depth=None, camera=None)
    fake(
        monkeypatch,
        TableCell=Table,
        Trials=lambda *_: None,
        draw_bent_item=lambda *_: (None, bend),
        draw_backdrop=lambda *_: None,
        see=lambda *_: seen,
        axis_pixels=lambda mask, click: np.zeros((2, 2)),
        something_to_see=lambda *_: tries.append(1) or len(tries) == 2,
        lift_pixels=lambda *_: np.array([[0.2, 0, 0.02], [0.3, 0, 0.02]]),
        holds=lambda *_: True,
    )
    found = draw_reference(LAB, 3)
    assert len(tries) == 2
    np.testing.assert_allclose(found.points, [[1, 0, 0], [2, 0, 0]])
