import numpy as np
import pandas as pd
import pytest

from graspbook.data.rle import encode_mask
from graspbook.selfsup.picking.failures import KINDS, PAPER_KINDS, STANDARD_RULES, FailureRules, classify, failure_table
from graspbook.world.bin.picks import encode_png

SIZE = (24, 40)


def two_boxes():
    """Object 3 of 10x10 pixels at the left, object 7 of 10x10 pixels right beside it."""
    ids = np.zeros(SIZE, np.uint8)
    ids[5:15, 5:15], ids[5:15, 15:25] = 3, 7
    return ids


def box(rows, columns):
    mask = np.zeros(SIZE, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def kind(mask, outcome="nothing_held", sealed=(), planned=3, ids=None):
    return classify(outcome, mask, two_boxes() if ids is None else ids, np.array(sealed, int), planned)


@pytest.mark.parametrize("outcome", ["no_mask", "no_plan"])
def test_without_a_mask_nothing_was_found(outcome):
    assert kind(None, outcome) == "nothing found"


def test_a_mask_of_which_more_than_half_is_on_the_bin_is_a_non_object():
    assert kind(box((15, 20), (5, 15))) == "non-object"
    assert kind(box((5, 25), (5, 15))) == "lost seal"  # 10 of 19 rows lie on the object
    assert kind(box((4, 24), (5, 15))) == "lost seal"  # half and half
    assert kind(box((3, 24), (5, 15))) == "non-object"
    assert kind(box((5, 15), (5, 15)), ids=np.zeros(SIZE, np.uint8)) == "non-object"  # an empty bin


def test_a_mask_that_takes_in_half_of_two_objects_groups_them():
    assert kind(box((5, 15), (5, 25))) == "two grouped"
    assert kind(box((5, 15), (5, 20))) == "two grouped"
    assert kind(box((5, 15), (5, 19))) == "lost seal"  # four tenths of the other


def test_cups_that_sealed_on_two_objects_group_them():
    mask = box((5, 15), (5, 15))
    assert kind(mask, "multiple", sealed=[3, 7]) == "two grouped"
    assert kind(mask, "dropped", sealed=[3, 3]) == "lost seal"


def test_a_sliver_of_a_neighbour_makes_no_group():
    ids = two_boxes()
    ids[ids == 7] = 0
    ids[5:14, 15] = 7  # 9 pixels: of a mask of 109 less than a tenth
    mask = box((5, 15), (5, 15)) | (ids == 7)
    assert kind(mask, ids=ids) == "lost seal"
    ids[14, 15] = ids[15, 15] = ids[4, 15] = 7  # 12 of 112
    assert kind(mask | (ids == 7), ids=ids) == "two grouped"


def test_a_mask_on_less_than_half_of_its_object_splits_it():
    assert kind(box((5, 9), (5, 15))) == "object split"
    assert kind(box((5, 10), (5, 15))) == "lost seal"
    assert kind(box((5, 15), (11, 19))) == "object split"  # four tenths of each of two


def test_good_masks_are_told_apart_by_what_went_wrong():
    mask = box((5, 15), (5, 15))
    assert kind(mask, planned=0) == "too small for a cup"
    assert kind(mask, "collision") == "collision"
    for outcome in ("nothing_held", "dropped", "fell", "multiple", "lost"):
        assert kind(mask, outcome, planned=1) == "lost seal"


def test_the_first_kind_that_fits_counts():
    assert kind(box((15, 20), (5, 15)), "collision", planned=0) == "non-object"
    assert kind(box((5, 15), (5, 25)), "collision", planned=0) == "two grouped"
    assert kind(box((5, 9), (5, 15)), "dropped", sealed=[3, 7]) == "two grouped"
    assert kind(box((5, 9), (5, 15)), "collision", planned=0) == "object split"
    assert kind(box((5, 15), (5, 15)), "collision", planned=0) == "too small for a cup"
    assert set(PAPER_KINDS) < set(KINDS)


def naive(outcome, mask, ids, sealed, planned, rules):
    """The same rules, pixel by pixel."""
    if mask is None:
        return "nothing found"
    inside, visible = {}, {}
    for place in np.ndindex(*ids.shape):
        visible[ids[place]] = visible.get(ids[place], 0) + 1
        if mask[place]:
            inside[ids[place]] = inside.get(ids[place], 0) + 1
    total = sum(inside.values())
    if inside.get(0, 0) / total > rules.mostly:
        return "non-object"
    objects = [value for value in inside if value]
    group = [v for v in objects if inside[v] / visible[v] >= rules.taken_in and inside[v] / total >= rules.sliver]
    if len(group) >= 2 or len(set(sealed)) >= 2:
        return "two grouped"
    main = max(sorted(objects), key=lambda value: inside[value])
    if inside[main] / visible[main] < rules.taken_in:
        return "object split"
    if planned == 0:
        return "too small for a cup"
    return "collision" if outcome == "collision" else "lost seal"


def random_case(rng):
    ids = np.zeros(SIZE, np.uint8)
    for value in rng.permutation(np.arange(1, 6)):
        y, x = rng.integers(0, 16), rng.integers(0, 30)
        ids[y : y + rng.integers(2, 9), x : x + rng.integers(2, 11)] = value
    y, x = rng.integers(0, 16), rng.integers(0, 30)
    mask = box((y, y + rng.integers(1, 14)), (x, x + rng.integers(1, 20)))
    sealed = rng.choice([3, 3, 3, 4], rng.integers(0, 4))
    outcome = str(rng.choice(["collision", "dropped", "nothing_held"]))
    return outcome, mask, ids, sealed, int(rng.integers(0, 3))


@pytest.mark.parametrize("rules", [STANDARD_RULES, FailureRules(mostly=0.7, taken_in=0.3, sliver=0.3)])
def test_random_cases_are_told_as_a_loop_over_pixels_tells_them(rules):
    rng = np.random.default_rng(0)
    cases = [random_case(rng) for _ in range(300)]
    expected = [naive(*case, rules) for case in cases]
    assert [classify(*case, rules) for case in cases] == expected
    assert set(expected) == set(KINDS) - {"nothing found"}


def test_a_table_of_picks_gets_a_column_of_kinds():
    good, part = box((5, 15), (5, 15)), box((5, 9), (5, 15))
    attempts = [
        ("success", good, [True, True], [3, 7]),  # whatever else is odd about it
        ("dropped", good, [True, False], [3, 7]),  # one cup touched the neighbour, but did not seal
        ("multiple", good, [True, True], [3, 7]),
        ("nothing_held", part, [False, False], [0, 0]),
        ("no_mask", None, [False, False], [0, 0]),
    ]
    picks = pd.DataFrame(
        {
            "outcome": outcome,
            "planned_cups": 2,
            "height": SIZE[0],
            "width": SIZE[1],
            "mask_rle": None if mask is None else encode_mask(mask),
            "cup_sealed": np.array(sealed),
            "cup_ids": np.array(ids),
            "ids_png": encode_png(two_boxes()),
        }
        for outcome, mask, sealed, ids in attempts
    )
    table = failure_table(picks)
    assert table["kind"].tolist() == ["success", "lost seal", "two grouped", "object split", "nothing found"]
    assert "kind" not in picks
    assert failure_table(picks.iloc[:0])["kind"].tolist() == []
    lenient = failure_table(picks, FailureRules(mostly=0.5, taken_in=0.4, sliver=0.1))
    assert lenient["kind"].tolist() == ["success", "lost seal", "two grouped", "lost seal", "nothing found"]
