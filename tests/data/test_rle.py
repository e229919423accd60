import numpy as np
import pytest
from pycocotools import mask as coco_mask

from graspbook.core.errors import InputError
from graspbook.data.rle import decode_mask, encode_mask


def naive_runs(mask):
    """Run lengths down the columns, background first."""
    runs, value = [0], False
    for pixel in mask.T.ravel():
        if pixel != value:
            runs.append(0)
            value = pixel
        runs[-1] += 1
    return runs


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (13, 21), (128, 192)])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.5, 1.0])
def test_decoding_returns_the_mask_that_was_encoded(shape, density):
    mask = np.random.default_rng(0).random(shape) < density
    assert np.array_equal(decode_mask(encode_mask(mask), *shape), mask)


def test_the_encoding_is_cocos():
    mask = np.random.default_rng(1).random((17, 11)) < 0.3
    runs = {"size": [17, 11], "counts": naive_runs(mask)}
    counts = coco_mask.frPyObjects(runs, 17, 11)["counts"].decode()
    assert encode_mask(mask) == counts


def test_a_mask_in_any_memory_order_is_encoded_alike():
    mask = np.random.default_rng(2).random((20, 30)) < 0.5
    assert encode_mask(mask) == encode_mask(np.asfortranarray(mask)) == encode_mask(mask[::-1][::-1])


@pytest.mark.parametrize("mask", [np.zeros((3, 4), np.uint8), np.zeros((2, 3, 4), bool), np.zeros(3, bool)])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(InputError, match="mask: expected bool"):
        encode_mask(mask)


@pytest.mark.parametrize(
    "change", [lambda c: "", lambda c: c[:-3], lambda c: c + "1", lambda c: "é" + c, lambda c: "~" + c]
)
def test_runs_that_do_not_cover_the_image_are_refused(change):
    counts = encode_mask(np.random.default_rng(3).random((20, 30)) < 0.5)
    with pytest.raises(InputError, match="cover 20x30"):
        decode_mask(change(counts), 20, 30)


def test_runs_of_another_image_size_are_refused():
    with pytest.raises(InputError, match="cover 20x31"):
        decode_mask(encode_mask(np.zeros((20, 30), bool)), 20, 31)
