from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from graspbook.data.coco import LabelledScene
from graspbook.data.rle import encode_mask
from graspbook.instances.types import of_one_class
from graspbook.selfsup.picking.failures import FailureRules
from graspbook.selfsup.picking.faults import fault_table
from graspbook.world.bin.picks import encode_png

SIZE = (24, 40)
IDS = np.zeros(SIZE, np.uint8)
IDS[5:15, 5:15], IDS[5:15, 15:25] = 3, 7


def box(rows, columns):
    mask = np.zeros(SIZE, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


GOOD, HALF, BOTH, FLOOR = box((5, 15), (5, 15)), box((5, 9), (5, 15)), box((5, 15), (5, 25)), box((18, 23), (5, 15))


def sees(*masks):
    """What a robot sees with that finds the same masks in every picture."""
    found = of_one_class(np.array(masks, bool).reshape(-1, *SIZE))
    return SimpleNamespace(detect=lambda image: found)


def attempts(*rows):
    """A table of picks: the mask and the kind of each."""
    return pd.DataFrame(
        {
            "kind": kind,
            "height": SIZE[0],
            "width": SIZE[1],
            "mask_rle": None if mask is None else encode_mask(mask),
            "ids_png": encode_png(IDS),
        }
        for mask, kind in rows
    )


SCENES = [LabelledScene(f"scene-{k}", np.zeros((*SIZE, 3), np.uint8), IDS.astype(np.uint16)) for k in range(2)]


def test_every_believed_mask_is_judged_and_of_the_grasped_ones_what_came_of_them():
    picks = attempts(
        (GOOD, "success"), (GOOD, "success"), (GOOD, "lost seal"), (GOOD, "success"),
        (HALF, "object split"), (FLOOR, "non-object"), (BOTH, "success"),
        (None, "nothing found"),
    )  # fmt: skip
    table = fault_table({"one": sees(GOOD, GOOD, HALF, BOTH, FLOOR, FLOOR, FLOOR, FLOOR)}, {"one": picks}, SCENES)
    assert table.index.name == "robot"
    assert table.loc["one"].to_dict() == pytest.approx(
        {
            "believed: non-object": 50,
            "believed: object split": 12.5,
            "believed: two grouped": 12.5,
            "believed: any fault": 75,
            "grasped: any fault": 100 * 3 / 7,
            "failed on a faulty mask": 100 * 2 / 3,
            "failed on a good mask": 25,
            "cost of faulty masks": 100 * 3 / 7 * (2 / 3 - 1 / 4),
        }
    )


def test_the_rules_decide_what_a_fault_is():
    picks = attempts((HALF, "object split"), (GOOD, "success"))
    lenient = FailureRules(mostly=0.5, taken_in=0.4, sliver=0.1)
    strict, loose = (
        fault_table({"one": sees(GOOD, HALF)}, {"one": picks}, SCENES, *rules).loc["one"] for rules in ([], [lenient])
    )
    assert (strict["believed: any fault"], strict["grasped: any fault"]) == (50, 50)
    assert (loose["believed: any fault"], loose["grasped: any fault"]) == (0, 0)


def test_what_cannot_be_counted_is_nan():
    robots = {"blind": sees(), "careful": sees(GOOD)}
    picks = {"blind": attempts((None, "nothing found")), "careful": attempts((GOOD, "success"))}
    table = fault_table(robots, picks, SCENES)
    assert table.index.tolist() == ["blind", "careful"]
    assert table.loc["blind"].isna().all()
    careful = table.loc["careful"]
    assert careful["believed: any fault"] == 0 and careful["failed on a good mask"] == 0
    assert np.isnan(careful["failed on a faulty mask"]) and np.isnan(careful["cost of faulty masks"])
