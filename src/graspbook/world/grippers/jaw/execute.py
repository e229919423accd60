"""A grasp carried out in physics, and the name of its end.

The gripper is put around the surface point, where a straight approach along the camera's axis would bring it; then it
closes, withdraws, shakes what it holds, and waits. All of it takes counted steps.

Bullet's `restoreState` brings back where everything is, but no motor: a jaw that had been lifting before would rise
while it closes. Every trial therefore sets all motors anew.
"""

from __future__ import annotations

import math
from enum import StrEnum

from graspbook.world.grippers.jaw.config import JawConfig
from graspbook.world.grippers.jaw.grasp import JawGrasp
from graspbook.world.grippers.jaw.hand import LEFT, LIFT, RIGHT, SHAKE, Hand, hand_pose
from graspbook.world.physics.bullet import pybullet
from graspbook.world.physics.simulation import TIME_STEP
from graspbook.world.table.cell import TableCell

TOLERANCE = 0.001
"""Fingers that reach less than this into an object on approach do not collide, metres."""
CLOSING_SPEED, LIFTING_SPEED = 0.4, 0.8
"""Of each finger, and of the whole gripper; m/s."""
GRIP_STEPS, HOLD_STEPS = 12, 8
"""Steps between the end of the fingers' way and lifting, and of holding still at the end."""
RISE_STEPS = 12
"""Steps in which lifting gathers speed."""
SHAKES, SHAKE_STEPS = 2, 16
"""How often the gripper goes to and fro, and steps for each time."""
HANGS = 0.5
"""What has risen by this share of the lift hangs in the gripper."""


class GraspOutcome(StrEnum):
    """How a grasp ends; exactly one object between the fingers is a success."""

    SUCCESS = "success"
    COLLISION = "collision"
    """The fingers or the palm would run into an object on the way."""
    NOTHING_HELD = "nothing held"
    """The fingers closed, and not both of them met an object."""
    SLIPPED = "slipped"
    """Both fingers met an object, and nothing came up."""
    DROPPED = "dropped"
    """It came up, and fell while the gripper shook or waited."""
    TWO_HELD = "two held"
    """More than one object came up."""


GRASP_OUTCOMES = tuple(GraspOutcome)


class Trials:
    """Tries grasps on the same still moment of a table, each as if it were the first.

    Args:
        cell: The physics cell of the table, everything at rest. It must not change while there are trials.
        config: The geometry and the strength of the gripper.

    Attributes:
        cell: The physics cell of the table.
        config: The geometry and the strength of the gripper.
        hand: The gripper's body in the cell.
        held: The ids of the objects that hung in the gripper at the end of the last attempt.
    """

    def __init__(self, cell: TableCell, config: JawConfig) -> None:
        self.cell, self.config = cell, config
        self.hand = Hand(cell, config)
        self.held: list[int] = []
        self._start = pybullet.saveState(physicsClientId=cell.client)

    def attempt(self, grasp: JawGrasp) -> GraspOutcome:
        """Tries one grasp; afterwards the table is as the grasp left it (see `reset`), and `held` lists what hangs.

        Args:
            grasp: The grasp in the world; an opening wider than the gripper's is cut to it.

        Returns:
            How the grasp ended.
        """
        self.reset()
        self.held = []
        hand, bodies = self.hand, {number: self.cell.body(number) for number in self.cell.items}
        opening = min(grasp.opening, self.config.max_opening)
        hand.place(hand_pose(grasp, self.config), opening)
        for joint in (SHAKE, LIFT):
            hand.drive(joint, 0.0, 500.0)
        if any(hand.penetrates(body, TOLERANCE) for body in bodies.values()):
            return GraspOutcome.COLLISION
        heights = self._heights(bodies)
        for joint in (LEFT, RIGHT):
            hand.drive(joint, CLOSING_SPEED, self.config.force)
        self.cell.step(math.ceil(opening / 2 / CLOSING_SPEED / TIME_STEP) + GRIP_STEPS)
        if not hand.grips(bodies.values()):
            return GraspOutcome.NOTHING_HELD
        self._lift()
        if not self._hanging(bodies, heights):
            return GraspOutcome.SLIPPED
        self._shake()
        self.cell.step(HOLD_STEPS)
        self.held = self._hanging(bodies, heights)
        if not self.held:
            return GraspOutcome.DROPPED
        return GraspOutcome.SUCCESS if len(self.held) == 1 else GraspOutcome.TWO_HELD

    def reset(self) -> None:
        """Brings the table back to how it was when the trials began."""
        pybullet.restoreState(self._start, physicsClientId=self.cell.client)

    def close(self) -> None:
        """Forgets the beginning and takes the gripper away; what stands on the table stays as it is."""
        pybullet.removeState(self._start, physicsClientId=self.cell.client)
        pybullet.removeBody(self.hand.body, physicsClientId=self.cell.client)

    def _lift(self) -> None:
        """Withdraws, gathering speed at first: a jerk would tear the fingers off what they hold."""
        for step in range(RISE_STEPS):
            self.hand.drive(LIFT, LIFTING_SPEED * (step + 1) / RISE_STEPS, 500.0)
            self.cell.step()
        rising = RISE_STEPS // 2
        self.cell.step(max(math.ceil(self.config.lift / LIFTING_SPEED / TIME_STEP) - rising, 0))
        self.hand.drive(LIFT, 0.0, 500.0)

    def _shake(self) -> None:
        """Swings across the closing direction: the largest acceleration is `shake`."""
        omega = 2 * math.pi / (SHAKE_STEPS * TIME_STEP)
        for step in range(SHAKES * SHAKE_STEPS):
            speed = self.config.shake / omega * math.sin(omega * step * TIME_STEP)
            self.hand.drive(SHAKE, speed, 500.0)
            self.cell.step()
        self.hand.drive(SHAKE, 0.0, 500.0)

    def _heights(self, bodies: dict[int, int]) -> dict[int, float]:
        return {
            number: pybullet.getBasePositionAndOrientation(body, physicsClientId=self.cell.client)[0][2]
            for number, body in bodies.items()
        }

    def _hanging(self, bodies: dict[int, int], before: dict[int, float]) -> list[int]:
        now = self._heights(bodies)
        return [number for number in bodies if now[number] - before[number] > HANGS * self.config.lift]
