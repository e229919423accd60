from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.world.bin import corruptions as u
from graspbook.world.render.sensor import EXPOSURE, photograph
from tests.conftest import standard

DIALS = standard("selfsup").world.dials
CALM = u.Corruptions(
    exposure_rate=0,
    exposure_jump=0.3,
    colour_jump=0.1,
    shadow_rate=0,
    shadow_depth=0.5,
    glare_rate=0,
    glares=10,
    nudge_rate=0,
    nudge=0.004,
)
EVERYWHERE = np.ones((64, 96), bool)


@pytest.fixture
def grey():
    return np.full((64, 96, 3), 120, np.uint8)


@pytest.fixture
def coloured():
    return np.random.default_rng(0).integers(0, 250, (64, 96, 3)).astype(np.uint8)


class Silent:
    """A generator without noise."""

    def standard_t(self, freedom, size):
        return np.zeros(size)

    def standard_normal(self, size, dtype=float):
        return np.zeros(size, dtype)


def test_the_tone_curve_is_the_sensors():
    light = np.random.default_rng(1).uniform(0, 3, (64, 96, 3)).astype(np.float32)
    layers = SimpleNamespace(ambient=light / np.float32(EXPOSURE), direct=np.zeros_like(light))
    middle = (slice(31, 33), slice(47, 49))  # the lens darkens all else
    ours, sensors = u.to_image(light)[middle], photograph(layers, Silent(), DIALS)[middle]
    assert np.abs(ours.astype(int) - sensors).max() <= 1
    assert np.ptp(sensors) > 50


def test_light_and_image_are_each_others_inverse():
    levels = np.arange(256, dtype=np.uint8)[None, :, None]
    np.testing.assert_array_equal(u.to_image(u.to_light(levels)), levels)
    assert (np.diff(u.to_light(levels)[0, :, 0]) > 0).all()


def test_nothing_happens_at_rate_zero(coloured):
    rng = np.random.default_rng(2)
    for _ in range(20):
        np.testing.assert_array_equal(u.upset_photograph(coloured, EVERYWHERE, rng, CALM), coloured)
        np.testing.assert_array_equal(u.nudge(coloured, 100, rng, CALM), coloured)


def test_rates_are_probabilities(grey):
    upsets = replace(CALM, exposure_rate=0.3, nudge_rate=0.3)
    rng = np.random.default_rng(3)
    upset = [np.any(u.upset_photograph(grey, EVERYWHERE, rng, upsets) != grey) for _ in range(600)]
    assert 0.24 < np.mean(upset) < 0.36
    marked = grey.copy()
    marked[::7, ::5] = 0
    nudged = [np.any(u.nudge(marked, 500, rng, upsets) != marked) for _ in range(600)]
    assert 0.24 < np.mean(nudged) < 0.36


def test_a_higher_rate_upsets_the_same_photographs_and_more(grey):
    def outcome(rate):
        upsets = replace(CALM, exposure_rate=rate, shadow_rate=rate)
        return [u.upset_photograph(grey, EVERYWHERE, np.random.default_rng([4, k]), upsets) for k in range(60)]

    few, many = outcome(0.2), outcome(0.6)
    spoilt = [k for k, image in enumerate(few) if np.any(image != grey)]
    assert 0 < len(spoilt) < sum(np.any(image != grey) for image in many)
    assert all(np.any(many[k] != grey) for k in spoilt)


def test_exposure_multiplies_the_light_of_the_whole_picture(coloured):
    upsets = replace(CALM, exposure_rate=1, colour_jump=0)
    jumps = []
    for k in range(200):
        after = u.upset_photograph(coloured, EVERYWHERE, np.random.default_rng([5, k]), upsets)
        inside = (coloured > 40) & (after > 40) & (after < 250)
        gain = np.log(u.to_light(after)[inside] / u.to_light(coloured)[inside])
        assert np.ptp(gain) < 0.12  # rounding
        jumps.append(np.median(gain))
    assert abs(np.mean(jumps)) < 0.08
    assert 0.24 < np.std(jumps) < 0.36


def test_white_balance_moves_the_channels_apart(grey):
    upsets = replace(CALM, exposure_rate=1, exposure_jump=0, colour_jump=0.2)
    levels = [u.upset_photograph(grey, EVERYWHERE, np.random.default_rng([6, k]), upsets)[0, 0] for k in range(50)]
    assert (np.ptp(levels, axis=1) > 3).mean() > 0.8


def test_a_shadow_only_darkens_by_no_more_than_its_depth_and_has_soft_bars(grey):
    upsets = replace(CALM, shadow_rate=1, shadow_depth=0.6)
    shares = []
    for k in range(40):
        after = u.upset_photograph(grey, EVERYWHERE, np.random.default_rng([7, k]), upsets)
        assert (after <= grey).all()
        kept = u.to_light(after) / u.to_light(grey)
        assert kept.min() > 0.4 - 0.02
        shares.append((kept[..., 0] < 0.9).mean())
    assert 0.03 < np.mean(shares) < 0.5  # part of the bin, not all of it


@pytest.mark.parametrize("seed", range(3))
def test_shadow_bars_are_straight(seed):
    shadow = u.arm_shadow((64, 96), np.random.default_rng(seed)) > 0.25
    # a bar meets each row of pixels in one run: two bars in two at most
    runs = (np.diff(shadow.astype(int), axis=1, prepend=0) == 1).sum(1)
    assert runs.max() <= 2


def test_glare_brightens_objects_alone(grey):
    upsets = replace(CALM, glare_rate=1)
    on_object = np.zeros((64, 96), bool)
    on_object[20:50, 30:80] = True
    after = u.upset_photograph(grey, on_object, np.random.default_rng(8), upsets)
    np.testing.assert_array_equal(after[~on_object], grey[~on_object])
    assert (after >= grey).all()
    assert (after[on_object] > 230).any()
    nowhere = u.upset_photograph(grey, np.zeros((64, 96), bool), np.random.default_rng(8), upsets)
    assert np.abs(nowhere.astype(int) - grey).max() == 0


@pytest.mark.slow
def test_the_number_of_highlights_is_the_dial():
    from scipy.ndimage import label

    wide = np.ones((400, 600), bool)
    counts = [label(u.highlights(wide, 3, np.random.default_rng([9, k])) > 0)[1] for k in range(60)]
    assert 2.3 < np.mean(counts) < 3.7  # now and then two overlap, or one is cut in two
    assert u.highlights(wide, 0, np.random.default_rng(9)).max() == 0


def test_a_nudge_shifts_the_picture_by_its_metres():
    image = np.zeros((64, 96, 3), np.uint8)
    image[30:34, 40:44] = 255
    upsets = replace(CALM, nudge_rate=1, nudge=0.004)
    shifts = []
    for k in range(120):
        after = u.nudge(image, 500, np.random.default_rng([10, k]), upsets)[..., 0].astype(float)
        v, w = (np.indices(after.shape) * after).sum((1, 2)) / after.sum()
        shifts.append((v - 31.5, w - 41.5))
    assert np.abs(np.mean(shifts, axis=0)).max() < 0.6
    np.testing.assert_allclose(np.std(shifts, axis=0), 2, rtol=0.25)  # 4 mm at 500 pixels a metre
