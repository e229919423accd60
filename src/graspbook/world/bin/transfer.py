"""The way to the other bin: what hangs on the cups is carried sideways and put down (`selfsup`, §IV-A, §VI-A).

The bins stand side by side. The tool comes to rest above the bin it picked from, rises until its load is well above
the rims, moves across, and sinks until the load touches something or the cups are level with the rim; then it lets
go. All three moves are smooth (minimum jerk). Cups hold and peel as they do in the pull (`binding`).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.core.errors import InputError
from graspbook.world.assets import tote
from graspbook.world.assets.items import Item
from graspbook.world.grippers.suction.binding import Binding, bind, peel_off
from graspbook.world.grippers.suction.seal import Contact
from graspbook.world.physics.bullet import pybullet
from graspbook.world.physics.simulation import TIME_STEP, Cell
from graspbook.world.scene import Pose

SPACING = 0.55
"""Between the centres of the two bins along y, metres: a hand's breadth between their rims."""
ABOVE_RIM = 0.05
"""The lowest point of the load passes the rims this high above them, metres."""
SPEED = 0.8
"""Highest speed of the tool, m/s, as in the lift."""
TOUCH = 0.001
"""Nearer than this counts as touching, metres."""

_CHECK_EVERY = 3


@dataclasses.dataclass(frozen=True, eq=False)
class Load:
    """What left a bin with the tool: held by cups, or resting on what is held.

    Attributes:
        items: The items of the load by object id.
        sealed_at: The items' poses when the cups sealed, by object id, in the frame of the bin they come from.
        poses: The items' poses now, by object id, in the same frame.
        contact: What the cups met.
        peeled: Whether each cup had sealed and has come off, bool [5].
    """

    items: dict[int, Item]
    sealed_at: dict[int, Pose]
    poses: dict[int, Pose]
    contact: Contact
    peeled: np.ndarray


@dataclasses.dataclass(frozen=True)
class Carried:
    """How a load arrived.

    Attributes:
        placed: The ids of the load that lie in the other bin now.
        fallen: The ids of the load that came off the cups before they were put down (one that fell into the other bin
            is in `placed`, too), or that lie outside the other bin; the latter are removed.
        thrown: The ids of items of the other bin that left it through this; they are removed.
        held: The ids of the load that hung on the cups until they let go. The gauges tell that there is one, not which.
    """

    placed: tuple[int, ...]
    fallen: tuple[int, ...]
    thrown: tuple[int, ...]
    held: tuple[int, ...]


def carry(cell: Cell, load: Load, over: np.ndarray) -> Carried:
    """Takes a load to another bin, puts it down, and lets everything settle.

    Args:
        cell: The physics cell of the other bin; it changes. The bin that the load comes from is not in it: what falls
            there is lost.
        load: The items that hang on the tool.
        over: The point over which the middle of what is held is put down, [2] metres in the frame of the other bin.

    Returns:
        The ids of what lies where.

    Raises:
        InputError: If no cup holds anything, or an id of the load is already in use in the other bin.
    """
    holding = np.flatnonzero(load.contact.sealed & ~load.peeled)
    if len(holding) == 0:
        raise InputError("load: expected at least one cup that has sealed and not peeled")
    start = np.array([0.0, -SPACING, 0.0])
    for object_id, item in load.items.items():
        rotation, position = load.poses[object_id]
        cell.add(object_id, item, position + start, rotation)
    contact = dataclasses.replace(load.contact, centres=load.contact.centres + start)
    sealed_at = {object_id: (rotation, position + start) for object_id, (rotation, position) in load.sealed_at.items()}
    bindings = bind(cell, contact, holding, sealed_at)
    held = {binding.object_id for binding in bindings.values()}
    _move(cell, load, bindings, _path(cell, contact, bindings, over))
    still_held = {binding.object_id for binding in bindings.values()}
    for binding in bindings.values():
        binding.let_go()
    cell.settle()
    outside = cell.outside()
    cell.remove(outside)
    loaded = set(load.items)
    return Carried(
        placed=tuple(sorted(loaded - outside)),
        fallen=tuple(sorted((held - still_held) | (loaded & outside))),
        thrown=tuple(sorted(outside - loaded)),
        held=tuple(sorted(still_held)),
    )


def _path(cell: Cell, contact: Contact, bindings: dict[int, Binding], over: np.ndarray) -> np.ndarray:
    """Corners of the tool's path, offsets [4, 3] in metres from where the cups sealed."""
    risen = np.mean([binding.drawn(np.zeros(3))[:, 2].mean() for binding in bindings.values()])
    held = sorted({binding.object_id for binding in bindings.values()})
    here = np.array([0, 0, risen])
    rise = tote.HEIGHT + ABOVE_RIM - min(cell.lowest(object_id) for object_id in held)
    above = here + np.array([0, 0, max(rise, 0.0)])
    middle = np.mean([cell.pose(object_id)[1] for object_id in held], axis=0)
    across = above + np.array([*(over - middle[:2]), 0])
    # the cups stay level with the rim: deeper, the body would have to fit between walls and items
    cups = contact.centres[list(bindings), 2].min()
    down = np.array([*across[:2], min(tote.HEIGHT - cups, across[2])])
    return np.stack([here, above, across, down])


def _move(cell: Cell, load: Load, bindings: dict[int, Binding], path: np.ndarray) -> None:
    """Moves the tool from corner to corner; the last move ends at a touch, and all end once no cup holds anything."""
    for corner in range(1, len(path)):
        start, way = path[corner - 1], path[corner] - path[corner - 1]
        # a move of minimum jerk is 15/8 times as fast in its middle as on average
        steps = int(np.ceil(np.linalg.norm(way) * 15 / 8 / SPEED / TIME_STEP))
        for step in range(1, steps + 1):
            t = step / steps
            offset = start + way * t**3 * (10 - 15 * t + 6 * t**2)
            for binding in bindings.values():
                binding.move_to(offset)
            cell.step()
            if step % _CHECK_EVERY:
                continue
            peel_off(bindings, offset)
            if not bindings or (corner == len(path) - 1 and _touches(cell, load)):
                return


def _touches(cell: Cell, load: Load) -> bool:
    """Whether anything of the load touches anything else."""
    own = [cell.body(object_id) for object_id in load.items]
    points = [point for body in own for point in pybullet.getContactPoints(body, physicsClientId=cell.client)]
    # PyBullet's columns: the other body, and the distance
    return any(point[2] not in own and point[8] < TOUCH for point in points)
