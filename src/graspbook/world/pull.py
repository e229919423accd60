"""Pulling: what happens in physics once cups have sealed, and how a grasp counts.

Each sealed cup is bound to its item at three points of its lip. Each binding can carry a third of the cup's
holding force (vacuum x area x quality of the seal); where weight, inertia, friction of the heap or leverage ask
for more, it gives, and once a lip point has been drawn off by `PEEL` the cup peels off for good. Three points per
cup rather than one resist swinging as a real lip does, so a grasp far off an item's centre peels while a central
one holds. The tool follows a smooth profile upwards until all it holds is clear of the bin.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.world import tote
from graspbook.world.bullet import pybullet
from graspbook.world.physics import TIME_STEP, Cell
from graspbook.world.scene import Pose
from graspbook.world.seal import CUP_RADIUS, FORCE, Contact

PEEL = 0.006
"""A cup peels off once a point of its lip is drawn this far off the item, metres."""
LIFT = 0.28
"""The tool rises this far before it is first asked whether what it holds is clear of the bin, metres."""
MAX_LIFT = 0.60
"""The tool gives up beyond this height, metres."""
SPEED = 0.8
"""Cruising speed of the lift, m/s."""
RAMP = 0.15
"""Seconds from rest to cruising speed."""
CLEARANCE = 0.005
"""What is held must clear the rim by this much, metres."""
JOLT = 0.35
"""Extra speed, m/s, that a neighbour next to the tool gets per unit of neighbour movement above 1."""
JOLT_REACH = 0.12
"""Beyond this distance from the tool neighbours are not jolted, metres."""

_CHECK_EVERY = 3
_LIP = CUP_RADIUS * np.array([(np.cos(a), np.sin(a), 0) for a in np.arange(3) * 2 * np.pi / 3])


@dataclasses.dataclass(frozen=True)
class Pulled:
    """What a pull did.

    Attributes:
        outcome: one of `graspbook.data.schema.OUTCOMES`.
        taken: ids that left with the tool: held by cups, or resting on what is held.
        lost: ids that left the bin otherwise.
        last_poses: where each of those was last seen; if its physics diverged, where it was before the pull.
        peeled: bool [5], cups that had sealed and came off.
    """

    outcome: str
    taken: tuple[int, ...]
    lost: tuple[int, ...]
    last_poses: dict[int, Pose]
    peeled: np.ndarray


def judge(any_sealed: bool, n_taken: int, n_lost: int) -> str:
    """How a grasp counts: "success" exactly when one item, and only one, has left the bin.

    "multiple": two or more left with the tool. "lost": something left the bin otherwise (thrown, or diverged).
    "dropped": a cup sealed, but nothing left. "nothing_held": no cup sealed, and nothing left.
    """
    if n_taken > 1:
        return "multiple"
    if n_lost:
        return "lost"
    if n_taken == 1:
        return "success"
    return "dropped" if any_sealed else "nothing_held"


class _Binding:
    """One sealed cup's three bindings between the tool and its item."""

    def __init__(self, cell: Cell, object_id: int, lip: np.ndarray, force: float) -> None:
        self.cell, self.object_id, self.lip, self.force = cell, object_id, lip, force / len(lip)
        rotation, position = cell.pose(object_id)
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

    def raise_to(self, height: float) -> None:
        """Moves the cup to `height` metres above where it sealed."""
        for constraint, (x, y, z) in zip(self.constraints, self.lip.tolist(), strict=True):
            pybullet.changeConstraint(
                constraint,
                jointChildPivot=[x, y, z + height],
                maxForce=self.force,
                physicsClientId=self.cell.client,
            )

    def stretch(self, height: float) -> float:
        """How far the item has been drawn off the lip, metres, at its worst point."""
        rotation, position = self.cell.pose(self.object_id)
        off = self.local @ rotation.T + position - self.lip - (0, 0, height)
        return float(np.linalg.norm(off, axis=1).max())

    def let_go(self) -> None:
        """Unbinds the cup."""
        for constraint in self.constraints:
            pybullet.removeConstraint(constraint, physicsClientId=self.cell.client)


def pull(cell: Cell, contact: Contact, movement: float, rng: np.random.Generator) -> Pulled:
    """Lifts the tool with whatever its cups hold, takes it away, and lets the rest settle.

    Items that left the bin, taken or lost, are removed from the cell and named in the result.

    Args:
        cell: the cell; it changes.
        contact: what the cups met.
        movement: the dial `neighbour_movement`. Below 1, each neighbour still in the bin is put back where it
            was, with probability 1 - movement: the pull itself is as physics has it, so the dial changes what
            moves but not which items can be pulled out. Above 1, neighbours near the tool are also jolted.
        rng: decides who is put back or jolted.

    Returns:
        What happened.
    """
    before, kept = cell.poses(), cell.raw_poses()
    sealed = np.flatnonzero(contact.sealed)
    held = {int(contact.object_ids[cup]) for cup in sealed}
    neighbours = [object_id for object_id in sorted(cell.items) if object_id not in held]
    still = [n for n, draw in zip(neighbours, rng.random(len(neighbours)), strict=True) if draw >= movement]
    if movement > 1:
        cell.jolt(_jolts(cell, neighbours, contact.centres[0], movement - 1, rng))

    elif not len(sealed):
        # nothing is held and nothing jolted: the scene stays exactly as it is
        return Pulled("nothing_held", (), (), {}, np.zeros(len(contact.sealed), bool))

    bindings = {}
    for cup in sealed:
        normal = contact.normals[cup]
        side = np.cross(normal, (0.0, 1.0, 0.0))
        side /= np.linalg.norm(side)
        frame = np.stack([side, np.cross(normal, side), normal], 1)
        lip = _LIP @ frame.T + contact.centres[cup]
        force = FORCE * float(contact.quality[cup])
        bindings[int(cup)] = _Binding(cell, int(contact.object_ids[cup]), lip, force)

    peeled = np.zeros(len(contact.sealed), bool)
    taken: set[int] = set()
    if bindings:
        taken = _lift(cell, bindings, peeled)
    for binding in bindings.values():
        binding.let_go()
    last_poses = {object_id: cell.pose(object_id) for object_id in sorted(taken)}
    cell.remove(last_poses)
    gone = cell.outside()
    back = [object_id for object_id in still if object_id in cell.items and object_id not in gone]
    cell.put_back({object_id: kept[object_id] for object_id in back})
    cell.hold_still(back)
    cell.settle()
    cell.set_free(back)
    lost = sorted(cell.outside())
    for object_id in lost:
        pose = cell.pose(object_id)
        last_poses[object_id] = pose if np.isfinite(pose[1]).all() else before[object_id]
    cell.remove(lost)
    outcome = judge(bool(len(sealed)), len(taken), len(lost))
    return Pulled(outcome, tuple(sorted(taken)), tuple(lost), last_poses, peeled)


def _lift(cell: Cell, bindings: dict[int, _Binding], peeled: np.ndarray) -> set[int]:
    """Raises the tool until what it holds is clear of the bin; returns what left with it."""
    height, speed, step = 0.0, 0.0, 0
    while height < MAX_LIFT:
        speed = min(SPEED, speed + SPEED / RAMP * TIME_STEP)
        height += speed * TIME_STEP
        step += 1
        for binding in bindings.values():
            binding.raise_to(height)
        cell.step()
        if step % _CHECK_EVERY:
            continue
        for cup, binding in list(bindings.items()):
            # "not <=" so that a diverged item (NaN) is let go, too
            if not binding.stretch(height) <= PEEL:
                binding.let_go()
                del bindings[cup]
                peeled[cup] = True
        held = {binding.object_id for binding in bindings.values()}
        if not held:
            return set()
        if height >= LIFT and min(cell.lowest(h) for h in held) > tote.HEIGHT + CLEARANCE:
            stacked = {s for s in cell.resting_on(held) if cell.lowest(s) > tote.HEIGHT}
            return held | stacked
    return set()


def _jolts(
    cell: Cell, neighbours: list[int], tool: np.ndarray, strength: float, rng: np.random.Generator
) -> dict[int, np.ndarray]:
    """Draws extra velocities [3] m/s of the neighbours near the tool, fading with distance."""
    jolts = {}
    for object_id in neighbours:
        direction = rng.normal(size=3) * (1, 1, 0.3)
        near = 1 - np.linalg.norm(cell.pose(object_id)[1] - tool) / JOLT_REACH
        if near > 0:
            jolts[object_id] = strength * JOLT * near * direction
    return jolts
