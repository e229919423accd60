import dataclasses
from pathlib import Path

import pytest

from graspbook.papers import load_paper
from graspbook.pipeline.params import load_params
from tests.conftest import standard

ROOT = Path(__file__).parents[2]
DON = standard("don")


@pytest.mark.parametrize("profile", ["quick", "standard", "paper"])
def test_every_profile_is_complete(profile):
    assert load_params(ROOT, profile).don.robot.gripper.max_opening == 0.12


def test_the_rows_of_table_v_are_trained_and_grasped_with():
    titles = {row.title for rows in DON.trainings.values() for name, row in rows.items() if name in DON.robot.rows}
    assert set(load_paper("don").tables["table_5"].rows) <= titles
    assert DON.robot.objects * DON.robot.scenes * DON.robot.turns >= 24


@pytest.mark.parametrize(
    ("change", "message"), [({"rows": ("nobody",)}, "no row of trainings"), ({"objects": 13}, "robot.objects is 13")]
)
def test_a_robot_that_cannot_work_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(DON, robot=dataclasses.replace(DON.robot, **change))
