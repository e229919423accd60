import math

import pytest
import torch

from graspbook.nn.pooling import max_pool_separable
from graspbook.selfsup.grasp_segmentation.loss import KERNELS, grasp_segmentation_loss, pixel_weights
from graspbook.selfsup.pixels import scaled_kernel


def window_maximum(mask, kernel):
    half = kernel // 2
    height, width = len(mask), len(mask[0])
    return [
        [
            max(
                mask[y][x]
                for y in range(max(0, i - half), min(height, i + half + 1))
                for x in range(max(0, j - half), min(width, j + half + 1))
            )
            for j in range(width)
        ]
        for i in range(height)
    ]


def naive(logits, masks, normalise):
    """Equations (1) and (2), one pixel at a time, in Python's floats."""
    total = 0.0
    for grasp in range(logits.shape[0]):
        for channel in range(logits.shape[1]):
            m = masks[grasp, channel].tolist()
            rows, columns = range(len(m)), range(len(m[0]))
            weights = [m, [[1 - m[i][j] for j in columns] for i in rows]]
            weights += [window_maximum(m, scaled_kernel(kernel, len(m))) for kernel in KERNELS]
            for w in weights:
                n = len(m) * len(m[0]) if normalise == "pixels" else max(1, sum(map(sum, w)))
                for i in rows:
                    for j in columns:
                        p = 1 / (1 + math.exp(-logits[grasp, channel, i, j].item()))
                        total -= w[i][j] / n * (m[i][j] * math.log(p) + (1 - m[i][j]) * math.log(1 - p))
    return total / len(logits)


def masks_of(kind, size, dtype):
    masks = torch.zeros(2, 2, *size, dtype=dtype)
    if kind == "full":
        masks += 1
    elif kind == "one pixel":
        masks[..., size[0] // 2, size[1] - 1] = 1
    elif kind == "random":
        masks = (torch.rand(2, 2, *size) < 0.3).to(dtype)
    elif kind == "mixed":
        masks[0, 0] = 1
        masks[1, 1, :2, :3] = 1
    return masks


@pytest.mark.slow
@pytest.mark.parametrize("normalise", ["pixels", "weight"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["empty", "full", "one pixel", "random", "mixed"])
@pytest.mark.parametrize("size", [(12, 18), (1, 1), (40, 5)])
def test_equals_a_loop_over_pixels(size, kind, dtype, normalise):
    torch.manual_seed(0)
    logits, masks = torch.randn(2, 2, *size, dtype=dtype), masks_of(kind, size, dtype)
    ours = grasp_segmentation_loss(logits, masks, normalise)
    assert ours.dtype == dtype
    assert ours.item() == pytest.approx(naive(logits, masks, normalise), rel=1e-5)


@pytest.mark.parametrize("normalise", ["pixels", "weight"])
def test_gradient_is_right(normalise):
    logits = torch.randn(1, 2, 4, 6, dtype=torch.float64, requires_grad=True)
    masks = masks_of("random", (4, 6), torch.float64)[:1]
    assert torch.autograd.gradcheck(lambda x: grasp_segmentation_loss(x, masks, normalise), logits)


@pytest.mark.parametrize("normalise", ["pixels", "weight"])
def test_stays_finite_for_certain_and_wrong_predictions(normalise):
    masks = masks_of("mixed", (8, 12), torch.float32)
    logits = (1e4 * (1 - 2 * masks)).requires_grad_()
    loss = grasp_segmentation_loss(logits, masks, normalise)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("normalise", ["pixels", "weight"])
def test_vanishes_for_certain_and_right_predictions(normalise):
    masks = masks_of("mixed", (8, 12), torch.float32)
    assert grasp_segmentation_loss(200 * masks - 100, masks, normalise).item() == pytest.approx(0, abs=1e-6)


def test_sign_is_the_one_to_minimise():
    masks = masks_of("random", (8, 12), torch.float32)
    right, wrong = 2 * masks - 1, 1 - 2 * masks
    assert 0 < grasp_segmentation_loss(right, masks) < grasp_segmentation_loss(wrong, masks)


def test_printed_normalisation_weighs_the_object_six_minus_one_times_the_far_background():
    masks = torch.zeros(1, 1, 101, 101)
    masks[..., 50, 50] = 1
    weights = pixel_weights(masks, (3, 5, 7, 9), "pixels") * 101 * 101
    assert weights[0, 0, 50, 50] == pytest.approx(5)  # m and four enlarged masks; 1 - m is 0 there
    assert weights[0, 0, 50, 51] == pytest.approx(5)  # 1 - m and four enlarged masks
    assert weights[0, 0, 50, 52] == pytest.approx(4)
    assert weights[0, 0, 0, 0] == pytest.approx(1)


def test_printed_normalisation_weighs_both_sides_of_the_outline_alike_and_the_other_does_not():
    masks = torch.zeros(1, 1, 64, 96)
    masks[..., 20:40, 30:60] = 1
    inside, outside = (30, 30), (30, 29)
    printed, balanced = (pixel_weights(masks, (3, 5, 7, 9), n)[0, 0] for n in ("pixels", "weight"))
    assert printed[inside] == printed[outside]
    assert balanced[inside] > 1.2 * balanced[outside]


def test_weight_normalisation_balances_object_and_background_whatever_the_size():
    for side in (1, 10, 60):
        masks = torch.zeros(1, 1, 64, 96)
        masks[..., :side, :side] = 1
        weights = pixel_weights(masks, (), "weight")
        assert (weights * masks).sum().item() == pytest.approx(1, rel=1e-5)
        assert (weights * (1 - masks)).sum().item() == pytest.approx(1, rel=1e-5)


def test_enlarged_masks_equal_the_direct_max_pooling_at_the_papers_size():
    masks = torch.zeros(1, 1, 640, 960)
    masks[..., 300:340, 500:580] = 1
    for kernel in (11, 21):
        direct = torch.nn.functional.max_pool2d(masks, kernel, 1, kernel // 2)
        assert torch.equal(max_pool_separable(masks, scaled_kernel(kernel, 640)), direct)
