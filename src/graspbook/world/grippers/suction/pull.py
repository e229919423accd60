"""Pulling: what happens in physics once cups have sealed, and how a grasp counts.

Sealed cups are bound to their items, and peel off where more is asked of them than they hold (`binding`). The tool
follows a smooth profile upwards until all it holds is clear of the bin.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.world.assets import tote
from graspbook.world.grippers.suction.binding import Binding, bind, peel_off
from graspbook.world.grippers.suction.seal import Contact
from graspbook.world.physics.simulation import TIME_STEP, Cell
from graspbook.world.scene import Pose

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


@dataclasses.dataclass(frozen=True)
class Pulled:
    """What a pull did.

    Attributes:
        outcome: How the pull counts, one of `graspbook.data.schema.OUTCOMES`.
        taken: The ids of the items that left with the tool: held by cups, or resting on what is held.
        lost: The ids of the items that left the bin otherwise.
        last_poses: The pose, by object id, at which each of those was last seen; if its physics diverged, its pose
            before the pull.
        peeled: Whether each cup had sealed and came off, bool [5].
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

    Args:
        any_sealed: Whether any cup sealed.
        n_taken: The number of items that left with the tool.
        n_lost: The number of items that left the bin otherwise.

    Returns:
        The outcome, one of `graspbook.data.schema.OUTCOMES`.
    """
    if n_taken > 1:
        return "multiple"
    if n_lost:
        return "lost"
    if n_taken == 1:
        return "success"
    return "dropped" if any_sealed else "nothing_held"


def pull(cell: Cell, contact: Contact, movement: float, rng: np.random.Generator) -> Pulled:
    """Lifts the tool with whatever its cups hold, takes it away, and lets the rest settle.

    Items that left the bin, taken or lost, are removed from the cell and named in the result.

    Args:
        cell: The physics cell of the bin; it changes.
        contact: What the cups met.
        movement: The dial `neighbour_movement`. Below 1, each neighbour still in the bin is put back where it was, with
            probability 1 - movement: the pull itself is as physics has it, so the dial changes what moves but not which
            items can be pulled out. Above 1, neighbours near the tool are also jolted.
        rng: The source of randomness, which decides who is put back or jolted.

    Returns:
        The outcome and what left the bin.
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

    bindings = bind(cell, contact, sealed, before)
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


def _lift(cell: Cell, bindings: dict[int, Binding], peeled: np.ndarray) -> set[int]:
    """Raises the tool until what it holds is clear of the bin; returns what left with it."""
    height, speed, step = 0.0, 0.0, 0
    while height < MAX_LIFT:
        speed = min(SPEED, speed + SPEED / RAMP * TIME_STEP)
        height += speed * TIME_STEP
        step += 1
        for binding in bindings.values():
            binding.move_to(np.array([0, 0, height]))
        cell.step()
        if step % _CHECK_EVERY:
            continue
        peeled[peel_off(bindings, np.array([0, 0, height]))] = True
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
