"""Cross-entropy and Dice loss of masks."""

import math

import pytest
import torch

from graspbook.nn.mask_loss import mask_losses


def plain(logits, wanted):
    """Both losses, one point after the other."""
    entropies, dice = [], []
    for line, labels in zip(logits.tolist(), wanted.tolist(), strict=True):
        chances = [1 / (1 + math.exp(-value)) for value in line]
        for p, y in zip(chances, labels, strict=True):
            entropies.append(-y * math.log(p) - (1 - y) * math.log(1 - p))
        shared = sum(p * y for p, y in zip(chances, labels, strict=True))
        dice.append(1 - (2 * shared + 1) / (sum(chances) + sum(labels) + 1))
    return sum(entropies) / len(entropies), sum(dice) / len(dice)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 3)])
def test_the_same_as_a_plain_loop(shape):
    generator = torch.Generator().manual_seed(sum(shape))
    logits = 3 * torch.randn(shape, generator=generator)
    wanted = torch.rand(shape, generator=generator)
    wanted[0] = 0  # an empty mask
    entropy, dice = mask_losses(logits, wanted)
    assert (entropy.item(), dice.item()) == pytest.approx(plain(logits, wanted), rel=1e-5)


def test_limits():
    wanted = torch.tensor([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    sure = 100 * (2 * wanted - 1)
    assert [loss.item() for loss in mask_losses(sure, wanted)] == pytest.approx([0, 0], abs=1e-6)
    entropy, dice = mask_losses(-sure, wanted)
    # all wrong: each point costs its logit; Dice is 1 but for the ones added, 1 - 1 / (|p| + |y| + 1)
    assert entropy.item() == pytest.approx(100)
    assert dice.item() == pytest.approx(1 - 1 / 4)


def test_gradients_reach_the_logits():
    logits = torch.zeros(2, 3, requires_grad=True)
    sum(mask_losses(logits, torch.ones(2, 3))).backward()
    assert (logits.grad < 0).all()
