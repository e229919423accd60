from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation

from graspbook.don.robot import table_5 as module
from graspbook.don.robot.arrange import SETTINGS, Arranged, Reference
from graspbook.don.robot.moment import Seen
from graspbook.don.robot.table_5 import Outcome, outcome_of, table_lines, try_network
from graspbook.world.grippers.jaw.execute import GraspOutcome
from graspbook.world.grippers.jaw.grasp import JawGrasp


@pytest.mark.parametrize(
    ("end", "held", "outcome"),
    [
        (GraspOutcome.SUCCESS, [3], Outcome.SUCCESS),
        (GraspOutcome.SUCCESS, [4], Outcome.WRONG_OBJECT),
        (GraspOutcome.TWO_HELD, [3, 4], Outcome.TWO_HELD),
        (GraspOutcome.DROPPED, [], Outcome.DROPPED),
    ],
)
def test_success_needs_the_right_object(end, held, outcome):
    assert outcome_of(end, held, 3) is outcome


def test_every_end_of_the_gripper_has_an_outcome():
    of_search = {"wrong object", "no axis"}
    assert {Outcome(end.value).value for end in GraspOutcome} | of_search == {one.value for one in Outcome}


def test_sums_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    attempts = pd.DataFrame(
        [
            (method, seed, setting, number, scene, turn, str(rng.choice([o.value for o in Outcome])))
            for method in "ab"
            for seed in (1, 2)
            for setting in SETTINGS
            for number in (1, 2)
            for scene in (0, 1)
            for turn in range(3)
        ],
        columns=["method", "seed", "setting", "object", "scene", "turn", "outcome"],
    )
    lines = table_lines(attempts)
    assert len(lines) == 2 * 2 * 3 * 2 * 2
    for _, line in lines.iterrows():
        setting, number, scene = line["scene"].split()
        own = attempts[
            (attempts["method"] == line["method"])
            & (attempts["seed"] == line["seed"])
            & (attempts["setting"] == setting)
            & (attempts["object"] == int(number))
            & (attempts["scene"] == int(scene))
        ]
        good = 100 * (own["outcome"] == "success").sum()
        assert line[setting] == line["overall"] == good
        assert line[f"{setting}_tried"] == line["overall_tried"] == 3
        assert sum(line[other] + line[f"{other}_tried"] for other in SETTINGS if other != setting) == 0


TURN = Rotation.from_rotvec([0, 0, np.radians(90)]).as_matrix()


@pytest.fixture
def attempt(monkeypatch):
    """One attempt whose found pixels, lifted points and grasp are known; what is asked and tried is noted."""
    given = {}
    grasp = JawGrasp(np.array([0.0, 0.1, 0.02]), np.array([0, 0, -1.0]), np.array([1.0, 0, 0]), 0.05)
    pixels, points = np.array([[1.0, 0.0], [2.0, 3.0]]), np.array([[0.0, 0.1, 0.0], [0.0, 0.2, 0.0]])

    def find(trained, wanted, image):
        given.update(wanted=wanted, image=image)
        return pixels

    monkeypatch.setattr(module, "find_descriptors", find)
    monkeypatch.setattr(module, "lift_pixels", lambda *_: points)
    monkeypatch.setattr(module, "axis_grasp", lambda *_: grasp)
    ids = np.zeros((4, 4), np.uint8)
    ids[0, 1], ids[3, 2] = 3, 7
    picture = np.ones((4, 4, 3), np.uint8)
    seen = Seen(picture, np.ones((4, 4)), np.ones((4, 4)), ids, None, TURN)
    trials = SimpleNamespace(attempt=lambda grasp: given.update(grasp=grasp) or GraspOutcome.SUCCESS, held=[3])
    arranged = Arranged(trials, (seen,), points @ TURN + [[0.003, 0, 0]])
    reference = Reference(3, np.zeros((4, 4, 3), np.uint8), np.zeros((2, 2)), points, np.eye(3))
    return try_network("network", "descriptors", reference, seen, arranged, None), given, seen


def test_the_scenes_picture_is_searched_and_the_grasp_carried_out_in_the_scenes_frame(attempt):
    aim, given, seen = attempt
    assert given["image"] is seen.image and given["wanted"] == "descriptors"
    np.testing.assert_allclose(given["grasp"].point, [0.1, 0.0, 0.02], atol=1e-9)
    assert aim.outcome is Outcome.SUCCESS and aim.on_object == 1, "the other pixel shows another object"
    assert aim.error == pytest.approx(0.003)


def test_each_network_looks_for_its_own_descriptors_in_each_turn(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "descriptors_of", lambda trained, image, pixels: f"of {trained}")
    aim = module.Aim(np.zeros((2, 2)), 1, 0.1, Outcome.SUCCESS)

    def attempt(trained, wanted, reference, seen, *_):
        asked.append((trained, wanted, seen))
        return aim

    monkeypatch.setattr(module, "try_network", attempt)

    @contextmanager
    def arrange(lab, reference, setting, number):
        yield None if number else SimpleNamespace(turns=("first", "second"))

    monkeypatch.setattr(module, "arrange", arrange)
    lab = SimpleNamespace(robot=SimpleNamespace(scenes=2))
    reference = SimpleNamespace(number=3, image=None, pixels=None)
    table = module.grasp_all({("a", 1): "one", ("b", 1): "two"}, [reference], lab, ["packed"])
    assert asked == [(name, f"of {name}", turn) for turn in ("first", "second") for name in ("one", "two")]
    assert table["scene"].tolist() == [0] * 4 and table["turn"].tolist() == [0, 0, 1, 1]
