import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.selfsup.grasp_segmentation.metrics import iou
from graspbook.selfsup.instance_segmentation.student import SIDE, align, student_masks, train_student


def discs(n, shift=0, seed=0):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    places = rng.uniform(12, 20, (n, 2)), rng.uniform(5, 8, n)
    return torch.from_numpy(
        np.stack([(rows - y) ** 2 + (columns - x - shift) ** 2 < r**2 for (y, x), r in zip(*places, strict=True)])
    )


def test_both_masks_are_cut_by_the_same_square():
    truth, label = np.zeros((60, 90), bool), np.zeros((60, 90), bool)
    truth[0:12, 70:90], label[2:14, 68:88] = True, True  # at the image's edge
    seen, told = align(truth, label)
    assert seen.shape == told.shape == (SIDE, SIDE)
    # the square is as wide as both masks and the frame together: 22 + 8 pixels
    assert seen.sum() / SIDE**2 == pytest.approx(12 * 20 / 30**2, rel=0.1)
    union, both = (truth | label).sum(), (truth & label).sum()
    assert (seen & told).sum() / (seen | told).sum() == pytest.approx(both / union, abs=0.05)
    rows = np.flatnonzero(seen.any(1))
    assert rows[0] < np.flatnonzero(told.any(1))[0], "what is higher in the image is higher in the square"


def test_a_square_is_never_larger_than_needed_for_one_pixel():
    truth = np.zeros((20, 20), bool)
    truth[3, 4] = True
    seen, told = align(truth, truth)
    assert seen.any() and np.array_equal(seen, told)


@pytest.mark.slow
def test_true_labels_make_a_student_that_hands_on_what_it_sees():
    truth = discs(64)
    student = train_student(truth, truth, 1.0, 150, 0)
    new = discs(16, seed=1)
    assert iou(student_masks(student, new).numpy(), new.numpy()).mean() > 0.95


@pytest.mark.slow
def test_the_plain_loss_teaches_a_shift_and_a_wide_margin_only_part_of_it():
    truth, labels = discs(64), discs(64, shift=3)
    kept = {
        m: iou(student_masks(train_student(truth, labels, m, 150, 0), truth).numpy(), labels.numpy()).mean()
        for m in (1.0, 0.5)
    }
    assert kept[1.0] > 0.9
    assert kept[0.5] < kept[1.0] - 0.1


def test_a_seed_settles_everything_and_leaves_the_global_generator_alone():
    truth, before = discs(8), torch.random.get_rng_state()
    first, second, other = (train_student(truth, truth, 0.7, 2, seed)[0].weight for seed in (1, 1, 2))
    assert torch.equal(first, second) and not torch.equal(first, other)
    assert torch.equal(before, torch.random.get_rng_state())


def test_bad_input():
    with pytest.raises(InputError, match="at least one picture"):
        train_student(discs(2)[:0], discs(2)[:0], 0.7, 1, 0)
    with pytest.raises(InputError, match="expected \\[2, 32, 32\\]"):
        train_student(discs(2), discs(3), 0.7, 1, 0)
    with pytest.raises(InputError, match="margin"):
        train_student(discs(2), discs(2), 0.0, 1, 0)
    with pytest.raises(InputError, match="not empty"):
        align(np.zeros((4, 4), bool), np.zeros((4, 4), bool))
