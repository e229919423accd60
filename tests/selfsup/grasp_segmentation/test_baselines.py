import dataclasses
import functools

import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.grasps import GraspSample
from graspbook.selfsup.grasp_segmentation.baselines import Lsbp, Mog, Mog2, Subtract, choose_threshold, predict_masks
from graspbook.selfsup.grasp_segmentation.metrics import iou
from tests.conftest import standard

subtract = functools.partial(Subtract, kernel=standard("selfsup").baselines.kernel)
METHODS = [subtract, Mog, Mog2, Lsbp]
MIDDLE = {subtract: 12, Mog: 6, Mog2: 16, Lsbp: 0.15}


def pair(seed=0, height=96):
    """A bright object on a textured floor, and the floor without it; sensor noise in both."""
    rng = np.random.default_rng(seed)
    width = height * 3 // 2
    floor = cv2.resize(rng.integers(60, 120, (6, 9, 3)).astype(np.float32), (width, height))
    y, x = np.mgrid[:height, :width]
    visible = (abs(y - height * 0.5) < height * 0.2) & (abs(x - width * rng.uniform(0.4, 0.6)) < width * 0.15)
    scene = floor.copy()
    scene[visible] += 80
    noisy = [(image + rng.normal(0, 1.5, image.shape)).clip(0, 255).astype(np.uint8) for image in (scene, floor)]
    return GraspSample(f"g{seed}", *noisy, np.zeros_like(visible), visible, None)


def random_pair(seed=0, shape=(24, 36, 3)):
    return np.random.default_rng(seed).integers(0, 256, (2, *shape), dtype=np.uint8)


def naive_blurred_grey(image, width, sigma):
    """Grey by OpenCV's weights, then a weighted mean over every pixel's surroundings, mirrored at the edge."""
    grey = image @ np.array([0.299, 0.587, 0.114])
    weights = np.exp(-((np.arange(width) - width // 2) ** 2.0) / (2 * sigma**2))
    kernel = np.outer(weights, weights) / weights.sum() ** 2
    padded = np.pad(grey, width // 2, mode="reflect")
    out = np.zeros_like(grey)
    for y, x in np.ndindex(grey.shape):
        out[y, x] = (padded[y : y + width, x : x + width] * kernel).sum()
    return out


@pytest.mark.parametrize("method", METHODS)
def test_a_clear_change_is_found(method):
    sample = pair()
    mask = method(MIDDLE[method]).mask(sample.before, sample.after)
    assert mask.dtype == np.bool_ and mask.shape == sample.visible.shape
    assert iou(mask[None], sample.visible[None])[0] > 0.85


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_found_where_nothing_changes(method):
    image = random_pair()[0]
    assert not method(MIDDLE[method]).mask(image, image).any()


@pytest.mark.parametrize("method", METHODS)
def test_a_larger_threshold_gives_a_smaller_mask(method):
    sample = pair()
    areas = [method(MIDDLE[method] * factor).mask(sample.before, sample.after).sum() for factor in (0.1, 1, 3, 30)]
    assert areas == sorted(areas, reverse=True) and areas[0] > areas[-1]


@pytest.mark.parametrize("method", METHODS)
def test_a_mask_does_not_depend_on_threads_or_on_earlier_calls(method):
    sample, other = pair(), pair(1)
    baseline, threads = method(MIDDLE[method]), cv2.getNumThreads()
    masks = []
    try:
        for number in (1, 4, 4):
            cv2.setNumThreads(number)
            masks.append(baseline.mask(sample.before, sample.after))
            baseline.mask(other.before, other.after)
            cv2.setRNGSeed(number)
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(masks[0], masks[1]) and np.array_equal(masks[0], masks[2])


def test_subtract_matches_the_formula_written_out():
    before, after = random_pair(shape=(128, 20, 3))
    change = np.abs(naive_blurred_grey(after, 5, 0.7) - naive_blurred_grey(before, 5, 0.7))
    for threshold in (10, 30):
        sure = abs(change - threshold) > 1  # the grey level is rounded before the blur
        mask = subtract(threshold).mask(before, after)
        assert np.array_equal(mask[sure], (change > threshold)[sure]) and sure.mean() > 0.8


@pytest.mark.slow
def test_the_blur_scales_with_the_image():
    """A speckle of 5 pixels at the native size, 1 at 128, keeps about 30 % of its height."""
    for height, size in ((128, 1), (640, 5)):
        after = np.zeros((height, height * 3 // 2, 3), np.uint8)
        before = after.copy()
        before[size * 60 : size * 61, size * 60 : size * 61] = 255
        peak = max(t for t in range(1, 255, 3) if subtract(t).mask(before, after).any())
        assert 65 < peak < 90


@pytest.mark.parametrize("sigma", [2, 8, 30])
def test_mog_is_a_threshold_on_the_colour_distance(sigma):
    before, after = random_pair()
    distance = ((before.astype(float) - after) ** 2).sum(2)
    limit = 2.5**2 * 3 * sigma**2
    sure = abs(distance / limit - 1) > 1e-3
    assert np.array_equal(Mog(sigma).mask(before, after)[sure], (distance > limit)[sure])


@pytest.mark.parametrize("threshold", [4, 16, 200])
def test_mog2_is_a_threshold_on_the_colour_distance_except_for_shadows(threshold):
    before, after = random_pair()
    # A shadow is the same colour, darker; with the red of a pixel halved and its blue doubled it is none.
    before[..., 0], before[..., 2] = after[..., 0] // 2, np.minimum(255, after[..., 2].astype(int) * 2)
    distance = ((before.astype(float) - after) ** 2).sum(2)
    changed = Mog2(threshold).mask(before, after)
    assert not (changed & (distance <= 15 * threshold)).any()
    assert changed[distance > 15 * threshold].mean() > 0.95


def test_mog2_takes_no_shadow_for_the_object():
    after = np.full((24, 36, 3), (120, 160, 200), np.uint8)
    before = after.copy()
    before[5:15, 5:15] = after[5:15, 5:15] * 0.7
    before[5:15, 20:30] = (200, 160, 120)
    mask = Mog2(16).mask(before, after)
    assert mask[6:14, 21:29].all() and not mask[:, :18].any()


@pytest.mark.parametrize("threshold", [0.02, 0.1, 0.6])
def test_lsbp_is_a_threshold_on_the_colour_distance_where_the_texture_stays(threshold):
    """Flat images have the same pattern everywhere except at the border of the changed patch."""
    after = np.full((64, 96, 3), 100, np.uint8)
    before = after.copy()
    limit = threshold * 255 / 3
    before[10:30, 10:40] += int(np.floor(limit - 0.5))
    before[35:55, 50:90] += int(np.ceil(limit + 1))
    mask = Lsbp(threshold).mask(before, after)
    assert not mask[14:26, 14:36].any() and mask[39:51, 54:86].all()


@pytest.mark.parametrize("seed", range(3))
def test_lsbp_is_opencvs_with_its_default_number_of_samples(seed):
    sample = pair(seed)
    model = cv2.bgsegm.createBackgroundSubtractorLSBP(
        LSBPRadius=2, Rincdec=float(np.sqrt(0.15 / 0.1) - 1), Tlower=1e30, Tupper=2e30
    )
    model.apply(sample.after)
    assert np.array_equal(Lsbp(0.15).mask(sample.before, sample.after), model.apply(sample.before) > 0)


def test_masks_of_a_batch_are_those_of_its_grasps():
    samples = [pair(seed) for seed in range(3)]
    before, after = (np.stack([getattr(s, field) for s in samples]) for field in ("before", "after"))
    masks = predict_masks(subtract(12), before, after)
    for mask, sample in zip(masks, samples, strict=True):
        assert np.array_equal(mask, subtract(12).mask(sample.before, sample.after))


@pytest.mark.parametrize("method", METHODS)
def test_the_threshold_with_the_highest_mean_iou_is_chosen(method):
    samples = [pair(seed) for seed in range(3)]
    grid = [MIDDLE[method] * factor for factor in (0.02, 0.5, 1, 20)]
    best, curve = choose_threshold(method, grid, iter(samples))
    truth = np.stack([s.visible for s in samples])
    expected = [100 * iou(np.stack([method(t).mask(s.before, s.after) for s in samples]), truth).mean() for t in grid]
    assert curve["threshold"].tolist() == grid and curve["miou"].tolist() == pytest.approx(expected)
    assert best == grid[int(np.argmax(expected))]
    assert best not in (grid[0], grid[-1])
    assert curve["error"].iloc[0] > 2 * curve["error"].min()


def test_the_first_of_equally_good_thresholds_is_chosen():
    assert choose_threshold(subtract, [300, 400], [pair()])[0] == 300


def test_a_threshold_needs_a_grid_and_labelled_samples():
    with pytest.raises(InputError, match="grid: expected at least one"):
        choose_threshold(subtract, [], [pair()])
    with pytest.raises(InputError, match="samples: expected at least one"):
        choose_threshold(subtract, [1], [])
    sample = pair()
    for visible in (None, np.zeros_like(sample.visible)):
        with pytest.raises(InputError, match="grasp g0 has no visible mask"):
            choose_threshold(subtract, [1], [dataclasses.replace(sample, grasp_id="g0", visible=visible)])
