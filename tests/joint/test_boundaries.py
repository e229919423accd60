import numpy as np
import pytest

from graspbook.joint.boundaries import boundary_counts, boundary_score


def slow(found, truth):
    """The same counts, pixel by pixel."""

    def edges(labels):
        height, width = labels.shape
        return {
            (y, x)
            for y in range(height)
            for x in range(width)
            if (x + 1 < width and labels[y, x] != labels[y, x + 1])
            or (y + 1 < height and labels[y, x] != labels[y + 1, x])
        }

    ours, theirs = edges(found), edges(truth)

    def met(one, other):
        return sum(any((y + a, x + b) in other for a in (-1, 0, 1) for b in (-1, 0, 1)) for y, x in one)

    return [len(ours), met(ours, theirs), len(theirs), met(theirs, ours)]


def test_counts_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    for _ in range(5):
        found, truth = (rng.integers(0, 3, (4, 6)).repeat(3, 0).repeat(3, 1) for _ in range(2))
        np.testing.assert_array_equal(boundary_counts(found, truth), slow(found, truth))


def test_a_pixel_off_is_right_and_two_are_not():
    truth = np.zeros((10, 20), int)
    truth[:, 10:] = 1
    scores = [
        boundary_score(boundary_counts(np.roll(truth, by, 1)[:, 3:17], truth[:, 3:17])[None])[0] for by in (0, 1, 2)
    ]
    assert scores == pytest.approx([100, 100, 0])


def test_without_any_outline_there_is_no_score():
    flat = np.zeros((4, 4), int)
    assert np.isnan(boundary_score(boundary_counts(flat, flat)[None])[0])
    split = flat.copy()
    split[:, 2:] = 1
    assert boundary_score(boundary_counts(split, flat)[None])[0] == 0
