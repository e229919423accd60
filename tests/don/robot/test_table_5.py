import numpy as np
import pandas as pd
import pytest

from graspbook.don.robot.arrange import SETTINGS
from graspbook.don.robot.table_5 import Outcome, outcome_of, table_lines
from graspbook.world.grippers.jaw.execute import GraspOutcome


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
