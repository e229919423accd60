import pytest
import torch
import torch.nn.functional as F

from graspbook.nn.pooling import max_pool_separable


def naive(x, kernel):
    half = kernel // 2
    out = torch.empty_like(x)
    for i in range(x.shape[-2]):
        for j in range(x.shape[-1]):
            window = x[..., max(0, i - half) : i + half + 1, max(0, j - half) : j + half + 1]
            out[..., i, j] = window.amax((-2, -1))
    return out


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kernel", [1, 3, 5, 9, 21])
@pytest.mark.parametrize("size", [(7, 11), (1, 1), (1, 6), (16, 5)])
def test_equals_a_loop_over_windows(size, kernel, dtype):
    x = torch.randn(2, 3, *size, dtype=dtype)
    assert torch.equal(max_pool_separable(x, kernel), naive(x, kernel))


@pytest.mark.parametrize("kernel", [3, 11, 51])
@pytest.mark.parametrize("density", [0.0, 0.001, 0.5, 1.0])
def test_equals_the_direct_form_on_masks(density, kernel):
    x = (torch.rand(2, 2, 64, 96) < density).float()
    assert torch.equal(max_pool_separable(x, kernel), F.max_pool2d(x, kernel, 1, kernel // 2))


def test_ties_and_negative_values_keep_the_direct_form():
    x = -torch.ones(1, 1, 9, 9)
    assert torch.equal(max_pool_separable(x, 5), x)


@pytest.mark.parametrize("kernel", [0, -1, 2, 10])
def test_refuses_windows_without_a_centre(kernel):
    with pytest.raises(ValueError, match="odd"):
        max_pool_separable(torch.zeros(1, 1, 4, 4), kernel)
