import dataclasses

import numpy as np
import pytest

from graspbook.world.grippers.jaw.execute import GraspOutcome, Trials
from graspbook.world.grippers.jaw.grasp import JawGrasp
from graspbook.world.grippers.jaw.hand import hand_pose
from tests.world.tabletop import table_box

DOWN = np.array([0.0, 0.0, -1.0])


def grasp(point=(0, 0, 0.06), angle=0.0, opening=0.06):
    return JawGrasp(np.array(point, float), DOWN, np.array([np.cos(angle), np.sin(angle), 0]), opening)


def test_a_box_is_held_across_its_short_side(box_on_table, gripper):
    assert Trials(box_on_table(), gripper).attempt(grasp()) is GraspOutcome.SUCCESS


def test_a_tilted_approach_holds_it_too(box_on_table, gripper):
    axis = np.array([0.0, np.sin(0.12), -np.cos(0.12)])
    tilted = JawGrasp(np.array([0, 0, 0.06]), axis, np.array([1.0, 0, 0]), 0.06)
    assert Trials(box_on_table(), gripper).attempt(tilted) is GraspOutcome.SUCCESS


@pytest.mark.parametrize(
    ("wrong", "end"),
    [
        ({"angle": np.pi / 2}, GraspOutcome.COLLISION),  # 8 cm do not fit into 6
        ({"opening": 0.03}, GraspOutcome.COLLISION),
        ({"point": (0.2, 0, 0.03)}, GraspOutcome.NOTHING_HELD),
    ],
)
def test_a_bad_grasp_ends_by_its_name(box_on_table, gripper, wrong, end):
    assert Trials(box_on_table(), gripper).attempt(grasp(**wrong)) is end


def test_what_is_too_heavy_for_force_and_friction_slips(box_on_table, gripper):
    trials = Trials(box_on_table(mass=4.0, friction=0.3), gripper)
    assert trials.attempt(grasp()) in (GraspOutcome.SLIPPED, GraspOutcome.DROPPED)


def test_shaking_makes_a_weak_grip_drop_what_it_holds(box_on_table, gripper):
    weak = dataclasses.replace(gripper, force=40.0)
    held = [
        Trials(box_on_table(mass=1.0, friction=0.5), dataclasses.replace(weak, shake=shake)).attempt(grasp())
        for shake in (0.0, 300.0)
    ]
    assert held == [GraspOutcome.SUCCESS, GraspOutcome.DROPPED]


def test_two_objects_between_the_fingers_are_no_success(box_on_table, gripper):
    cell = box_on_table(half=(0.02, 0.02, 0.03))
    cell.add(2, table_box(half=(0.02, 0.02, 0.03)), np.array([0.0402, 0, 0.03]), np.eye(3))
    cell.settle()
    assert Trials(cell, gripper).attempt(grasp(point=(0.02, 0, 0.06), opening=0.098)) is GraspOutcome.TWO_HELD


def test_an_end_does_not_depend_on_the_trials_before(box_on_table, gripper):
    trials = Trials(box_on_table(), gripper)
    some = [grasp(), grasp(angle=1.0), grasp(point=(0, 0.03, 0.06)), grasp(angle=0.4, opening=0.09)]
    forwards = [trials.attempt(one) for one in some]
    backwards = [trials.attempt(one) for one in some[::-1]][::-1]
    alone = [Trials(box_on_table(), gripper).attempt(one) for one in some]
    assert forwards == backwards == alone


def test_restoring_brings_back_no_motor_so_every_trial_sets_its_own(box_on_table, gripper):
    """A jaw that was lifting would rise while it closes: the fingers must be where they were put when they close."""
    trials = Trials(box_on_table(), gripper)
    trials.attempt(grasp())
    trials.reset()
    heights = []

    def watch(n=1):
        for _ in range(n):
            step()
        heights.append(lift_of(trials))

    step, trials.cell.step = trials.cell.step, watch
    trials.attempt(grasp())
    assert abs(heights[0]) < 1e-3


def lift_of(trials):
    from graspbook.world.grippers.jaw.hand import LIFT
    from graspbook.world.physics.bullet import pybullet

    return pybullet.getJointState(trials.hand.body, LIFT, physicsClientId=trials.cell.client)[0]


def test_the_fingers_stay_off_the_table(gripper):
    low = hand_pose(grasp(point=(0, 0, 0.01)), gripper)
    assert low.position[2] == pytest.approx(0.003)
    high = hand_pose(grasp(point=(0, 0, 0.1)), gripper)
    assert high.position[2] == pytest.approx(0.1 - gripper.depth - gripper.pad / 2)
