"""Why a pick failed, told by rule from the truth (`selfsup` paper, §VI-C and Figure 4).

The paper names three kinds that "incorrect instance segmentation" causes: grasps on non-objects, objects split in
two, and two objects grouped as one. It sorts its failures by eye; here the true ids of every pixel decide. What is
left over is not the segmentation's fault, or not in these ways, and has kinds of its own.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Integer

from graspbook.world.bin.picks import chosen_mask, true_ids

PAPER_KINDS = ("non-object", "object split", "two grouped")
"""The kinds of Figure 4, in its order."""

KINDS = ("nothing found", "non-object", "two grouped", "object split", "too small for a cup", "collision", "lost seal")
"""All kinds; the first that fits counts."""


@dataclass(frozen=True)
class FailureRules:
    """From which shares on a mask is at fault.

    Attributes:
        mostly: a mask is on no object if more than this share of it is.
        taken_in: a mask takes an object in from this share of the object's visible pixels on.
        sliver: an object that fills less than this share of a mask does not make it a group: a neighbour that is
            almost hidden shows a few pixels, and an outline that is a pixel off takes them in.
    """

    mostly: float
    taken_in: float
    sliver: float


STANDARD_RULES = FailureRules(mostly=0.5, taken_in=0.5, sliver=0.1)
"""Halves are the only shares that nobody has to choose: "most of the mask", "most of the object"."""


def mask_fault(
    mask: Bool[np.ndarray, "h w"], ids: Integer[np.ndarray, "h w"], rules: FailureRules = STANDARD_RULES
) -> str | None:
    """Which of the paper's three kinds a mask is of, whatever comes of it; None for a good one.

    - "non-object": most of it lies on no object.
    - "two grouped": it takes in two or more objects.
    - "object split": it does not take in the object that it lies on most.

    Args:
        mask: what a model believes in, not empty.
        ids: the true object ids, 0..255, 0 = background.
        rules: how much is most of it.
    """
    inside = np.bincount(ids[mask], minlength=256)
    if inside[0] > rules.mostly * mask.sum():
        return "non-object"
    visible = np.bincount(ids.ravel(), minlength=256)
    taken_in = (inside > 0) & (inside >= rules.taken_in * visible)
    taken_in[0] = False  # the bin
    if (taken_in & (inside >= rules.sliver * mask.sum())).sum() > 1:
        return "two grouped"
    return None if taken_in[1 + inside[1:].argmax()] else "object split"


def classify(
    outcome: str,
    mask: Bool[np.ndarray, "h w"] | None,
    ids: Integer[np.ndarray, "h w"],
    sealed_ids: np.ndarray,
    planned_cups: int,
    rules: FailureRules = STANDARD_RULES,
) -> str:
    """The kind of a failure.

    - "nothing found": the model found no mask, or none that a plan could be made for.
    - "non-object", "two grouped", "object split": the fault of the mask, see `mask_fault`; cups that sealed on two
      objects make it "two grouped" as well.
    - "too small for a cup": the mask is good, but the plan could land no cup on it.
    - "collision": the mask is good, but the tool hit something on its way.
    - "lost seal": the mask is good, and the grasp failed all the same.

    Args:
        outcome: of the pick, one of `graspbook.world.bin.picks.PICK_OUTCOMES`, not "success".
        mask: the chosen mask, not empty; None if none was chosen.
        ids: the true object ids, 0 = background.
        sealed_ids: the item under each cup that sealed, integers [k].
        planned_cups: how many cups the plan lands on the mask.
        rules: of `mask_fault`.

    Returns:
        One of `KINDS`.
    """
    if mask is None:
        return "nothing found"
    fault = mask_fault(mask, ids, rules)
    if fault != "non-object" and len(np.unique(sealed_ids)) > 1:
        return "two grouped"
    if fault:
        return fault
    if planned_cups == 0:
        return "too small for a cup"
    return "collision" if outcome == "collision" else "lost seal"


def failure_table(picks: pd.DataFrame, rules: FailureRules = STANDARD_RULES) -> pd.DataFrame:
    """Picks with a further column `kind`: one of `KINDS`, or "success".

    Args:
        picks: from `graspbook.world.bin.picks.read_picks`.
        rules: of `mask_fault`.
    """
    return picks.assign(kind=pd.Series([_kind(row, rules) for _, row in picks.iterrows()], picks.index, "str"))


def _kind(row: pd.Series, rules: FailureRules) -> str:
    if row["outcome"] == "success":
        return "success"
    sealed = np.asarray(row["cup_ids"])[np.asarray(row["cup_sealed"], bool)]
    return classify(row["outcome"], chosen_mask(row), true_ids(row), sealed, row["planned_cups"], rules)
