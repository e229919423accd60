import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from graspbook.core.errors import InputError
from graspbook.instances.set_loss import robust_target


def cross_entropy(logits, mask):
    return float(F.binary_cross_entropy_with_logits(logits.double(), mask.double(), reduction="sum"))


def intersection_over_union(one, other):
    return int((one & other).sum()) / int((one | other).sum())


def least_cross_entropy(logits, target, margin):
    """By trying every mask."""
    best = np.inf
    for pixels in itertools.product([False, True], repeat=len(target)):
        mask = torch.tensor(pixels)
        if intersection_over_union(mask, target) >= margin - 1e-6:
            best = min(best, cross_entropy(logits, mask))
    return best


@pytest.mark.parametrize("margin", [0.3, 0.5, 0.7, 0.9])
def test_is_as_good_as_the_best_of_all_masks(margin):
    rng = np.random.default_rng(int(10 * margin))
    for _ in range(15):
        logits = torch.from_numpy(rng.normal(0, 3, 9)).float()
        target = torch.from_numpy(rng.random(9) < rng.uniform(0.2, 0.9))
        if not target.any():
            continue
        found = robust_target(logits, target, margin)
        assert intersection_over_union(found, target) >= margin - 1e-6
        assert cross_entropy(logits, found) == pytest.approx(least_cross_entropy(logits, target, margin), rel=1e-6)


def test_ties_and_undecided_pixels_are_no_worse_than_the_best_mask():
    rng = np.random.default_rng(4)
    for _ in range(15):
        logits = torch.from_numpy(rng.integers(-1, 2, 9)).float()  # -1, 0 and 1, many of each
        target = torch.from_numpy(rng.random(9) < 0.5) | (torch.arange(9) == 0)
        found = robust_target(logits, target, 0.6)
        assert cross_entropy(logits, found) == pytest.approx(least_cross_entropy(logits, target, 0.6), rel=1e-6)


def test_a_batch_is_solved_mask_by_mask():
    rng = np.random.default_rng(5)
    logits = torch.from_numpy(rng.normal(0, 2, (4, 3, 60))).float()
    target = torch.from_numpy(rng.random((4, 3, 60)) < rng.uniform(0, 1, (4, 3, 1)))
    whole = robust_target(logits, target, 0.7)
    for i, k in itertools.product(range(4), range(3)):
        assert torch.equal(whole[i, k], robust_target(logits[i, k], target[i, k], 0.7))


def test_a_prediction_within_the_margin_is_its_own_target():
    target = torch.zeros(100, dtype=torch.bool)
    target[:50] = True
    predicted = target.clone()
    predicted[:5] = False
    predicted[50:55] = True
    found = robust_target(torch.where(predicted, 2.0, -2.0), target, 0.7)
    assert torch.equal(found, predicted)


def test_exactly_as_much_may_change_as_the_margin_allows():
    target = torch.arange(20) < 10
    everything = robust_target(torch.full((20,), 3.0), target, 0.5)
    nothing = robust_target(torch.full((20,), -3.0), target, 0.7)
    assert everything.sum() == 20  # 10 / 20 = 0.5
    assert nothing.sum() == 7  # 7 / 10 = 0.7, which is no binary fraction


@pytest.mark.parametrize("margin", [0.1, 0.3, 0.5, 0.55, 0.6, 0.7, 0.9])
def test_as_much_may_change_in_masks_of_every_size(margin):
    """n pixels may grow to the floor of n / margin, and shrink to the ceiling of n * margin, as decimal fractions."""
    least = Fraction(str(margin))
    sizes = torch.arange(1, 200)
    target = torch.arange(2000) < sizes[:, None]
    grown = robust_target(torch.full(target.shape, 3.0), target, margin).sum(1)
    shrunk = robust_target(torch.full(target.shape, -3.0), target, margin).sum(1)
    assert grown.tolist() == [math.floor(int(n) / least) for n in sizes]
    assert shrunk.tolist() == [math.ceil(int(n) * least) for n in sizes]


def test_a_margin_of_one_leaves_the_target_alone():
    rng = np.random.default_rng(6)
    target = torch.from_numpy(rng.random((5, 30)) < 0.5)
    assert torch.equal(robust_target(torch.from_numpy(rng.normal(0, 5, (5, 30))), target, 1.0), target)


def test_an_empty_target_stays_empty_also_beside_others():
    logits = torch.full((2, 10), 4.0)
    target = torch.stack([torch.zeros(10, dtype=torch.bool), torch.arange(10) < 8])
    found = robust_target(logits, target, 0.7)
    assert not found[0].any()
    assert found[1].all()
    assert not robust_target(logits[:1], target[:1], 0.7).any()


def test_one_pixel_cannot_be_given_up():
    assert robust_target(torch.tensor([-9.0]), torch.tensor([True]), 0.7).all()


def test_no_mask_at_all_gives_none():
    assert robust_target(torch.zeros(0, 12), torch.zeros(0, 12, dtype=torch.bool), 0.7).shape == (0, 12)


def test_unusable_input_is_refused():
    with pytest.raises(InputError, match="shape"):
        robust_target(torch.zeros(3), torch.zeros(4, dtype=torch.bool), 0.7)
    with pytest.raises(InputError, match="margin"):
        robust_target(torch.zeros(3), torch.zeros(3, dtype=torch.bool), 0.0)
