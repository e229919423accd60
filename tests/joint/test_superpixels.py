import math

import cv2
import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.joint import superpixels as s


def picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)


def naive(rgb, k, compactness):
    """The definition as loops over pixels and all centres within k, nearest first among equals."""
    height, width = rgb.shape[:2]
    rows, columns = s.grid_size(height, width, k)
    lab = s.to_lab(torch.from_numpy(rgb)).double().numpy()
    centres = np.zeros((rows, columns, 3))
    for i, j in np.ndindex(rows, columns):
        cell = [lab[:, min(i * k + y, height - 1), min(j * k + x, width - 1)] for y in range(k) for x in range(k)]
        centres[i, j] = np.mean(cell, 0)
    best = np.full((height, width), np.inf)
    for y, x in np.ndindex(height, width):
        for i, j in np.ndindex(rows, columns):
            dy, dx = y - i * k - (k - 1) / 2, x - j * k - (k - 1) / 2
            if not (-k < dy <= k and -k < dx <= k):
                continue
            away = math.dist(lab[:, y, x], centres[i, j]) + compactness / k * math.hypot(dy, dx)
            best[y, x] = min(best[y, x], away)
    return best, centres, lab


@pytest.mark.parametrize(("height", "width", "k"), [(16, 24, 4), (17, 23, 4), (12, 18, 3), (13, 20, 5), (10, 14, 2)])
def test_each_pixel_goes_where_a_naive_loop_finds_the_smallest_distance(height, width, k):
    rgb = picture(height, width)
    labels = s.superpixels(torch.from_numpy(rgb), k).numpy()
    best, centres, lab = naive(rgb, k, s.COMPACTNESS)
    columns = centres.shape[1]
    for y, x in np.ndindex(height, width):
        i, j = divmod(int(labels[y, x]), columns)
        dy, dx = y - i * k - (k - 1) / 2, x - j * k - (k - 1) / 2
        away = math.dist(lab[:, y, x], centres[i, j]) + s.COMPACTNESS / k * math.hypot(dy, dx)
        assert away == pytest.approx(best[y, x], abs=1e-3)


def test_lab_is_opencvs():
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    expected = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    np.testing.assert_allclose(s.to_lab(torch.from_numpy(rgb)).permute(1, 2, 0).numpy(), expected, atol=0.35)


def test_in_a_flat_picture_superpixels_are_the_cells_and_a_line_bends_them():
    flat = torch.full((12, 16, 3), 90, dtype=torch.uint8)
    cells = (torch.arange(12)[:, None] // 4) * 4 + torch.arange(16) // 4
    assert torch.equal(s.superpixels(flat, 4), cells)
    edge = flat.clone()
    edge[:, 6:] = 220  # in the middle of a column of cells
    truth = (torch.arange(16) >= 6).long().expand(12, 16)
    assert s.under_segmentation_error(s.superpixels(edge, 4), truth) < s.under_segmentation_error(cells, truth)


def test_k_1_leaves_everything_as_it_is():
    rgb = torch.from_numpy(picture(7, 9))
    labels = s.superpixels(rgb, 1)
    values = torch.randint(0, 9, (2, 7, 9))
    assert torch.equal(s.spread(s.sample(values, labels, 1), labels), values)
    assert s.under_segmentation_error(labels, values[0]) == 0


@pytest.mark.parametrize("image", [np.zeros((6, 8), np.uint8), np.zeros((6, 8, 1), np.uint16)])
def test_grey_pictures_are_rgb_with_equal_channels(image):
    image[2:4] = 100 if image.dtype == np.uint8 else 100 * 257
    rgb = s.as_rgb(image)
    assert rgb.shape == (6, 8, 3)
    assert rgb.dtype == np.uint8
    assert (rgb[2:4] == 100).all()
    assert s.superpixels(torch.from_numpy(rgb), 2).max() == 11


def test_16_bits_are_taken_at_8():
    rgb = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(s.as_rgb(rgb.astype(np.uint16) * 257), rgb)
    with pytest.raises(InputError, match="float64"):
        s.as_rgb(np.zeros((6, 8)))
    with pytest.raises(InputError, match=r"\[6, 8, 4\]"):
        s.as_rgb(np.zeros((6, 8, 4), np.uint8))


@pytest.mark.parametrize("size", [(16, 24), (15, 22)])
def test_labels_are_taken_at_centres_of_mass(size):
    labels = s.superpixels(torch.from_numpy(picture(*size)), 4)
    rows, columns = s.grid_size(*size, 4)
    values = torch.arange(size[0] * size[1]).view(size)
    found = s.sample(values, labels, 4)
    assert found.shape == (rows, columns)
    for number in range(rows * columns):
        y, x = (labels == number).nonzero().double().T
        if len(y):
            place = round(y.mean().item()) * size[1] + round(x.mean().item())
            assert found.flatten()[number] == place
        else:
            i, j = divmod(number, columns)
            assert found[i, j] == min(4 * i + 2, size[0] - 1) * size[1] + min(4 * j + 2, size[1] - 1)


def test_spread_is_one_to_many():
    labels = torch.tensor([[0, 0, 1], [2, 3, 3]])
    grid = torch.tensor([[[5, 6], [7, 8]]])
    assert s.spread(grid, labels).tolist() == [[[5, 5, 6], [7, 8, 8]]]


def test_under_segmentation_and_boundary_recall_are_what_loops_find():
    rng = np.random.default_rng(1)
    labels, truth = (torch.from_numpy(rng.integers(0, n, (9, 11))) for n in (6, 3))
    lost = sum((labels == a).sum() - max(((labels == a) & (truth == b)).sum() for b in range(3)) for a in range(6))
    assert s.under_segmentation_error(labels, truth) == pytest.approx(float(lost) / 99)
    wanted, found = s.boundary(truth), s.boundary(labels)
    hits = [found[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].any().item() for y, x in wanted.nonzero().tolist()]
    assert s.boundary_recall(labels, truth) == pytest.approx(np.mean(hits))
    assert s.boundary_recall(labels, torch.zeros(9, 11, dtype=torch.int64)) == 1


def test_a_k_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="k: expected 1 to 4"):
        s.superpixels(torch.zeros(4, 8, 3, dtype=torch.uint8), 5)
