import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.types import Instances, no_instances
from graspbook.latent.confidence import confidence_masks, confidence_masks_reference, pack, partners_needed, unpack
from tests.latent.conftest import SIZE, perturbed_samples, random_masks, random_segmentation


def assert_same(one: Instances, other: Instances):
    np.testing.assert_array_equal(one.masks, other.masks)
    np.testing.assert_array_equal(one.classes, other.classes)
    np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.slow
@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("classes", [1, 2])
def test_the_fast_version_equals_the_printed_one(p, classes):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        some = perturbed_samples(rng, int(rng.integers(1, 7)), 5, classes=classes)
        assert_same(confidence_masks(some, p), confidence_masks_reference(some, p))
        wild = [random_segmentation(rng, int(rng.integers(0, 5)), classes=classes) for _ in range(4)]
        assert_same(confidence_masks(wild, p, 0.3), confidence_masks_reference(wild, p, 0.3))


@pytest.mark.parametrize("p", [0.0, 0.25, 0.7, 0.9, 1.0])
def test_a_returned_mask_lies_inside_a_share_p_of_the_samples(p):
    for seed in range(10):
        samples = perturbed_samples(np.random.default_rng(seed), 10, 6, classes=2)
        found = confidence_masks(samples, p)
        for mask, kind in zip(found.masks, found.classes, strict=True):
            inside = [any((mask <= m).all() for m in s.masks[s.classes == kind]) for s in samples]
            assert np.mean(inside) >= max(p, 1 / len(samples)) - 1e-9
        assert found.masks.sum(0).max(initial=0) <= 1, "masks share pixels"
        assert (found.scores > 0.1).all()


def test_equal_samples_give_themselves_back(rng):
    masks = np.zeros((2, *SIZE), bool)
    masks[0, 2:6, 2:9], masks[1, 8:14, 3:20] = True, True
    sample = Instances(masks, np.array([0, 0]), np.array([0.9, 0.6]))
    for p in (0.0, 0.5, 1.0):
        found = confidence_masks([sample] * 5, p)
        np.testing.assert_array_equal(found.masks, masks)
        np.testing.assert_allclose(found.scores, [0.9, 0.6])


def test_a_single_sample_loses_only_its_overlaps(rng):
    sample = random_segmentation(rng, 4)
    found = confidence_masks([sample], 0.9)
    np.testing.assert_array_equal(found.masks.any(0), sample.masks.any(0))


def test_one_or_two_is_cut_at_high_p_and_whole_at_low_p():
    left, right = np.zeros((2, *SIZE), bool)
    left[4:12, 3:10], right[4:12, 10:17] = True, True
    one = Instances((left | right)[None], np.array([0]), np.array([0.9]))
    two = Instances(np.stack([left, right]), np.array([0, 0]), np.array([0.9, 0.9]))
    samples = [one] * 6 + [two] * 4
    np.testing.assert_array_equal(confidence_masks(samples, 0.6).masks, one.masks)
    assert {m.tobytes() for m in confidence_masks(samples, 0.9).masks} == {left.tobytes(), right.tobytes()}


def test_nothing_is_found_where_too_few_samples_find_anything(rng):
    empty = no_instances(SIZE)
    assert len(confidence_masks([empty] * 3, 0.5)) == len(confidence_masks_reference([empty] * 3, 0.5)) == 0
    some = random_segmentation(rng, 3)
    assert len(confidence_masks([some, empty, empty], 0.9)) == 0
    assert len(confidence_masks([some, empty, empty], 0.3)) > 0
    assert len(confidence_masks([some.filter_by_score(2.0)], 0.0)) == 0


def test_what_cannot_work_is_refused(rng):
    with pytest.raises(InputError, match="p: expected 0 to 1"):
        confidence_masks([random_segmentation(rng, 2)], 1.5)
    with pytest.raises(InputError, match="at least one"):
        confidence_masks([], 0.5)
    with pytest.raises(InputError, match="one size"):
        confidence_masks([no_instances((4, 5)), no_instances((5, 4))], 0.5)


def test_partners_are_counted_without_rounding_errors():
    assert [partners_needed(10, p / 10) for p in range(11)] == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert partners_needed(3, 0.5) == 2
    assert partners_needed(100, 0.07) == 7, "7.000000000000001 in floating point"


def test_packed_masks_unpack(rng):
    masks = random_masks(rng, 3)
    np.testing.assert_array_equal(unpack(pack(masks), SIZE), masks)
