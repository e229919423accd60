import numpy as np
import pytest

from graspbook.instances.types import Instances, no_instances
from graspbook.latent.union_nms import union_nms, union_nms_reference
from tests.latent.conftest import SIZE, perturbed_samples, random_segmentation


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9])
def test_the_fast_version_equals_the_printed_one(threshold):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        for samples in (
            perturbed_samples(rng, 4, 5, classes=2),
            [random_segmentation(rng, 6)],
            [no_instances(SIZE)],
        ):
            fast, plain = union_nms(samples, threshold), union_nms_reference(samples, threshold)
            for field in ("masks", "classes", "scores"):
                np.testing.assert_array_equal(getattr(fast, field), getattr(plain, field))


def test_survivors_grow_by_what_they_suppress():
    small, large, far = np.zeros((3, *SIZE), bool)
    small[2:6, 2:8], large[2:7, 2:8], far[10:14, 10:20] = True, True, True
    samples = [
        Instances(np.stack([small, far]), np.array([0, 0]), np.array([0.9, 0.5])),
        Instances(large[None], np.array([0]), np.array([0.8])),
    ]
    found = union_nms(samples)
    np.testing.assert_array_equal(found.masks, np.stack([large, far]))
    np.testing.assert_array_equal(found.scores, [0.9, 0.5])
    assert len(union_nms(samples, 0.99)) == 3


def test_classes_do_not_suppress_each_other():
    mask = np.zeros((1, *SIZE), bool)
    mask[0, 2:6, 2:8] = True
    samples = [Instances(mask, np.array([kind]), np.array([0.9])) for kind in (0, 1)]
    assert len(union_nms(samples)) == 2


def test_every_mask_of_every_sample_is_covered(rng):
    samples = perturbed_samples(rng, 5, 6)
    found = union_nms(samples)
    for sample in samples:
        assert (sample.masks.any(0) <= found.masks.any(0)).all()
