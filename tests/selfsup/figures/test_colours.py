import itertools

import cv2
import numpy as np
import pytest

from graspbook.papers import load_paper
from graspbook.reporting import plotting
from graspbook.selfsup.figures.colours import (
    CHOSEN_COLOUR,
    KIND_COLOURS,
    MASK_COLOURS,
    METHOD_COLOURS,
    method_colour,
    method_style,
)
from graspbook.selfsup.picking.failures import KINDS

SAME = [  # one idea in two tables, one colour
    {"Subtract", "Paste-Subtract"},
    {"Grasp-100", "Paste-Grasp", "Own grasps"},
    {"Mask2Former", "Labels alone"},
]


def difference(one, other):
    """CIE76: about 2 can just be seen side by side."""
    pair = cv2.cvtColor(np.float32([[one, other]]), cv2.COLOR_RGB2LAB)[0]
    return float(np.linalg.norm(pair[0] - pair[1]))


def test_no_two_meanings_share_a_colour_or_nearly_so():
    shared = {name: getattr(plotting, name) for name in dir(plotting) if name.endswith("_COLOUR")}
    meanings = {**shared, **METHOD_COLOURS, **KIND_COLOURS, "chosen": CHOSEN_COLOUR}
    assert len(meanings) == len(shared) + len(METHOD_COLOURS) + len(KIND_COLOURS) + 1
    for (one, first), (other, second) in itertools.combinations(meanings.items(), 2):
        if any({one, other} <= group for group in SAME):
            assert first == second
        else:
            assert difference(first, second) > 15, f"{one} and {other}"


@pytest.mark.slow
@pytest.mark.parametrize("table", ["table_1", "table_2", "table_3", "continual"])
def test_every_method_of_the_paper_has_a_colour(table):
    for method in load_paper("selfsup").tables[table].rows:
        assert len(method_colour(method)) == 3


def test_the_methods_of_table_1_have_seven_colours():
    methods = load_paper("selfsup").tables["table_1"].rows
    assert len({method_colour(method) for method in methods}) == 7


def test_a_row_has_the_colour_of_its_family_and_of_the_longest_name_that_fits():
    assert method_colour("Paste-Grasp-Filter") == method_colour("Paste-Grasp-of-300") == method_colour("Paste-Grasp")
    assert method_colour("Paste-Grasp-Inpaint") != method_colour("Paste-Grasp")
    assert method_colour("Grasp-100-NoAug-Filter") == METHOD_COLOURS["Grasp-100-NoAug"]
    assert method_colour("MOG2-Filter") == METHOD_COLOURS["MOG2"] != method_colour("MOG-Filter")
    assert method_colour("Own grasps, round 3") == METHOD_COLOURS["Own grasps"]


@pytest.mark.parametrize("stranger", ["Else", "MOG3", "Mask2FormerX", "grasp-100", ""])
def test_a_stranger_has_no_colour(stranger):
    with pytest.raises(KeyError, match=f"^'{stranger}'$"):
        method_colour(stranger)


def test_a_method_and_its_filtered_form_share_a_colour_but_not_a_line():
    plain, filtered = method_style("MOG"), method_style("MOG-Filter")
    assert plain["color"] == filtered["color"]
    assert plain["linestyle"] != filtered["linestyle"] and plain["marker"] != filtered["marker"]


def test_every_kind_of_failure_has_a_colour_and_masks_show_on_a_grey_bin():
    assert set(KIND_COLOURS) == set(KINDS)
    assert all(max(colour) - min(colour) > 0.2 for colour in MASK_COLOURS)
