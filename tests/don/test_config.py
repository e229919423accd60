import dataclasses

import pytest

from tests.conftest import standard

DON = standard("don")


@pytest.mark.parametrize(
    ("change", "message"), [({"rows": ("nobody",)}, "no row of trainings"), ({"objects": 13}, "robot.objects is 13")]
)
def test_a_robot_that_cannot_work_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(DON, robot=dataclasses.replace(DON.robot, **change))
