"""What ties items to the tool in physics: a sealed cup is bound to its item at three points of its lip.

Each binding can carry a third of the cup's holding force (vacuum x area x quality of the seal); where weight,
inertia, friction of the heap or leverage ask for more, it gives, and once a lip point has been drawn off by `PEEL`
the cup peels off for good. Three points per cup rather than one resist swinging as a real lip does, so a grasp far
off an item's centre peels while a central one holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from graspbook.world.bullet import pybullet
from graspbook.world.physics import Cell
from graspbook.world.scene import Pose
from graspbook.world.suction.seal import CUP_RADIUS, FORCE, Contact

PEEL = 0.006
"""A cup peels off once a point of its lip is drawn this far off the item, metres."""

_LIP = CUP_RADIUS * np.array([(np.cos(a), np.sin(a), 0) for a in np.arange(3) * 2 * np.pi / 3])


class Binding:
    """One sealed cup's three bindings between the tool and its item.

    Args:
        cell: where the item is.
        object_id: the item.
        sealed_at: the item's pose when the cup sealed.
        lip: points of the cup's lip when it sealed, [3, 3] metres.
        force: what the cup holds, newtons.
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
        """Moves the cup to `offset` [3] metres from where it sealed."""
        for constraint, target in zip(self.constraints, (self.lip + offset).tolist(), strict=True):
            pybullet.changeConstraint(
                constraint,
                jointChildPivot=target,
                maxForce=self.force,
                physicsClientId=self.cell.client,
            )

    def drawn(self, offset: np.ndarray) -> np.ndarray:
        """From each lip point, with the cup at `offset`, to the point of the item it sealed on: [3, 3] metres."""
        rotation, position = self.cell.pose(self.object_id)
        return self.local @ rotation.T + position - self.lip - offset

    def stretch(self, offset: np.ndarray) -> float:
        """How far the item has been drawn off the lip, metres, at its worst point, with the cup at `offset`."""
        return float(np.linalg.norm(self.drawn(offset), axis=1).max())

    def let_go(self) -> None:
        """Unbinds the cup."""
        for constraint in self.constraints:
            pybullet.removeConstraint(constraint, physicsClientId=self.cell.client)


def bind(cell: Cell, contact: Contact, cups: Iterable[int], sealed_at: Mapping[int, Pose]) -> dict[int, Binding]:
    """Binds cups to the items they sealed on.

    Args:
        cell: where the items are.
        contact: what the cups met.
        cups: which of them to bind.
        sealed_at: poses of the items, by object id, when the cups met them.

    Returns:
        The bindings by cup.
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
        bindings: by cup, with the tool at `offset`; those that peel are taken out.
        offset: [3] metres.

    Returns:
        The cups that peeled.
    """
    # "not <=" so that a diverged item (NaN) is let go, too
    peeling = [cup for cup, binding in bindings.items() if not binding.stretch(offset) <= PEEL]
    for cup in peeling:
        bindings.pop(cup).let_go()
    return peeling
