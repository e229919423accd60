import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.selfsup.instance_segmentation.augment import InstanceAugmentation, augment_instances

NOTHING = InstanceAugmentation(flip=0, zoom=(1, 1), gamma=0, gain=0, tint=0)


def replace(**changes):
    return InstanceAugmentation(**(NOTHING.__dict__ | changes))


@pytest.fixture
def scene():
    """Blocks whose colour is their id, so that image and labels can be compared after any change of place."""
    rng = np.random.default_rng(0)
    ids = np.zeros((48, 72), np.uint16)
    for number in range(1, 7):
        y, x = rng.integers(0, 36), rng.integers(0, 56)
        ids[y : y + 14, x : x + 18] = number
    return np.repeat((40 * ids).astype(np.uint8)[:, :, None], 3, 2), ids


def test_nothing_asked_nothing_changed_and_nothing_shared(scene):
    image, ids = augment_instances(*scene, np.random.default_rng(0), NOTHING)
    assert np.array_equal(image, scene[0])
    assert np.array_equal(ids, scene[1])
    assert not np.shares_memory(image, scene[0])
    assert not np.shares_memory(ids, scene[1])


def test_same_generator_same_result_and_another_another(scene):
    first, again, other = (augment_instances(*scene, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_strengths_do_not_change_what_is_drawn_next(scene):
    one, other = np.random.default_rng(0), np.random.default_rng(0)
    augment_instances(*scene, one)
    augment_instances(*scene, other, NOTHING)
    assert one.random() == other.random()


def test_certain_flips_turn_image_and_labels_round_exactly(scene):
    image, ids = augment_instances(*scene, np.random.default_rng(0), replace(flip=1))
    assert np.array_equal(image, scene[0][::-1, ::-1])
    assert np.array_equal(ids, scene[1][::-1, ::-1])


def test_half_of_the_images_are_flipped_each_way(scene):
    rng, counts = np.random.default_rng(0), np.zeros(4)
    ways = [scene[1], scene[1][::-1], scene[1][:, ::-1], scene[1][::-1, ::-1]]
    for _ in range(800):
        _, ids = augment_instances(*scene, rng, replace(flip=0.5))
        counts += [np.array_equal(ids, way) for way in ways]
    assert counts.sum() == 800
    assert abs(counts - 200).max() < 50


@pytest.mark.parametrize("seed", range(10))
def test_image_and_labels_move_together(scene, seed):
    image, ids = augment_instances(*scene, np.random.default_rng(seed), replace(flip=0.5, zoom=(0.6, 1.6)))
    differ = image[:, :, 0] != 40 * ids
    assert differ.mean() < 0.2  # only outlines, where the image is interpolated
    near = np.lib.stride_tricks.sliding_window_view(ids, (3, 3)).reshape(46, 70, 9)
    inner = np.zeros(ids.shape, bool)
    inner[1:-1, 1:-1] = (near == near[:, :, :1]).all(2)
    assert not (differ & inner).any()
    assert ids.dtype == np.uint16
    assert set(np.unique(ids)) <= set(range(7))


def test_enlarged_crop_lies_within_the_image_and_equals_a_loop():
    ids = np.arange(1, 48 * 72 + 1, dtype=np.uint16).reshape(48, 72)  # every pixel says where it comes from
    image = np.zeros((48, 72, 3), np.uint8)
    corners = []
    for seed in range(200):
        _, moved = augment_instances(image, ids, np.random.default_rng(seed), replace(zoom=(1.5, 1.5)))
        assert (moved > 0).all()
        rows, columns = (moved.astype(int) - 1) // 72, (moved.astype(int) - 1) % 72
        corners.append((rows[0, 0], columns[0, 0]))
        for step, places in ((1.0, rows[:, 0]), (1.0, columns[0])):
            expected = places[0] + step * np.arange(len(places)) / 1.5
            assert abs(places - expected).max() <= 1
    corners = np.array(corners)
    assert corners.min() == 0
    assert corners.max(0).tolist() == [16, 24]  # a third of the image is spare


def test_shrunken_image_is_surrounded_by_black_background():
    image, ids = np.full((48, 72, 3), 200, np.uint8), np.ones((48, 72), np.uint16)
    for seed in range(20):
        smaller, mask = augment_instances(image, ids, np.random.default_rng(seed), replace(zoom=(0.5, 0.5)))
        ys, xs = np.nonzero(mask)
        assert (np.ptp(ys) + 1, np.ptp(xs) + 1) == pytest.approx((24, 36), abs=1)
        assert (smaller[mask == 0].max(-1) < 200).all()
        assert np.median(smaller[mask == 1]) == 200
        assert np.median(smaller[mask == 0]) == 0


def test_colour_is_a_power_and_a_gain_per_channel_and_never_wraps():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    ids = np.zeros((1, 256), np.uint16)
    same, _ = augment_instances(ramp, ids, np.random.default_rng(1), replace(gamma=0.2, gain=0.5))
    assert (same == same[:, :, :1]).all()
    for seed in range(50):
        tinted, _ = augment_instances(ramp, ids, np.random.default_rng(seed), replace(gamma=0.2, gain=0.5, tint=0.2))
        assert (np.diff(tinted[0].astype(int), axis=0) >= 0).all()  # brighter stays brighter, up to white
        assert (tinted[0, 0] == 0).all()
    assert not (tinted == tinted[:, :, :1]).all()


def test_gain_has_the_stated_spread():
    grey, ids = np.full((1, 1, 3), 60, np.uint8), np.zeros((1, 1), np.uint16)
    rng = np.random.default_rng(0)
    gains = [np.log(augment_instances(grey, ids, rng, replace(gain=0.3))[0][0, 0, 0] / 60) for _ in range(2000)]
    assert np.mean(gains) == pytest.approx(0, abs=0.03)
    assert np.std(gains) == pytest.approx(0.3, rel=0.06)


def test_impossible_zoom_is_an_error():
    for zoom in ((0, 1), (1.2, 0.8)):
        with pytest.raises(InputError, match="zoom"):
            InstanceAugmentation(zoom=zoom)
