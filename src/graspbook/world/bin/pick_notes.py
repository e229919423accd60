"""What is chaotic in an episode of picking, taken down while it is simulated; with it, what the segmenter chose."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graspbook.data.rle import decode_mask, encode_mask
from graspbook.data.schema import OUTCOMES
from graspbook.data.states import Fields, State, make_state
from graspbook.instances.types import Instances, of_one_class
from graspbook.world.bin.notes import CONTACTS, MOMENTS, Moments, contact_row
from graspbook.world.bin.picks import PICK_OUTCOMES
from graspbook.world.grippers.suction.seal import Contact, ToolPose

PICKS: Fields = {
    **MOMENTS,
    **CONTACTS,  # of every attempt; 0 without a plan, and without gauges where the tool never pressed
    "lost": ("<i4", ()),  # one row: number of items that missed the bin
    "bin": ("<i4", ()),
    "before": ("<i4", ()),  # number of the moment
    "after": ("<i4", ()),  # -1 where the tool never pressed
    "outcome": ("<i4", ()),  # place in `PICK_OUTCOMES`
    "pull": ("<i4", ()),  # place in `OUTCOMES`; -1 where the tool never pressed
    "planned": ("|b1", ()),
    "planned_cups": ("<i4", ()),
    "held": ("|b1", ()),
    "n_masks": ("<i4", ()),
    "chosen": ("<i4", ()),  # -1: none
    "score": ("<f8", ()),  # of the chosen mask
    "mask_bytes": ("<i4", ()),  # of the chosen mask's code
    "mask": ("|u1", ()),  # COCO's code of the chosen mask
    "moved": ("<f8", ()),  # metres, of each item of the moment before but the grasped one
}
_OF_ATTEMPTS = [name for name in PICKS if name not in (*MOMENTS, "lost", "mask", "moved")]


class PickNotes:
    """What is chaotic in an episode of picking.

    Attributes:
        moments: Where items lay.
        lost: The number of items that missed the bin.
    """

    def __init__(self) -> None:
        self.moments = Moments()
        self.lost = 0
        self._attempts: list[dict] = []
        self._masks: list[int] = []
        self._moved: list[float] = []

    def begin_row(self, here: int, before: int, outcome: str, found: Instances, chosen: int, planned_cups: int) -> None:
        """Take down an attempt.

        Args:
            here: The bin, 0 or 1.
            before: The number of the moment before it.
            outcome: How it ended, one of `PICK_OUTCOMES`.
            found: What the segmenter found.
            chosen: The index of the chosen mask; -1 where there is none.
            planned_cups: The number of cups that the plan meant to land.
        """
        code = encode_mask(found.masks[chosen]).encode() if chosen >= 0 else b""
        nothing = {name: np.zeros(shape, kind) for name, (kind, shape) in CONTACTS.items()}
        row = {"bin": here, "before": before, "after": -1, "outcome": PICK_OUTCOMES.index(outcome), "pull": -1}
        row |= {"planned": False, "planned_cups": planned_cups, "held": False, "n_masks": len(found.masks)}
        row |= {"chosen": chosen, "score": found.scores[chosen] if chosen >= 0 else 0.0, "mask_bytes": len(code)}
        self._attempts.append(nothing | row)
        self._masks += code

    def met(self, tool: ToolPose, contact: Contact, gauges: np.ndarray | None, held: bool) -> None:
        """Take down what the cups met in the attempt.

        Args:
            tool: The pose of the tool.
            contact: What the cups met, or would have met.
            gauges: The readings of the gauges, [5] kPa; None where the tool never pressed.
            held: Whether the gauges showed a seal until the tool let go.
        """
        row = contact_row(tool, contact, np.zeros(len(contact.sealed)) if gauges is None else gauges)
        self._attempts[-1] |= row | {"planned": True, "held": held}

    def pulled(self, after: int, outcome: str, moved: Mapping[int, float]) -> None:
        """Take down what came of pulling in the attempt.

        Args:
            after: The number of the moment after it.
            outcome: How the pull ended, one of `graspbook.data.schema.OUTCOMES`.
            moved: How far each item of the moment before, but the grasped one, has moved, metres by object id.
        """
        self._attempts[-1] |= {"after": after, "pull": OUTCOMES.index(outcome)}
        self._moved += moved.values()

    def state(self) -> State:
        """All that was taken down."""
        rows = {name: [attempt[name] for attempt in self._attempts] for name in _OF_ATTEMPTS}
        rest = {"lost": [self.lost], "mask": self._masks, "moved": self._moved}
        return make_state(PICKS, **self.moments.rows(), **rows, **rest)


def detections_in(state: State, height: int, width: int) -> list[Instances]:
    """What the segmenter found in each attempt: the chosen mask, and empty ones in place of the others.

    Args:
        state: The state of the episode.
        height: The height of the pictures, pixels.
        width: The width of the pictures, pixels.
    """
    found, end = [], np.cumsum(state["mask_bytes"])
    for attempt, chosen in enumerate(state["chosen"].tolist()):
        masks = np.zeros((state["n_masks"][attempt], height, width), bool)
        scores = np.ones(len(masks))
        if chosen >= 0:
            code = state["mask"][end[attempt] - state["mask_bytes"][attempt] : end[attempt]].tobytes().decode()
            masks[chosen], scores[:] = decode_mask(code, height, width), state["score"][attempt]
        found.append(of_one_class(masks, scores))
    return found
