"""The truth with chosen faults."""

import numpy as np
import pytest

from graspbook.errors import InputError
from graspbook.world.picking import TrueSegmenter
from graspbook.world.policy import NoisyPolicy
from graspbook.world.spoilt import EMPTY_RADIUS, SpoiltTruth

NO_FAULT = NoisyPolicy(merge=0, divide=0, shift=0, swell=0, phantom=0, miss=0)
IDS = np.repeat(np.arange(4, dtype=np.uint8), 12).reshape(6, 8).repeat(8, 0).repeat(9, 1)


def images(n):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*IDS.shape, 3), dtype=np.uint8) for _ in range(n)]


def test_without_a_fault_it_is_the_truth():
    (image,) = images(1)
    beliefs, truth = SpoiltTruth(NO_FAULT)(image, IDS), TrueSegmenter()(image, IDS)
    np.testing.assert_array_equal(beliefs.masks, truth.masks)
    np.testing.assert_array_equal(beliefs.scores, truth.scores)


def test_the_same_image_is_spoilt_in_the_same_way_and_others_in_other_ways():
    see = SpoiltTruth(NoisyPolicy())
    first, second = images(2)
    np.testing.assert_array_equal(see(first, IDS).masks, see(first.copy(), IDS).masks)
    assert see(first, IDS).masks.tobytes() != see(second, IDS).masks.tobytes()


@pytest.mark.parametrize(("fault", "rate", "expected"), [("phantom", 1.0, 6), ("miss", 1.0, 0), ("miss", 0.0, 3)])
def test_each_fault_comes_as_often_as_it_should(fault, rate, expected):
    faults = NoisyPolicy(
        **{name: 0 for name in ("merge", "divide", "shift", "swell", "phantom", "miss")} | {fault: rate}
    )
    for image in images(3):
        # a disc that lies on objects alone is empty, and left out
        found = len(SpoiltTruth(faults)(image, IDS).masks)
        assert found <= expected
        assert found == expected or fault == "phantom"


def test_a_mask_on_empty_ground_is_a_disc_that_touches_no_object():
    ids = np.zeros((60, 90), np.uint8)
    ids[:, 30:60] = 1
    see, places = SpoiltTruth(NO_FAULT, empty=1.0), set()
    for image in np.random.default_rng(1).integers(0, 256, (20, 60, 90, 3), dtype=np.uint8):
        masks = see(image, ids).masks
        assert len(masks) == 2
        np.testing.assert_array_equal(masks[0], ids == 1)
        rows, columns = np.nonzero(masks[1])
        assert not (masks[1] & (ids > 0)).any()
        assert np.ptp(rows) == np.ptp(columns) == 2 * EMPTY_RADIUS * 60
        places.add(columns.mean() < 30)
    assert places == {True, False}


def test_masks_on_empty_ground_come_as_often_as_they_should_and_only_where_there_is_room():
    ids = np.zeros((60, 90), np.uint8)
    pictures = np.random.default_rng(2).integers(0, 256, (200, 60, 90, 3), dtype=np.uint8)
    see = SpoiltTruth(NO_FAULT, empty=0.3)
    assert 40 < sum(len(see(image, ids).masks) for image in pictures) < 80
    assert len(SpoiltTruth(NO_FAULT, empty=1.0)(pictures[0], ids + 1).masks) == 1
    with pytest.raises(InputError, match="empty"):
        SpoiltTruth(NO_FAULT, empty=1.1)


def test_nothing_there_is_nothing_seen():
    (image,) = images(1)
    assert SpoiltTruth(NoisyPolicy())(image, np.zeros_like(IDS)).masks.shape == (0, *IDS.shape)
    assert SpoiltTruth(NO_FAULT).key.startswith("noisy(merge=0")
