"""Masks for large photographs from a model that sees small ones."""

import dataclasses

import numpy as np
import pytest

from graspbook.data.grasps import GraspArrays
from graspbook.selfsup.grasp_segmentation.filter import score_masks
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter, predict_grasps
from graspbook.selfsup.pasting import small_source
from graspbook.selfsup.pasting.small_source import SmallModelSource, shrink_grasps
from graspbook.selfsup.pasting.sources import SCORES, ModelSource
from tests.conftest import standard

SELFSUP = standard("selfsup")
PAPER = SELFSUP.evaluate.filter


@pytest.fixture(scope="module")
def segmenter():
    network = dataclasses.replace(SELFSUP.train.network, fpn_channels=8, first_layer="random")
    return build_grasp_segmenter(network, None, 0).eval()


def blocks(array, factor):
    """The pixels of each block of factor x factor, as a further axis."""
    n, h, w = array.shape[:3]
    return np.moveaxis(array.reshape(n, h // factor, factor, w // factor, factor, *array.shape[3:]), 2, 3).reshape(
        n, h // factor, w // factor, factor * factor, *array.shape[3:]
    )


def test_photographs_shrink_to_means_and_masks_to_what_they_mostly_cover(toy_grasps):
    large = toy_grasps(3, height=64)
    small = shrink_grasps(large, 32)
    assert small.grasp_ids == large.grasp_ids
    for name in ("before", "after"):
        assert np.abs(getattr(small, name) - blocks(getattr(large, name).astype(float), 2).mean(3)).max() <= 0.5
    for name in ("suction", "visible", "amodal"):
        assert np.array_equal(getattr(small, name), blocks(getattr(large, name), 2).sum(3) > 2)
    assert small.visible.any() and not small.visible.all()


def test_grasps_without_labels_shrink_to_grasps_without_labels(toy_grasps):
    large = dataclasses.replace(toy_grasps(2, height=32), visible=None, amodal=None)
    small = shrink_grasps(large, 16)
    assert small.visible is None and small.amodal is None and small.before.shape == (2, 16, 24, 3)


def enlarged(probability, factor):
    """Bilinear interpolation between the centres of pixels, a pixel at a time."""
    rows, columns = probability.shape
    result = np.zeros((factor * rows, factor * columns))
    for y in range(factor * rows):
        for x in range(factor * columns):
            v, u = (np.clip((at + 0.5) / factor - 0.5, 0, end - 1) for at, end in ((y, rows), (x, columns)))
            top, left = int(min(v, rows - 2)), int(min(u, columns - 2))
            a, b = v - top, u - left
            corners = probability[top : top + 2, left : left + 2]
            result[y, x] = np.array([1 - a, a]) @ corners @ np.array([1 - b, b])
    return result


def test_probabilities_are_enlarged_and_not_masks(toy_grasps, segmenter, monkeypatch):
    batch = toy_grasps(2, height=32)
    rng = np.random.default_rng(0)
    drawn = rng.random((2, 2, 16, 24)).astype(np.float32)
    seen = []

    def predict(model, before, after, suction):
        seen.append((before, after, suction))
        return drawn

    monkeypatch.setattr(small_source, "predict_grasps", predict)
    found = SmallModelSource(segmenter, 16, PAPER).find(batch.before, batch.after, batch.suction)
    small = shrink_grasps(batch, 16)
    for shown, expected in zip(seen[0], (small.before, small.after, small.suction), strict=True):
        assert np.array_equal(shown, expected)
    for mask, probability in zip(found.masks, drawn[:, 0], strict=True):
        by_hand = enlarged(probability, 2)
        sure = abs(by_hand - 0.5) > 1e-5
        assert np.array_equal(mask[sure], by_hand[sure] > 0.5)
    scores = score_masks(drawn[:, 0], drawn[:, 1], PAPER)
    assert tuple(found.scores) == SCORES
    assert np.allclose(found.scores["occlusion_ratio"], scores.occlusion_ratio)


def test_at_the_models_own_size_nothing_is_different(toy_grasps, segmenter):
    batch = toy_grasps(4, height=32)
    own = ModelSource(segmenter, PAPER, filtered=False).find(batch.before, batch.after, batch.suction)
    same = SmallModelSource(segmenter, 32, PAPER).find(batch.before, batch.after, batch.suction)
    assert np.array_equal(same.masks, own.masks) and np.array_equal(same.kept, own.kept)
    assert same.scores.equals(own.scores)


def test_an_empty_mask_is_not_kept(toy_grasps, segmenter, monkeypatch):
    batch = toy_grasps(2, height=32)
    drawn = np.zeros((2, 2, 16, 24), np.float32)
    drawn[1, 0, 4:8, 4:8] = 1
    monkeypatch.setattr(small_source, "predict_grasps", lambda *_: drawn)
    found = SmallModelSource(segmenter, 16, PAPER).find(batch.before, batch.after, batch.suction)
    assert found.kept.tolist() == [False, True]


def test_the_name_tells_heights_and_weights_apart(segmenter):
    other = build_grasp_segmenter(segmenter.config, None, 1).eval()
    sources = [SmallModelSource(segmenter, 32, PAPER), SmallModelSource(segmenter, 16, PAPER)]
    sources.append(SmallModelSource(other, 32, PAPER))
    assert len({source.key() for source in sources}) == 3
    assert sources[0].key() == SmallModelSource(segmenter, 32, PAPER).key()


def test_the_model_sees_what_predict_grasps_takes(toy_grasps, segmenter):
    batch = toy_grasps(2, height=64)
    small = shrink_grasps(batch, 32)
    probability = predict_grasps(segmenter, small.before, small.after, small.suction)[:, 0]
    found = SmallModelSource(segmenter, 32, PAPER).find(batch.before, batch.after, batch.suction)
    assert np.array_equal(found.kept, (probability > 0.5).any((1, 2)))
    assert isinstance(small, GraspArrays)
