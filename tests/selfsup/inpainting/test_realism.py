from dataclasses import replace

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.selfsup.inpainting.realism import (
    Patches,
    accuracy_and_auc,
    draw_patches,
    outline_patches,
    two_sample_test,
)
from tests.conftest import standard

SELFSUP = standard("selfsup")
QUICK = replace(SELFSUP.inpaint.realism, seed=0, side=8, steps=40, batch_size=32, replicates=100)


def patches(n, seed, shift=0):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(40, 160, (n, 8, 8, 3)) + shift
    return Patches(pixels.astype(np.uint8), rng.integers(0, 12, n))


@pytest.mark.parametrize("seed", range(4))
def test_accuracy_and_auc_agree_with_loops_over_repeated_patches(seed):
    rng = np.random.default_rng(seed)
    real, other = rng.integers(-3, 4, 9) / 2, rng.integers(-3, 5, 7) / 2  # with ties
    of_real, of_other = rng.integers(0, 3, 9), rng.integers(0, 3, 7)
    weights = rng.integers(0, 3, (5, 3)) + 1
    accuracy, auc = accuracy_and_auc(real, other, of_real, of_other, weights)
    for row, weight in enumerate(weights):
        reals = [s for s, g in zip(real, of_real, strict=True) for _ in range(weight[g])]
        others = [s for s, g in zip(other, of_other, strict=True) for _ in range(weight[g])]
        wins = [(b > a) + 0.5 * (b == a) for a in reals for b in others]
        assert auc[row] == pytest.approx(np.mean(wins))
        right = (np.mean([s <= 0 for s in reals]) + np.mean([s > 0 for s in others])) / 2
        assert accuracy[row] == pytest.approx(right)


def test_a_kind_without_weight_has_no_value():
    accuracy, auc = accuracy_and_auc(
        np.array([0.0]), np.array([1.0]), np.array([0]), np.array([1]), np.array([[1, 0], [1, 1]])
    )
    assert np.isnan([accuracy[0], auc[0]]).all() and accuracy[1] == auc[1] == 1


def test_different_patches_are_told_apart_and_equal_ones_are_not():
    apart = two_sample_test(patches(300, 0), patches(300, 1, shift=60), QUICK)
    assert apart.auc > 0.95 and apart.accuracy > 0.9
    alike = two_sample_test(patches(300, 0), patches(300, 1), QUICK)
    assert 0.35 < alike.auc < 0.65
    assert alike.auc_interval[0] < alike.auc < alike.auc_interval[1]


def test_the_test_is_the_same_twice():
    assert two_sample_test(patches(80, 0), patches(80, 1), QUICK) == two_sample_test(
        patches(80, 0), patches(80, 1), QUICK
    )


def test_one_bin_cannot_be_split():
    one = Patches(patches(20, 0).pixels, np.zeros(20, np.int64))
    with pytest.raises(InputError, match="two bins"):
        two_sample_test(one, one, QUICK)
    with pytest.raises(InputError, match="too few"):
        two_sample_test(patches(20, 0), Patches(one.pixels[:0], one.bins[:0]), QUICK)


def test_patches_lie_on_outlines_and_know_their_bin(flat_discs):
    data = flat_discs(8)
    lines = np.zeros_like(data.masks)
    lines[2, 10, 10:20] = True
    found, places = draw_patches(data.images, lines, data.bins + 5, QUICK, np.random.default_rng(0))
    assert len(found) == len(places) == QUICK.per_image
    assert (found.bins == 7).all() and all(lines[index][tuple(at)] for index, at in places)
    assert len({tuple(at) for _, at in places}) == QUICK.per_image


def test_an_inpainter_that_changes_nothing_leaves_the_patches_alone(flat_discs):
    calls = []

    def same(images, masks, generator):
        calls.append(masks.any())
        return images.copy()

    kinds = outline_patches(flat_discs(8), same, 1, SELFSUP.pasting, QUICK)
    assert list(kinds) == ["real", "real, inpainted", "pasted", "pasted, inpainted"]
    for kind in ("real", "pasted"):
        np.testing.assert_array_equal(kinds[kind].pixels, kinds[f"{kind}, inpainted"].pixels)
        assert len(kinds[kind]) > 0
    assert calls and all(calls)
