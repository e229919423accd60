import math
from dataclasses import replace

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.selfsup.grasp_segmentation.filter import (
    MaskScores,
    binary_entropy,
    count_contours,
    keep,
    keep_by_contours,
    score_masks,
    sweep,
)
from tests.conftest import standard

PAPER = standard("selfsup").evaluate.filter


def naive_scores(visible, amodal):
    """Equation (3) and the ratio, pixel by pixel."""
    entropy = 0.0
    for m in visible.ravel().tolist():
        if 0 < m < 1:
            entropy += -m * math.log(m) - (1 - m) * math.log(1 - m)
    sum_visible, sum_amodal = sum(visible.ravel().tolist()), sum(amodal.ravel().tolist())
    return sum_visible / sum_amodal, entropy / sum_visible * len(visible) / 640


def naive_regions(mask):
    """Sizes of 8-connected regions by flood fill."""
    left, sizes = {tuple(pixel) for pixel in np.argwhere(mask)}, []
    while left:
        stack, size = [left.pop()], 0
        while stack:
            y, x = stack.pop()
            size += 1
            for pixel in [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]:
                if pixel in left:
                    left.remove(pixel)
                    stack.append(pixel)
        sizes.append(size)
    return sizes


def blobs(*areas, height=640, width=960):
    """A mask of squares of the given side lengths."""
    mask = np.zeros((1, height, width), bool)
    for number, side in enumerate(areas):
        mask[0, 10 : 10 + side, 100 * number + 5 : 100 * number + 5 + side] = True
    return mask


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_match_counting_pixel_by_pixel(dtype):
    rng = np.random.default_rng(0)
    visible, amodal = rng.random((2, 5, 12, 18)).astype(dtype)
    visible[0, :4], visible[1, :4] = 0, 1
    scores = score_masks(visible, amodal, PAPER)
    for number in range(5):
        ratio, entropy = naive_scores(visible[number], amodal[number])
        assert scores.occlusion_ratio[number] == pytest.approx(ratio, rel=1e-6)
        assert scores.relative_entropy[number] == pytest.approx(entropy, rel=1e-6)
        assert scores.pixels[number] == (visible[number] > 0.5).sum()


def test_an_outline_equally_wide_in_pixels_scores_alike_at_every_size():
    def square(height):
        side, start = height // 2, height // 4
        probabilities = np.zeros((1, height, height * 3 // 2))
        probabilities[0, start : start + side, start : start + side] = 1
        probabilities[0, start, start : start + side] = 0.5  # one undecided row of pixels
        return score_masks(probabilities, probabilities, PAPER).relative_entropy[0]

    assert square(640) == pytest.approx(320 * math.log(2) / (320 * 320 - 160))
    assert square(128) == pytest.approx(square(640), rel=0.01)


def test_entropy_is_zero_when_certain_and_ln_2_when_undecided():
    probabilities = np.array([0, 1, 0.5, 1e-45, np.nextafter(np.float32(1), np.float32(0))], np.float32)
    entropy = binary_entropy(probabilities)
    assert np.isfinite(entropy).all() and (entropy >= 0).all()
    assert entropy[:2].tolist() == [0, 0] and entropy[2] == pytest.approx(math.log(2))


def test_a_certain_unoccluded_prediction_scores_one_and_zero():
    visible = blobs(40).astype(np.float32)
    scores = score_masks(visible, visible, PAPER)
    assert scores.occlusion_ratio.tolist() == [1] and scores.relative_entropy.tolist() == [0]
    assert keep(scores, PAPER).tolist() == [True]


def test_a_prediction_of_exact_zeros_is_filtered_without_a_warning():
    nothing = np.zeros((1, 8, 8), np.float32)
    scores = score_masks(nothing, nothing, PAPER)
    assert scores.occlusion_ratio.tolist() == [0] and scores.relative_entropy.tolist() == [np.inf]
    assert scores.pixels.tolist() == [0] and not keep(scores, PAPER).any()


def test_an_empty_mask_is_filtered_whatever_the_thresholds():
    faint = np.full((1, 8, 8), 0.4, np.float32)
    lenient = replace(PAPER, t_occ=0, t_ent=np.inf, min_contours=0)
    assert not keep(score_masks(faint, faint, lenient), lenient).any()
    assert not keep_by_contours(np.array([0]), np.array([0]), lenient).any()


def test_no_predictions_have_no_scores():
    scores = score_masks(np.zeros((0, 4, 4)), np.zeros((0, 4, 4)), PAPER)
    assert keep(scores, PAPER).shape == (0,)


def test_what_is_no_probability_is_refused():
    good, bad = np.full((1, 4, 4), 0.5), np.full((1, 4, 4), 0.5)
    for value in (np.nan, -0.1, 1.1):
        bad[0, 1, 1] = value
        with pytest.raises(InputError, match=r"amodal: expected probabilities in 0\.\.1"):
            score_masks(good, bad, PAPER)
    with pytest.raises(InputError, match=r"\[B, H, W\] twice"):
        score_masks(good, good[0], PAPER)


@pytest.mark.parametrize("seed", range(3))
def test_contours_match_flood_filled_regions(seed):
    rng = np.random.default_rng(seed)
    masks = rng.random((4, 20, 30)) < 0.35
    thresholds = replace(PAPER, contour_area=5 * 32**2)  # 5 pixels at a height of 20
    expected = [sum(size >= 5 for size in naive_regions(mask)) for mask in masks]
    assert count_contours(masks, thresholds).tolist() == expected


def test_a_contour_counts_from_a_thousand_pixels_at_the_native_size():
    mask = blobs(32)  # 1024 pixels
    assert count_contours(mask, PAPER).tolist() == [1]
    mask[0, 10, 5:29] = False  # 1000
    assert count_contours(mask, PAPER).tolist() == [1]
    mask[0, 10, 29] = False  # 999
    assert count_contours(mask, PAPER).tolist() == [0]


def test_the_area_of_a_contour_scales_with_the_image():
    assert count_contours(blobs(7, height=128, width=192), PAPER).tolist() == [1]  # 49 pixels, 40 are needed
    assert count_contours(blobs(6, height=128, width=192), PAPER).tolist() == [0]


@pytest.mark.parametrize(
    ("sides", "kept"), [((), 0), ((20,), 0), ((40,), 1), ((40, 50), 1), ((40, 40, 40), 0), ((40, 40, 9), 1)]
)
def test_masks_with_one_or_two_large_contours_are_kept(sides, kept):
    mask = blobs(*sides)
    assert keep_by_contours(count_contours(mask, PAPER), mask.sum((1, 2)), PAPER).tolist() == [bool(kept)]


def test_each_filter_alone_rejects():
    scores = MaskScores(
        occlusion_ratio=np.array([0.96, 0.95, 0.96, 0.96, 0.96]),
        relative_entropy=np.array([0.09, 0.09, 0.1, 0.09, 0.09]),
        n_contours=np.array([2, 2, 2, 3, 0]),
        pixels=np.array([9, 9, 9, 9, 9]),
    )
    assert keep(scores, PAPER).tolist() == [True, False, False, False, False]


def test_a_sweep_is_the_filter_at_each_threshold():
    rng = np.random.default_rng(0)
    scores = MaskScores(rng.uniform(0.9, 1, 50), rng.uniform(0, 0.2, 50), np.ones(50, int), np.ones(50, int))
    iou, error = rng.random(50), rng.random(50)
    table = sweep(scores, iou, error, PAPER, "t_ent", [0, 0.05, 0.1, 0.2])
    assert list(table.columns) == ["t_ent", "miou", "error", "recall"]
    assert table["recall"].iloc[0] == 0 and np.isnan(table["miou"].iloc[0])
    assert table["recall"].is_monotonic_increasing
    kept = keep(scores, PAPER)
    assert table["miou"].iloc[2] == pytest.approx(100 * iou[kept].mean())
    assert table["recall"].iloc[2] == pytest.approx(100 * kept.mean())
    with pytest.raises(InputError, match="name: expected one of t_occ"):
        sweep(scores, iou, error, PAPER, "contour_area", [1])
