import math

import pytest
import torch

from graspbook.don.losses import far_from, match_loss, non_match_loss, nt_xent


def descriptors(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def naive_nt_xent(a, b, temperature):
    """Equation (1), term by term."""
    everything = [*a.tolist(), *b.tolist()]
    n = len(a)

    def similarity(x, y):
        dot = sum(p * q for p, q in zip(x, y, strict=True))
        return dot / math.sqrt(sum(p * p for p in x)) / math.sqrt(sum(q * q for q in y))

    total = 0.0
    for i, d in enumerate(everything):
        j = (i + n) % (2 * n)
        below = sum(math.exp(similarity(d, everything[k]) / temperature) for k in range(2 * n) if k != i)
        total -= math.log(math.exp(similarity(d, everything[j]) / temperature) / below)
    return total / (2 * n)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize("count", [1, 2, 9])
def test_nt_xent_is_equation_1(count, temperature):
    a, b = descriptors(count, 5, seed=count), descriptors(count, 5, seed=count + 100)
    assert nt_xent(a, b, temperature).item() == pytest.approx(naive_nt_xent(a, b, temperature), rel=1e-9, abs=1e-12)


def test_nt_xent_of_a_single_pair_is_zero_since_nothing_is_negative():
    assert nt_xent(descriptors(1, 4), descriptors(1, 4, seed=1), 0.1).item() == pytest.approx(0, abs=1e-12)


def test_nt_xent_sees_directions_alone_and_either_view_first():
    a, b = descriptors(6, 4), descriptors(6, 4, seed=1)
    loss = nt_xent(a, b, 0.1).item()
    assert nt_xent(3 * a, 0.2 * b, 0.1).item() == pytest.approx(loss)
    assert nt_xent(b, a, 0.1).item() == pytest.approx(loss)


def test_nt_xent_has_a_gradient_that_separates():
    a, b = descriptors(6, 4).requires_grad_(), descriptors(6, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: nt_xent(a, b, 0.3), (a, b))


def naive_non_match(a, others, counted, margin):
    total, hard = 0.0, 0
    for d, candidates, keep in zip(a.tolist(), others.tolist(), counted.tolist(), strict=True):
        for other, kept in zip(candidates, keep, strict=True):
            distance = math.sqrt(sum((p - q) ** 2 for p, q in zip(d, other, strict=True)))
            if kept and distance < margin:
                total, hard = total + (margin - distance) ** 2, hard + 1
    return total / max(hard, 1)


def test_the_non_match_loss_is_a_squared_hinge_over_hard_negatives():
    a, others = descriptors(7, 3), descriptors(7, 5, 3, seed=1)
    counted = torch.rand(7, 5, generator=torch.Generator().manual_seed(2)) < 0.7
    for margin in (0.5, 1.5, 4.0):
        found = non_match_loss(a, others, counted, margin).item()
        assert found == pytest.approx(naive_non_match(a, others, counted, margin), rel=1e-6)
        assert found > 0 or margin == 0.5


def test_non_matches_beyond_the_margin_cost_nothing_and_equal_ones_have_a_finite_gradient():
    a = torch.zeros(2, 3, requires_grad=True)
    far, same, everything = torch.full((2, 4, 3), 9.0), torch.zeros(2, 4, 3), torch.ones(2, 4, dtype=torch.bool)
    assert non_match_loss(a, far, everything, 0.5).item() == 0
    loss = non_match_loss(a, same, everything, 0.5)
    loss.backward()
    assert loss.item() == pytest.approx(0.25, abs=1e-3) and torch.isfinite(a.grad).all()


def test_the_match_loss_is_the_mean_squared_distance():
    a, b = descriptors(4, 3), descriptors(4, 3, seed=1)
    naive = sum(
        sum((p - q) ** 2 for p, q in zip(x, y, strict=True)) for x, y in zip(a.tolist(), b.tolist(), strict=True)
    )
    assert match_loss(a, b).item() == pytest.approx(naive / 4)
    assert match_loss(a, a).item() == 0


def test_pixels_nearer_than_the_radius_are_no_non_matches():
    match = torch.tensor([[10.0, 10.0]])
    pixels = torch.tensor([[[10.0, 10.0], [13.0, 13.0], [14.0, 10.0], [10.0, 5.9]]])
    assert far_from(match, pixels, 4.0).tolist() == [[False, True, True, True]]


def test_matches_in_groups_share_their_non_matches():
    a, others = descriptors(6, 3), descriptors(2, 4, 3, seed=1)
    counted = torch.rand(6, 4, generator=torch.Generator().manual_seed(2)) < 0.7
    each = others.repeat_interleave(3, 0)
    assert non_match_loss(a, others, counted, 2.0) == pytest.approx(naive_non_match(a, each, counted, 2.0), rel=1e-6)
    match, pixels = torch.rand(6, 2) * 9, torch.rand(2, 4, 2) * 9
    assert (far_from(match, pixels, 3.0) == far_from(match, pixels.repeat_interleave(3, 0), 3.0)).all()


def test_further_negatives_join_the_sum_and_are_pushed_away():
    a, b, table = descriptors(4, 3), descriptors(4, 3, seed=1), descriptors(5, 3, seed=2)
    unit = torch.nn.functional.normalize(torch.cat([a, b]), dim=1)
    away = torch.nn.functional.normalize(table, dim=1)
    total = 0.0
    for i in range(8):
        terms = [math.exp(float(unit[i] @ unit[k]) / 0.5) for k in range(8) if k != i]
        terms += [math.exp(float(unit[i] @ other) / 0.5) for other in away]
        total -= float(unit[i] @ unit[(i + 4) % 8]) / 0.5 - math.log(sum(terms))
    assert nt_xent(a, b, 0.5, table).item() == pytest.approx(total / 8)
