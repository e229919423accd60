import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.data.grasps import GraspDataset
from graspbook.data.writer import write_grasps
from graspbook.selfsup.inpainting.outlined import OutlinedImages, around, band, load_outlined, outline, random_band
from graspbook.selfsup.pasting.bank import collect_objects
from graspbook.selfsup.pasting.sources import FoundMasks


class TrueMasks:
    """A source that finds the suction mask of every grasp but the second."""

    def __init__(self):
        self.seen = 0

    def key(self):
        return "true"

    def find(self, before, after, suction):
        kept = suction.any((1, 2)) & (np.arange(self.seen, self.seen + len(suction)) != 1)
        self.seen += len(suction)
        scores = pd.DataFrame(np.nan, range(len(kept)), ["occlusion_ratio", "relative_entropy", "n_contours"])
        return FoundMasks(suction, kept, scores)


def naive_outline(mask):
    height, width = mask.shape
    result = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        near = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
        result[y, x] = any(0 <= a < height and 0 <= b < width and not mask[a, b] for a, b in near)
    return result


def naive_band(mask, dilate):
    result = np.zeros_like(mask)
    for y, x in np.argwhere(naive_outline(mask)):
        result[max(0, y - dilate) : y + dilate + 1, max(0, x - dilate) : x + dilate + 1] = True
    return result


def images(bins, height=20, width=30, seed=0):
    rng = np.random.default_rng(seed)
    n = len(bins)
    masks = np.zeros((n, height, width), bool)
    masks[:, 5:12, 8:20] = True
    return OutlinedImages(rng.integers(0, 256, (n, height, width, 3), np.uint8), masks, np.asarray(bins))


@pytest.mark.parametrize("seed", range(6))
def test_outline_and_band_agree_with_loops(seed):
    mask = np.random.default_rng(seed).random((9, 13)) < (seed + 1) / 7
    np.testing.assert_array_equal(outline(mask), naive_outline(mask))
    for dilate in (1, 2, 3):
        np.testing.assert_array_equal(band(mask, dilate), naive_band(mask, dilate))


def test_neither_nothing_nor_everything_has_an_outline():
    assert not band(np.zeros((5, 7), bool), 1).any()
    assert not band(np.ones((5, 7), bool), 1).any()


def test_random_bands_differ_follow_the_generator_and_stay_bands():
    rng = np.random.default_rng(0)
    bands = [random_band(48, 64, 1, rng) for _ in range(40)]
    assert np.mean([one.any() for one in bands]) > 0.9
    assert all(one.mean() < 0.4 for one in bands)
    np.testing.assert_array_equal(bands[0], random_band(48, 64, 1, np.random.default_rng(0)))
    assert (bands[0] != bands[1]).any()


@pytest.mark.parametrize(("n", "expected"), [(1, [7]), (2, [7]), (3, [3, 7]), (4, [3, 7])])
def test_a_split_takes_whole_bins_from_the_end(n, expected):
    data = images([5, 5, 3, 3, 7, 7])
    others, last = data.split(n)
    assert sorted(set(last.bins.tolist())) == expected
    assert not set(others.bins.tolist()) & set(last.bins.tolist())
    assert len(others) + len(last) == 6


def test_a_split_that_leaves_nothing_to_learn_from_is_refused():
    with pytest.raises(InputError, match="6 images were asked for"):
        images([0, 0, 0, 1, 1, 1]).split(6)


def test_a_crop_is_the_tight_box_of_the_object():
    data = images([0])
    crop = data.crop(0)
    np.testing.assert_array_equal(crop.image, data.images[0, 5:12, 8:20])
    assert crop.mask.shape == (7, 12) and crop.mask.all()
    empty = OutlinedImages(data.images, np.zeros_like(data.masks), data.bins)
    with pytest.raises(InputError, match="no object"):
        empty.crop(0)


def test_a_square_moves_inwards_at_the_edges():
    image = np.arange(20 * 30 * 3).reshape(20, 30, 3).astype(np.uint8)
    for centre in ((0, 0), (19, 29), (10, 15), (0, 29)):
        part, place = around(image, np.array(centre), 8)
        np.testing.assert_array_equal(part, image[place])
        assert part.shape == (8, 8, 3)
        assert all(piece.start <= at < piece.stop for piece, at in zip(place, centre, strict=True))
    with pytest.raises(InputError, match="side: 21"):
        around(image, np.array([0, 0]), 21)


def test_images_and_masks_come_from_the_grasps_and_their_bank(make_grasp, tmp_path):
    write_grasps(tmp_path / "grasps", [make_grasp(number) for number in range(6)])
    grasps = GraspDataset(tmp_path / "grasps")
    bank = collect_objects(TrueMasks(), grasps, tmp_path / "bank.parquet", tmp_path / "scratch", "true")
    data = load_outlined(grasps, bank, 32)
    np.testing.assert_array_equal(data.images, np.stack([sample.before for sample in grasps]))
    expected = np.stack([sample.suction for sample in grasps])
    expected[1] = False
    np.testing.assert_array_equal(data.masks, expected)
    assert data.bins.tolist() == [0, 0, 0, 0, 1, 1]
    half = load_outlined(grasps, bank, 16, limit=3)
    assert half.images.shape == (3, 16, 24, 3) and half.masks.shape == (3, 16, 24)
    with pytest.raises(InputError, match="no object of the grasps"):
        load_outlined(grasps.subset([1]), bank, 32)
    with pytest.raises(InputError, match="no such file"):
        load_outlined(grasps, tmp_path / "none.parquet", 32)
