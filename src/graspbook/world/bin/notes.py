"""What is chaotic in a bin, taken down while it is simulated: where items lie, what the cups met, how a pull ended."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graspbook.core.generators import WORDS
from graspbook.data.schema import OUTCOMES
from graspbook.data.states import Fields, State, make_state
from graspbook.world.assets.items import Item
from graspbook.world.grippers.suction.seal import N_CUPS, Contact, ToolPose
from graspbook.world.physics.simulation import Cell, pose_of
from graspbook.world.scene import Pose

MOMENTS: Fields = {
    "items": ("<i4", ()),  # number of items in each moment
    "ids": ("<i4", ()),  # of each item of each moment, in the order of the renderer
    "poses": ("<f8", (7,)),  # its position in metres and its quaternion
}
CONTACTS: Fields = {
    "tool": ("<f8", (4, 3)),  # position, then rotation
    "cup_ids": ("<i4", (N_CUPS,)),
    "touching": ("|b1", (N_CUPS,)),
    "sealed": ("|b1", (N_CUPS,)),
    "quality": ("<f8", (N_CUPS,)),
    "centres": ("<f8", (N_CUPS, 3)),
    "normals": ("<f8", (N_CUPS, 3)),
    "gauges": ("<f4", (N_CUPS,)),
}
GRASPS: Fields = {
    **MOMENTS,
    **CONTACTS,
    "lost": ("<i4", ()),  # one row: number of items that missed the bin
    "before": ("<i4", ()),  # number of the moment
    "after": ("<i4", ()),
    "drawn_before": ("<u8", (WORDS,)),  # where the generator stands, as picture and depth are drawn from it
    "drawn_after": ("<u8", (WORDS,)),
    "outcome": ("<i4", ()),  # place in `OUTCOMES`
    "moved": ("<f8", ()),  # metres, of each item of the moment before but the grasped one
}


class Moments:
    """Moments of one or more bins; one in which nothing has stirred since the last of its bin is not noted again."""

    def __init__(self) -> None:
        self._noted: list[tuple[tuple, ...]] = []
        self._last: dict[int, int] = {}

    def note(self, cell: Cell) -> int:
        """Take down where the items of a bin lie.

        Args:
            cell: The physics cell of the bin.

        Returns:
            The number of the moment.
        """
        raw = cell.raw_poses()
        now = tuple((key, *raw[key][0], *raw[key][1]) for key in cell.items)
        last = self._last.get(cell.client)
        if last is None or self._noted[last] != now:
            self._last[cell.client] = len(self._noted)
            self._noted.append(now)
        return self._last[cell.client]

    def rows(self) -> dict[str, list]:
        """The rows of the fields `MOMENTS`."""
        items = [item for moment in self._noted for item in moment]
        return {
            "items": [len(moment) for moment in self._noted],
            "ids": [key for key, *_ in items],
            "poses": [raw for _, *raw in items],
        }


def moments_in(state: State, items: Mapping[int, Item]) -> list[tuple[dict[int, Item], dict[int, Pose]]]:
    """The items and poses of each moment of a state.

    Args:
        state: The state, which has the fields `MOMENTS`.
        items: All items of the episode, by object id.
    """
    found, start = [], 0
    for count in state["items"].tolist():
        keys, raw = state["ids"][start : start + count].tolist(), state["poses"][start : start + count].tolist()
        poses = {key: pose_of(row[:3], row[3:]) for key, row in zip(keys, raw, strict=True)}
        found.append(({key: items[key] for key in keys}, poses))
        start += count
    return found


def contact_row(tool: ToolPose, contact: Contact, gauges: np.ndarray) -> dict[str, np.ndarray]:
    """A row of each of the fields `CONTACTS`.

    Args:
        tool: The pose of the tool.
        contact: What the cups met.
        gauges: The readings of the gauges, [5] kPa.
    """
    return {
        "tool": np.concatenate([tool.position[None], tool.rotation]),
        "cup_ids": contact.object_ids,
        "touching": contact.touching,
        "sealed": contact.sealed,
        "quality": contact.quality,
        "centres": contact.centres,
        "normals": contact.normals,
        "gauges": gauges,
    }


def contact_in(state: State, row: int) -> tuple[ToolPose, Contact]:
    """What `contact_row` took down, without the gauges.

    Args:
        state: The state, which has the fields `CONTACTS`.
        row: The place of the row.
    """
    position, *rotation = state["tool"][row]
    ids = state["cup_ids"][row].astype(np.int64)
    cups = (state[name][row] for name in ("touching", "sealed", "quality", "centres", "normals"))
    return ToolPose(position, np.array(rotation)), Contact(ids, *cups)


class GraspNotes:
    """What is chaotic in an episode of grasping.

    Attributes:
        moments: Where items lay.
        lost: The number of items that missed the bin.
    """

    def __init__(self) -> None:
        self.moments = Moments()
        self.lost = 0
        self._rows: dict[str, list] = {name: [] for name in GRASPS if name not in (*MOMENTS, "lost")}

    def grasp(
        self,
        before: int,
        after: int,
        drawn_before: np.ndarray,
        drawn_after: np.ndarray,
        tool: ToolPose,
        contact: Contact,
        gauges: np.ndarray,
        outcome: str,
        moved: Mapping[int, float],
    ) -> None:
        """Take down a grasp.

        Args:
            before: The number of the moment before it.
            after: The number of the moment after it.
            drawn_before: Where the generator stood when the moment before was photographed.
            drawn_after: Where it stood when the moment after was.
            tool: The pose of the tool.
            contact: What the cups met.
            gauges: The readings of the gauges, [5] kPa.
            outcome: How the pull ended.
            moved: How far each item of the moment before, but the grasped one, has moved, metres by object id.
        """
        row = contact_row(tool, contact, gauges) | {"before": before, "after": after}
        row |= {"drawn_before": drawn_before, "drawn_after": drawn_after, "outcome": OUTCOMES.index(outcome)}
        for name, value in row.items():
            self._rows[name].append(value)
        self._rows["moved"] += moved.values()

    def state(self) -> State:
        """All that was taken down."""
        return make_state(GRASPS, lost=[self.lost], **self.moments.rows(), **self._rows)
