"""The gripper as a body in physics: two fingers on a palm that can be withdrawn and shaken."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from graspbook.world.grippers.jaw.config import JawConfig
from graspbook.world.grippers.jaw.grasp import JawGrasp
from graspbook.world.physics.bullet import pybullet
from graspbook.world.physics.simulation import quaternion
from graspbook.world.table.cell import TableCell

SHAKE, LIFT, LEFT, RIGHT = range(4)
"""Joints: across the closing direction, against the approach, and the two fingers."""
CLEAR_OF_TABLE = 0.003
"""The fingers stay this far above the table, metres."""
AWAY = (0.0, 0.0, 5.0)
"""Where the gripper waits."""


@dataclasses.dataclass(frozen=True)
class HandPose:
    """Where the gripper is: its origin lies between the finger tips, x closes, z points back along the approach.

    Attributes:
        rotation: The rotation from the gripper's frame to the world, [3, 3].
        position: The origin of the gripper's frame in the world, [3] metres.
    """

    rotation: np.ndarray
    position: np.ndarray


def hand_pose(grasp: JawGrasp, config: JawConfig) -> HandPose:
    """Where a grasp puts the gripper: the pads' middle `depth` beyond the surface point, the fingers off the table.

    Args:
        grasp: The grasp in the world.
        config: The geometry of the gripper.
    """
    z = -grasp.axis
    x = grasp.closing
    rotation = np.column_stack([x, np.cross(z, x), z])
    tips = grasp.point + (config.depth + config.pad / 2) * grasp.axis
    reach = grasp.opening / 2 + config.finger_thickness
    lowest = tips[2] - reach * abs(rotation[2, 0]) - config.finger_width / 2 * abs(rotation[2, 1])
    back = max(CLEAR_OF_TABLE - lowest, 0) / z[2]
    return HandPose(rotation, tips + back * z)


class Hand:
    """The gripper in a cell.

    Args:
        cell: The physics cell of the table; the gripper stays in it as long as the cell lives.
        config: The geometry and the strength of the gripper.
    """

    def __init__(self, cell: TableCell, config: JawConfig) -> None:
        self.client, self.config = cell.client, config
        with tempfile.TemporaryDirectory(prefix="graspbook-jaw-") as folder:
            path = Path(folder) / "jaw.urdf"
            path.write_text(_urdf(config))
            self.body = pybullet.loadURDF(str(path), AWAY, useFixedBase=True, physicsClientId=self.client)
        for link in range(4):
            pybullet.changeDynamics(
                self.body,
                link,
                lateralFriction=config.friction,
                linearDamping=0,
                angularDamping=0,
                physicsClientId=self.client,
            )
        # gears couple real fingers: without this a held object drifts from one finger's end stop to the other's
        gear = pybullet.createConstraint(
            self.body, LEFT, self.body, RIGHT, pybullet.JOINT_GEAR, [1, 0, 0], [0] * 3, [0] * 3,
            physicsClientId=self.client,
        )  # fmt: skip
        pybullet.changeConstraint(gear, gearRatio=-1, maxForce=1000, erp=0.5, physicsClientId=self.client)
        self.park()

    def park(self) -> None:
        """Puts the gripper far away, its joints at zero and its motors braking."""
        self.place(HandPose(np.eye(3), np.array(AWAY)), 0.0)
        for joint in (SHAKE, LIFT, LEFT, RIGHT):
            self.drive(joint, 0.0, 500.0)

    def place(self, pose: HandPose, opening: float) -> None:
        """Puts the gripper somewhere, at rest.

        Args:
            pose: The pose of the gripper in the world.
            opening: The distance between the fingers' inner faces, metres.
        """
        pybullet.resetBasePositionAndOrientation(
            self.body, pose.position.tolist(), quaternion(pose.rotation), physicsClientId=self.client
        )
        for joint, value in ((SHAKE, 0), (LIFT, 0), (LEFT, -opening / 2), (RIGHT, -opening / 2)):
            pybullet.resetJointState(self.body, joint, value, 0, physicsClientId=self.client)

    def drive(self, joint: int, speed: float, force: float) -> None:
        """Sets the motor of a joint to a speed.

        Args:
            joint: The number of the joint: `SHAKE`, `LIFT`, `LEFT` or `RIGHT`.
            speed: The speed that the motor holds, m/s.
            force: The largest force that it may use, newtons.
        """
        pybullet.setJointMotorControl2(
            self.body,
            joint,
            pybullet.VELOCITY_CONTROL,
            targetVelocity=speed,
            force=force,
            physicsClientId=self.client,
        )

    def opening(self) -> float:
        """Distance between the fingers' inner faces, metres."""
        states = pybullet.getJointStates(self.body, (LEFT, RIGHT), physicsClientId=self.client)
        return -sum(state[0] for state in states)

    def penetrates(self, body: int, tolerance: float) -> bool:
        """Whether the gripper reaches into another body.

        Args:
            body: PyBullet's number of the other body.
            tolerance: The depth of penetration that does not count, metres.
        """
        points = pybullet.getClosestPoints(self.body, body, 0.0, physicsClientId=self.client)
        return any(point[8] < -tolerance for point in points)

    def grips(self, bodies: Iterable[int]) -> bool:
        """Whether each finger touches one of the bodies.

        Args:
            bodies: PyBullet's numbers of the bodies.
        """
        bodies = list(bodies)
        return all(
            any(pybullet.getContactPoints(self.body, body, finger, physicsClientId=self.client) for body in bodies)
            for finger in (LEFT, RIGHT)
        )


def _urdf(config: JawConfig) -> str:
    """The gripper's description: base, shaking slide, lifting slide with the palm, two fingers."""
    half, reach = config.finger_thickness / 2, config.max_opening / 2
    palm = f"{2 * (reach + config.finger_thickness):.6f} {2 * config.finger_width:.6f} 0.03"
    length = config.finger_length
    finger = f"{config.finger_thickness:.6f} {config.finger_width:.6f} {length:.6f}"
    return (
        '<robot name="jaw">'
        + _link("base", 1.0)
        + _link("slide", 0.5)
        + _link("palm", 0.5, palm, (0, 0, length + 0.015))
        + _link("left", 0.1, finger, (-half, 0, length / 2))
        + _link("right", 0.1, finger, (half, 0, length / 2))
        + _slide("shake", "base", "slide", (0, 1, 0), 0.1, 500)
        + _slide("lift", "slide", "palm", (0, 0, 1), 0.5, 500)
        + _slide("close_left", "palm", "left", (1, 0, 0), reach, 4 * config.force)
        + _slide("close_right", "palm", "right", (-1, 0, 0), reach, 4 * config.force)
        + "</robot>"
    )


def _link(name: str, mass: float, box: str = "", centre: tuple[float, float, float] = (0, 0, 0)) -> str:
    origin = f'<origin xyz="{" ".join(f"{value:.6f}" for value in centre)}"/>'
    shape = f'<collision>{origin}<geometry><box size="{box}"/></geometry></collision>' if box else ""
    inertia = '<inertia ixx="0.001" iyy="0.001" izz="0.001" ixy="0" ixz="0" iyz="0"/>'
    return f'<link name="{name}"><inertial><mass value="{mass}"/>{inertia}</inertial>{shape}</link>'


def _slide(name: str, parent: str, child: str, axis: tuple[int, int, int], reach: float, effort: float) -> str:
    return (
        f'<joint name="{name}" type="prismatic"><parent link="{parent}"/><child link="{child}"/>'
        f'<axis xyz="{axis[0]} {axis[1]} {axis[2]}"/>'
        f'<limit lower="{-reach:.6f}" upper="{reach:.6f}" effort="{effort:.6f}" velocity="2"/></joint>'
    )
