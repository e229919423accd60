"""From bad masks to failed grasps: what models believe, what their robots grasp, and what comes of it (ours, §VI-C).

A model that errs does not make a robot that fails: of all the masks that it believes in, the robot grasps only one.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from graspbook.data.coco import LabelledScene
from graspbook.selfsup.picking.failures import PAPER_KINDS, STANDARD_RULES, FailureRules, mask_fault
from graspbook.selfsup.picking.robot import ModelSegmenter
from graspbook.world.bin.picks import chosen_mask, true_ids

GOOD = "good"
"""A mask without a fault."""


def fault_table(
    robots: Mapping[str, ModelSegmenter],
    picks: Mapping[str, pd.DataFrame],
    scenes: Iterable[LabelledScene],
    rules: FailureRules = STANDARD_RULES,
) -> pd.DataFrame:
    """How many masks are bad, how many of those the planner falls for, and what that costs.

    Args:
        robots: by name, what each sees with.
        picks: by the same names, from `failures.failure_table`.
        scenes: labelled pictures, in which every believed mask is judged; gone through once per robot.
        rules: of `failures.mask_fault`.

    Returns:
        One row per robot, per cent: of its believed masks those of each of `PAPER_KINDS` and those with any fault;
        of the masks that it grasped those with any fault; of the grasps on a faulty and on a good mask those that
        failed; and the cost of faulty masks, the share of them times how much more often they fail, in points. NaN
        where there is nothing to count.
    """
    rows = {}
    for name, robot in robots.items():
        believed = [mask_fault(mask, scene.ids, rules) for scene in scenes for mask in robot.detect(scene.image).masks]
        rows[name] = _believed(believed) | _grasped(picks[name], rules)
    return pd.DataFrame(rows).T.rename_axis("robot")


def _believed(faults: list[str | None]) -> dict[str, float]:
    kinds = pd.Series([fault or GOOD for fault in faults], dtype="str")
    shares = {f"believed: {kind}": 100 * (kinds == kind).mean() for kind in PAPER_KINDS}
    return shares | {"believed: any fault": 100 * (kinds != GOOD).mean()}


def _grasped(picks: pd.DataFrame, rules: FailureRules) -> dict[str, float]:
    tried = picks[picks["mask_rle"].notna()]
    faults = [mask_fault(chosen_mask(row), true_ids(row), rules) for _, row in tried.iterrows()]
    faulty, failed = np.array([fault is not None for fault in faults], bool), (tried["kind"] != "success").to_numpy()
    on_faulty = failed[faulty].mean() if faulty.any() else np.nan
    on_good = failed[~faulty].mean() if not faulty.all() else np.nan
    share = faulty.mean() if len(faulty) else np.nan
    return {
        "grasped: any fault": 100 * share,
        "failed on a faulty mask": 100 * on_faulty,
        "failed on a good mask": 100 * on_good,
        "cost of faulty masks": 100 * share * (on_faulty - on_good),
    }
