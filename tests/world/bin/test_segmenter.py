import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.types import of_one_class
from graspbook.world.bin.segmenter import (
    EMPTY_RADIUS,
    NoisySegmenter,
    OneAtRandom,
    TrueSegmenter,
    find_items,
    split_ids,
)

QUIET = dict.fromkeys(("merge", "divide", "shift", "swell", "phantom", "miss"), 0.0)
IMAGE = np.zeros((64, 96, 3), np.uint8)
IDS = np.zeros((64, 96), np.uint8)
IDS[10:30, 10:40] = 1
IDS[30:50, 10:40] = 2  # touches 1
IDS[10:50, 60:80] = 7  # alone


def look(segmenter, seed=0, ids=IDS):
    """The masks that a segmenter finds."""
    found = segmenter(np.zeros((*ids.shape, 3), np.uint8), ids, np.random.default_rng(seed))
    assert (found.scores == 1).all()
    return found.masks


def test_split_ids_gives_one_mask_per_item():
    ids = np.array([[0, 3, 3], [0, 9, 0]], np.uint8)
    assert split_ids(ids).tolist() == [[[False, True, True], [False] * 3], [[False] * 3, [False, True, False]]]
    assert split_ids(np.zeros((2, 3), np.uint8)).shape == (0, 2, 3)


def test_the_true_segmenter_knows_all_visible_masks():
    np.testing.assert_array_equal(look(TrueSegmenter()), split_ids(IDS))


def test_the_noisy_segmenter_without_noise_is_the_true_one():
    np.testing.assert_array_equal(look(NoisySegmenter(**QUIET)), split_ids(IDS))


def test_merging_joins_touching_items_only():
    true = split_ids(IDS)
    masks = look(NoisySegmenter(**QUIET | {"merge": 1.0}))
    np.testing.assert_array_equal(masks, [true[0] | true[1], true[0] | true[1], true[2]])


def test_dividing_keeps_a_part_of_each_item():
    for mask, true in zip(look(NoisySegmenter(**QUIET | {"divide": 1.0})), split_ids(IDS), strict=True):
        assert not (mask & ~true).any() and 0 < mask.sum() < true.sum()


def test_missing_leaves_items_out_and_phantoms_lie_on_the_bin():
    assert len(look(NoisySegmenter(**QUIET | {"miss": 1.0}))) == 0
    phantoms = look(NoisySegmenter(**QUIET | {"miss": 1.0, "phantom": 1.0}))
    assert len(phantoms) and not (phantoms & (IDS > 0)).any()


def test_shift_and_swell_move_borders_but_keep_most_of_a_mask():
    masks = look(NoisySegmenter(**QUIET | {"shift": 0.02, "swell": 0.02}))
    for mask, true in zip(masks, split_ids(IDS), strict=True):
        assert (mask != true).any() and (mask & true).sum() > 0.6 * true.sum()


def test_noise_is_decided_by_the_generator_and_never_empty():
    one, two, other = (look(NoisySegmenter(), seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert one.tobytes() != other.tobytes()
    assert all(mask.any() for mask in one)


def test_no_setting_reshuffles_the_luck_of_another():
    """Masks of a segmenter that also adds one on empty ground begin with those of one that does not."""
    plain, more = look(NoisySegmenter(), 5), look(NoisySegmenter(empty=1.0), 5)
    assert len(more) == len(plain) + 1
    np.testing.assert_array_equal(more[:-1], plain)


def test_an_empty_bin_has_no_masks():
    for segmenter in (TrueSegmenter(), NoisySegmenter(), OneAtRandom(TrueSegmenter())):
        assert look(segmenter, ids=np.zeros_like(IDS)).shape == (0, 64, 96)


def test_a_mask_on_empty_ground_is_a_disc_that_touches_no_item():
    ids = np.zeros((60, 90), np.uint8)
    ids[:, 30:60] = 1
    places = set()
    for seed in range(20):
        masks = look(NoisySegmenter(**QUIET, empty=1.0), seed, ids)
        assert len(masks) == 2
        np.testing.assert_array_equal(masks[0], ids == 1)
        rows, columns = np.nonzero(masks[1])
        assert not (masks[1] & (ids > 0)).any()
        assert np.ptp(rows) == np.ptp(columns) == 2 * EMPTY_RADIUS * 60
        places.add(columns.mean() < 30)
    assert places == {True, False}


def test_masks_on_empty_ground_come_as_often_as_they_should_and_only_where_there_is_room():
    ids = np.zeros((60, 90), np.uint8)
    assert 40 < sum(len(look(NoisySegmenter(**QUIET, empty=0.3), seed, ids)) for seed in range(200)) < 80
    assert len(look(NoisySegmenter(**QUIET, empty=1.0), ids=ids + 1)) == 1


def test_one_mask_at_random_is_the_others_and_each_is_drawn_as_often():
    drawn = []
    for seed in range(300):
        masks = look(OneAtRandom(TrueSegmenter()), seed)
        np.testing.assert_array_equal(masks, look(OneAtRandom(TrueSegmenter()), seed))
        assert masks.shape == (1, 64, 96)
        (value,) = np.unique(IDS[masks[0]])
        np.testing.assert_array_equal(masks[0], IDS == value)
        drawn.append(value)
    assert all(drawn.count(value) > 70 for value in (1, 2, 7))


def test_masks_of_another_size_are_refused_with_the_name_of_the_segmenter():
    def segment(image, ids, rng):
        return of_one_class(np.zeros((1, 32, 48), bool))

    segment.key = "small"
    with pytest.raises(InputError, match=r"small: expected masks of \(64, 96\), got \(32, 48\)"):
        find_items(segment, IMAGE, IDS, np.random.default_rng(0))


def test_keys_tell_segmenters_and_settings_apart():
    segmenters = [TrueSegmenter(), NoisySegmenter(), NoisySegmenter(merge=0.5), NoisySegmenter(empty=0.5)]
    segmenters += [OneAtRandom(segmenter) for segmenter in segmenters]
    assert len({segmenter.key for segmenter in segmenters}) == 8
    assert NoisySegmenter(**QUIET).key.startswith("noisy(merge=0") and segmenters[4].key == "one of true"


def test_probabilities_are_checked():
    for name in ("merge", "empty"):
        with pytest.raises(InputError, match=rf"segmenter\.{name}"):
            NoisySegmenter(**{name: 1.1})
