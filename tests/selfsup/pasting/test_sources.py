import dataclasses

import numpy as np
import pytest

from graspbook.selfsup.grasp_segmentation.baselines import Subtract
from graspbook.selfsup.grasp_segmentation.filter import count_contours
from graspbook.selfsup.grasp_segmentation.inference import segment_arrays
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter
from graspbook.selfsup.pasting.sources import SCORES, ModelSource, SubtractSource
from tests.conftest import standard

SELFSUP = standard("selfsup")
PAPER = SELFSUP.evaluate.filter


@pytest.fixture(scope="module")
def segmenter():
    return build_grasp_segmenter(
        dataclasses.replace(SELFSUP.train.network, fpn_channels=8, first_layer="random"), None, 0
    ).eval()


@pytest.fixture
def batch(toy_grasps):
    return toy_grasps(6, height=32)


def test_subtraction_keeps_what_the_contour_filter_keeps(batch):
    thresholds = dataclasses.replace(PAPER, max_contours=1)
    found = SubtractSource(15, 21, thresholds).find(batch.before, batch.after, batch.suction)
    for number, (before, after) in enumerate(zip(batch.before, batch.after, strict=True)):
        mask = Subtract(15, 21).mask(before, after)
        assert np.array_equal(found.masks[number], mask)
        contours = count_contours(mask[None], thresholds)[0]
        assert found.scores["n_contours"][number] == contours
        assert found.kept[number] == (contours == 1)
    assert found.kept.any() and not found.kept.all()
    assert found.scores[["occlusion_ratio", "relative_entropy"]].isna().all(axis=None)


@pytest.mark.parametrize("filtered", [True, False])
def test_a_model_keeps_what_its_filter_keeps_or_everything(batch, segmenter, filtered):
    thresholds = dataclasses.replace(PAPER, t_occ=0, t_ent=10, max_contours=3)
    found = ModelSource(segmenter, thresholds, filtered).find(batch.before, batch.after, batch.suction)
    expected = segment_arrays(segmenter, batch.before, batch.after, batch.suction, thresholds)
    assert np.array_equal(found.masks, expected.visible)
    assert np.array_equal(found.kept, expected.kept if filtered else expected.visible.any((1, 2)))
    assert tuple(found.scores.columns) == SCORES and len(found.scores) == 6
    assert np.array_equal(found.scores["occlusion_ratio"], expected.scores.occlusion_ratio)


def test_an_empty_mask_is_never_kept(batch, segmenter):
    found = SubtractSource(256, 21, dataclasses.replace(PAPER, min_contours=0)).find(
        batch.before, batch.after, batch.suction
    )
    assert not found.masks.any() and not found.kept.any()
    with_nothing = build_grasp_segmenter(segmenter.config, None, 0).eval()
    for parameter in with_nothing.parameters():
        parameter.data.zero_()  # a probability of 0.5 everywhere is no pixel
    found = ModelSource(with_nothing, PAPER, filtered=False).find(batch.before, batch.after, batch.suction)
    assert not found.masks.any() and not found.kept.any()


def test_the_key_tells_sources_apart(segmenter):
    other = build_grasp_segmenter(segmenter.config, None, 1).eval()
    loose = dataclasses.replace(PAPER, t_occ=0.5)
    sources = [
        SubtractSource(15, 21, PAPER),
        SubtractSource(16, 21, PAPER),
        SubtractSource(15, 23, PAPER),
        SubtractSource(15, 21, loose),
        ModelSource(segmenter, PAPER, True),
        ModelSource(other, PAPER, True),
        ModelSource(segmenter, PAPER, False),
        ModelSource(segmenter, loose, True),
    ]
    keys = [source.key() for source in sources]
    assert len(set(keys)) == len(keys)
    assert keys == [dataclasses.replace(source).key() for source in sources]
