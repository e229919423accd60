import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.latent.cuts import USUAL, SoftMasks, cut_to_area, soft_masks
from graspbook.latent.predict import predict
from tests.latent.test_model import build


def soft(rng, count=4, size=(12, 15)):
    scores = np.sort(rng.random(count))[::-1]
    return SoftMasks(rng.random((count, *size)).astype(np.float32), np.zeros(count, np.int64), scores)


def test_the_usual_cut_gives_what_the_model_predicts():
    images = np.random.default_rng(0).integers(0, 255, (3, 32, 48, 3)).astype(np.uint8)
    model = build(None)
    for one, other in zip(soft_masks(model, images, 2), predict(model, images), strict=True):
        np.testing.assert_array_equal(one.at(USUAL).masks, other.masks)
        np.testing.assert_allclose(one.at(USUAL).scores, other.scores, rtol=1e-5)


def test_a_higher_cut_makes_smaller_masks_of_the_same_objects(rng):
    one = soft(rng)
    wide, narrow = one.at(0.3), one.at(0.8)
    assert (narrow.masks <= wide.masks).all()
    np.testing.assert_array_equal(narrow.scores, wide.scores)
    assert len(one.at(1.0)) == 0


def test_the_cut_for_an_area_is_found(rng):
    several = [soft(rng) for _ in range(3)]

    def area_of(found):
        return float(sum(one.masks.sum() for one in found))

    for wanted in (100.0, 700.0):
        cut = cut_to_area(several, wanted, area_of)
        assert abs(area_of([one.at(cut) for one in several]) - wanted) <= 1
    assert cut_to_area(several, -1.0, area_of) > 0.99


def test_a_model_with_a_code_is_refused():
    with pytest.raises(InputError, match="expected a plain Mask R-CNN"):
        soft_masks(build(), np.zeros((1, 32, 32, 3), np.uint8))
