import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from graspbook.data.rle import encode_mask
from graspbook.instances.types import of_one_class
from graspbook.selfsup.figures.colours import KIND_COLOURS
from graspbook.selfsup.figures.figure_4 import (
    choose_failures,
    draw_detections,
    failure_bars,
    failure_gallery,
)
from graspbook.selfsup.picking.failures import KINDS, PAPER_KINDS
from graspbook.world.bin.picks import encode_png

SIZE = (24, 36)
IMAGE = np.full((*SIZE, 3), 100, np.uint8)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def box(rows, columns):
    mask = np.zeros(SIZE, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def table(*kinds):
    return pd.DataFrame(
        {"episode": np.arange(len(kinds)) // 3, "attempt": np.arange(len(kinds)) % 3, "kind": list(kinds)}
    )


def found(count):
    masks = np.stack([box((2, 8), (8 * k, 8 * k + 6)) for k in range(count)]) if count else np.zeros((0, *SIZE), bool)
    return of_one_class(masks, np.linspace(0.9, 0.6, count))


def failed(kind, outcome="dropped", pressed=True):
    nowhere = np.full(5, np.nan, np.float32)
    return {
        "episode": 0,
        "attempt": 1,
        "kind": kind,
        "method": "Paste",
        "outcome": outcome,
        "height": SIZE[0],
        "width": SIZE[1],
        "mask_rle": encode_mask(box((2, 8), (2, 8))) if pressed else None,
        "cup_sealed": np.array([pressed, False, False, False, False]),
        "cup_u": np.array([5, 8, 5, 2, 5], np.float32) if pressed else nowhere,
        "cup_v": np.array([5, 5, 8, 5, 2], np.float32) if pressed else nowhere,
        "image_png": encode_png(IMAGE),
    }


def test_every_kind_has_a_colour_of_its_own_and_the_papers_come_first():
    assert set(KIND_COLOURS) == set(KINDS) and len(set(KIND_COLOURS.values())) == len(KINDS)
    assert tuple(KIND_COLOURS)[:3] == PAPER_KINDS


def test_bars_are_stacked_shares_of_all_attempts():
    tables = {"a": table("success", "lost seal", "non-object", "success"), "b": table("success", "non-object")}
    axis = failure_bars(tables, {"a": 29.0}).axes[0]
    width = {
        (round(bar.get_y() + bar.get_height() / 2), container.get_label()): (bar.get_x(), bar.get_width())
        for container in axis.containers
        for bar in container
    }
    assert width[0, "non-object"] == (0, 25) and width[0, "lost seal"] == (25, 25) and width[1, "non-object"] == (0, 50)
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    assert [text.get_text() for text in axis.texts] == ["50.0 (paper 29.0)", "50.0"]
    assert [list(line.get_xdata()) for line in axis.lines] == [[29, 29]]


def test_bars_of_models_that_never_fail_can_be_drawn():
    failure_bars({"a": table("success")}, {}).canvas.draw()


def test_the_first_failures_of_each_of_the_papers_kinds_are_chosen_whatever_the_order_of_rows():
    kinds = ["lost seal", "two grouped", "non-object", "success", "non-object", "non-object", "two grouped"]
    ordered = table(*kinds)
    assert choose_failures(ordered, 1).tolist() == [2, 1]
    assert choose_failures(ordered, 2).tolist() == [2, 4, 1, 6]
    turned = ordered.iloc[::-1]
    assert choose_failures(turned, 2).tolist() == [6 - 2, 6 - 4, 6 - 1, 6 - 6]
    assert choose_failures(table("success"), 1).tolist() == []


def test_of_several_models_the_upper_one_is_chosen():
    both = pd.concat([table("success", "object split"), table("success", "object split")])
    assert choose_failures(both, 1).tolist() == [1]


def test_a_gallery_has_a_line_per_failure_and_a_column_per_model():
    rows = pd.DataFrame([failed("non-object"), failed("object split"), failed("nothing found", "no_mask", False)])
    figure = failure_gallery(rows, {"one": [found(2)] * 3, "two": [found(0)] * 3})
    figure.canvas.draw()
    lines = np.array(figure.axes).reshape(3, 3)
    assert [axis.get_title() for axis in lines[0]] == ["executed grasp", "one", "two"]
    assert [axis.get_ylabel() for axis in lines[:, 0]] == ["non-object", "object split", "nothing found"]
    assert [axis.get_xlabel() for axis in lines[0]] == ["Paste: dropped", "2 masks", "0 masks"]
    active, inactive = (collection.get_offsets() for collection in lines[0, 0].collections)
    assert active.tolist() == [[5, 5]] and len(inactive) == 4
    np.testing.assert_array_equal(lines[2, 0].images[0].get_array(), IMAGE)


def test_masks_have_colours_of_their_own_and_the_surest_is_on_top():
    small, wide = box((2, 8), (2, 8)), box((2, 8), (2, 20))
    for masks in (np.stack([small, wide]), np.stack([wide, small])):
        picture = draw_detections(IMAGE, of_one_class(masks, np.array([0.9, 0.5])))
        covered = not np.array_equal(picture[5, 5], picture[5, 15])
        assert covered == (masks[0] == small).all()
        np.testing.assert_array_equal(picture[~masks.any(0)], IMAGE[~masks.any(0)])
