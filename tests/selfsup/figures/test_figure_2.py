from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from graspbook.data.grasps import GraspDataset
from graspbook.data.writer import write_grasps
from graspbook.selfsup.figures import figure_2
from graspbook.selfsup.grasp_segmentation.baselines import Subtract
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter
from tests.conftest import standard

SELFSUP = standard("selfsup")


def test_false_pixels_are_counted_where_they_fall():
    truth = np.zeros((4, 4), bool)
    truth[0, :2] = True
    ids = np.array([[1, 1, 0, 0], [2, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], np.uint8)
    mask = truth.copy()
    mask[0, 2] = mask[1, 0] = mask[1, 1] = True
    on_bin = sum(mask[p] and not truth[p] and ids[p] == 0 for p in np.ndindex(4, 4)) / truth.sum()
    on_objects = sum(mask[p] and not truth[p] and ids[p] > 0 for p in np.ndindex(4, 4)) / truth.sum()
    assert figure_2.false_pixels(mask, truth, ids) == (on_bin, on_objects) == (0.5, 1.0)


def chosen(**changes):
    values = {
        "iou": [0.5, 0.9, 0.8, 0.7, 0.6, 0.1],
        "kept": [False, True, True, True, False, False],
        "on_bin": [9, 0, 0, 0, 0, 0],
        "on_objects": [8, 7, 0, 0, 0, 0],
        "hidden": [0, 0, 0, 0, 0.4, 0.3],
        "entropy": [0, 0, 0, 0, np.inf, 0.2],
    } | changes
    return figure_2.choose_examples(
        pd.DataFrame({key: values[key] for key in ("iou", "kept")}),
        pd.DataFrame({key: values[key] for key in ("on_bin", "on_objects")}, dtype=float),
        np.array(values["hidden"]),
        np.array(values["entropy"]),
    )


def test_each_rule_takes_its_extreme_and_no_grasp_is_taken_twice():
    # 0 is the worst for subtraction, but was not kept; 1 is the worst kept one on objects; on the bin alone it is 2;
    # of the kept (IoU 0.9, 0.8, 0.7) the median is 2, which is taken, so the nearest free one, 1 being taken too;
    # infinite entropy means an empty mask, which shows nothing
    assert [example.index for example in chosen()] == [2, 1, 3, 4, 5]


def test_change_on_the_bin_counts_only_where_no_object_moved():
    assert chosen(on_bin=[9, 5, 0, 4, 0, 0], on_objects=[0, 5, 0, 1, 0, 0])[0].index == 3


def test_without_kept_masks_only_the_possible_failures_are_shown():
    assert [example.index for example in chosen(kept=[False] * 6)] == [4, 5]


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 3])
def test_the_figure_has_a_row_per_example(tmp_path, make_grasp, rows):
    write_grasps(tmp_path / "set", [make_grasp(k) for k in range(3)])
    grasps = GraspDataset(tmp_path / "set")
    model = build_grasp_segmenter(replace(SELFSUP.train.network, fpn_channels=8, first_layer="random"), None, 0).eval()
    examples = [figure_2.Example(k, f"rule {k}: why") for k in range(rows)]
    figure = figure_2.draw(
        grasps, examples, model, Subtract(40, SELFSUP.baselines.kernel), "Grasp-100", SELFSUP.evaluate.filter
    )
    assert len(figure.axes) == rows * len(figure_2.COLUMNS)
    assert all(len(axis.images) == 1 for axis in figure.axes)
