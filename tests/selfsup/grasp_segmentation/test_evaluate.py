from dataclasses import replace

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.grasps import GraspDataset
from graspbook.data.writer import write_grasps
from graspbook.selfsup.grasp_segmentation.baselines import Subtract
from graspbook.selfsup.grasp_segmentation.evaluate import evaluate
from graspbook.selfsup.grasp_segmentation.inference import segment_arrays
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter
from tests.conftest import standard

SELFSUP = standard("selfsup")
SUBTRACT = Subtract(40, SELFSUP.baselines.kernel)
THRESHOLDS = replace(SELFSUP.evaluate.filter, t_occ=0.1, t_ent=5.0, contour_area=400, max_contours=40)


@pytest.fixture
def grasps(tmp_path, make_grasp):
    write_grasps(tmp_path / "set", [make_grasp(k) for k in range(5)])
    return GraspDataset(tmp_path / "set")


@pytest.fixture(scope="module")
def model():
    return build_grasp_segmenter(replace(SELFSUP.train.network, fpn_channels=8, first_layer="random"), None, 0).eval()


def test_each_method_has_a_row_with_and_without_its_filter(grasps, model):
    found = evaluate({"Subtract": SUBTRACT}, {"Grasp-100": model}, grasps, THRESHOLDS)
    assert list(found.items) == ["Subtract", "Subtract-Filter", "Grasp-100", "Grasp-100-Filter"]
    assert all(len(items) == 5 for items in found.items.values())


def test_items_equal_a_loop_over_grasps(grasps, model):
    found = evaluate({"Subtract": SUBTRACT}, {"Grasp-100": model}, grasps, THRESHOLDS, batch_size=2)
    for number, sample in enumerate(grasps):
        subtracted = SUBTRACT.mask(sample.before, sample.after)
        one = segment_arrays(model, sample.before[None], sample.after[None], sample.suction[None], THRESHOLDS)
        for method, mask in {"Subtract": subtracted, "Grasp-100": one.visible[0]}.items():
            row = found.items[method].loc[number]
            both, either = (mask & sample.visible).sum(), (mask | sample.visible).sum()
            assert row["iou"] == pytest.approx(both / either)
            assert row["error"] == pytest.approx((either - both) / sample.visible.sum())
            assert row["kept"] == mask.any()
        assert found.items["Grasp-100-Filter"].loc[number, "kept"] == one.kept[0]
        assert found.scores["Grasp-100"].relative_entropy[number] == pytest.approx(
            one.scores.relative_entropy[0], rel=1e-4
        )


def test_a_filter_changes_only_what_is_kept(grasps, model):
    found = evaluate({"Subtract": SUBTRACT}, {"Grasp-100": model}, grasps, THRESHOLDS)
    for method in ("Subtract", "Grasp-100"):
        plain, filtered = found.items[method], found.items[f"{method}-Filter"]
        assert plain[["iou", "error"]].equals(filtered[["iou", "error"]])
        assert (filtered["kept"] <= plain["kept"]).all()


def test_an_unlabelled_grasp_is_refused_by_name(tmp_path, make_grasp):
    empty = np.zeros((32, 48), bool)
    write_grasps(tmp_path / "set", [make_grasp(0, visible=empty)])
    with pytest.raises(InputError, match="truth"):
        evaluate({"Subtract": SUBTRACT}, {}, GraspDataset(tmp_path / "set"), THRESHOLDS)
