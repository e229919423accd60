"""What ties items to the tool in physics: a sealed cup is bound to its item at three points of its lip.

Each binding can carry a third of the cup's holding force (vacuum x area x quality of the seal); where weight,
inertia, friction of the heap or leverage ask for more, it gives, and once a lip point has been drawn off by `PEEL`
the cup peels off for good. Three points per cup rather than one resist swinging as a real lip does, so a grasp far
off an item's centre peels while a central one holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from graspbook.world.grippers.suction.seal import CUP_RADIUS, FORCE, Contact
from graspbook.world.physics.bullet import pybullet
from graspbook.world.physics.simulation import Cell
from graspbook.world.scene import Pose

PEEL = 0.006
"""A cup peels off once a point of its lip is drawn this far off the item, metres."""

_LIP = CUP_RADIUS * np.array([(np.cos(a), np.sin(a), 0) for a in np.arange(3) * 2 * np.pi / 3])


class Binding:
    """One sealed cup's three bindings between the tool and its item.

    Args:
        cell: The physics cell that the item is in.
        object_id: The id of the item.
        sealed_at: The item's pose when the cup sealed.
        lip: The points of the cup's lip in the world when it sealed, [3, 3] metres.
        force: The force that the cup holds, newtons.
    """

    def __init__(self, cell: Cell, object_id: int, sealed_at: Pose, lip: np.ndarray, force: float) -> None:
        self.cell, self.object_id, self.lip, self.force = cell, object_id, lip, force / len(lip)
        rotation, position = sealed_at
        self.local = (lip - position) @ rotation
        self.constraints = [
            pybullet.createConstraint(
                cell.body(object_id),
                -1,
                -1,
                -1,
                pybullet.JOINT_POINT2POINT,
                [0, 0, 0],
                local,
                world,
                physicsClientId=cell.client,
            )
            for local, world in zip(self.local.tolist(), lip.tolist(), strict=True)
        ]

    def move_to(self, offset: np.ndarray) -> None:
        """Moves the cup.

        Args:
            offset: The displacement from where the cup sealed, [3] metres.
        """
        for constraint, target in zip(self.constraints, (self.lip + offset).tolist(), strict=True):
            pybullet.changeConstraint(
                constraint,
                jointChildPivot=target,
                maxForce=self.force,
                physicsClientId=self.cell.client,
            )

    def drawn(self, offset: np.ndarray) -> np.ndarray:
        """How the item has been drawn off the lip.

        Args:
            offset: The displacement of the cup from where it sealed, [3] metres.

        Returns:
            The vector from each lip point to the point of the item it sealed on, [3, 3] metres.
        """
        rotation, position = self.cell.pose(self.object_id)
        return self.local @ rotation.T + position - self.lip - offset

    def stretch(self, offset: np.ndarray) -> float:
        """How far the item has been drawn off the lip at its worst point.

        Args:
            offset: The displacement of the cup from where it sealed, [3] metres.

        Returns:
            The distance in metres.
        """
        return float(np.linalg.norm(self.drawn(offset), axis=1).max())

    def let_go(self) -> None:
        """Unbinds the cup."""
        for constraint in self.constraints:
            pybullet.removeConstraint(constraint, physicsClientId=self.cell.client)


def bind(cell: Cell, contact: Contact, cups: Iterable[int], sealed_at: Mapping[int, Pose]) -> dict[int, Binding]:
    """Binds cups to the items they sealed on.

    Args:
        cell: The physics cell that the items are in.
        contact: What the cups met.
        cups: The numbers of the cups to bind, from 0.
        sealed_at: The poses of the items, by object id, when the cups met them.

    Returns:
        The bindings by number of the cup.
    """
    bindings = {}
    for cup in cups:
        normal = contact.normals[cup]
        side = np.cross(normal, (0.0, 1.0, 0.0))
        side /= np.linalg.norm(side)
        frame = np.stack([side, np.cross(normal, side), normal], 1)
        lip = _LIP @ frame.T + contact.centres[cup]
        force = FORCE * float(contact.quality[cup])
        object_id = int(contact.object_ids[cup])
        bindings[int(cup)] = Binding(cell, object_id, sealed_at[object_id], lip, force)
    return bindings


def peel_off(bindings: dict[int, Binding], offset: np.ndarray) -> list[int]:
    """Lets go the cups whose lips have been drawn off by more than `PEEL`.

    Args:
        bindings: The bindings by number of the cup; those that peel are taken out.
        offset: The displacement of the tool from where the cups sealed, [3] metres.

    Returns:
        The numbers of the cups that peeled.
    """
    # "not <=" so that a diverged item (NaN) is let go, too
    peeling = [cup for cup, binding in bindings.items() if not binding.stretch(offset) <= PEEL]
    for cup in peeling:
        bindings.pop(cup).let_go()
    return peeling
