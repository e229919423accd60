"""The truth with chosen faults."""

import numpy as np
import pytest

from graspbook.world.picking import TrueSegmenter
from graspbook.world.policy import NoisyPolicy
from graspbook.world.spoilt import SpoiltTruth

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


def test_nothing_there_is_nothing_seen():
    (image,) = images(1)
    assert SpoiltTruth(NoisyPolicy())(image, np.zeros_like(IDS)).masks.shape == (0, *IDS.shape)
    assert SpoiltTruth(NO_FAULT).key.startswith("noisy(merge=0")
