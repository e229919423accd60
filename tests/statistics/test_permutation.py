import itertools

import numpy as np
import pytest

from graspbook.statistics.intervals import interval
from graspbook.statistics.permutation import permutation_test


def exact(trials, events):
    """Share of all ways of swapping groups whose difference is at least as large; and the difference itself."""

    def difference(swaps):
        sums = np.zeros((2, 2))
        for group, swap in enumerate(swaps):
            for method in (0, 1):
                sums[method ^ swap] += trials[method][group], events[method][group]
        return 100 * (sums[0, 1] / sums[0, 0] - sums[1, 1] / sums[1, 0])

    ways = list(itertools.product((0, 1), repeat=len(trials[0])))
    observed = difference(ways[0])
    return np.mean([abs(difference(way)) >= abs(observed) - 1e-9 for way in ways]), observed


@pytest.mark.parametrize(
    ("trials", "events"),
    [
        ([[5] * 6, [5] * 6], [[3, 2, 4, 1, 2, 3], [0, 1, 1, 1, 0, 2]]),
        ([[5] * 6, [5] * 6], [[1, 0, 2, 1, 3, 0], [0, 1, 1, 2, 2, 1]]),
        ([[2, 5, 4, 6], [6, 3, 4, 1]], [[2, 1, 3, 0], [0, 2, 1, 0]]),
    ],
)
def test_the_test_agrees_with_trying_all_ways_of_swapping(trials, events):
    p_value, observed = exact(trials, events)
    result = permutation_test(np.array(trials), np.array(events), 20000, np.random.default_rng(0))
    assert result.difference == pytest.approx(observed)
    assert result.p_value == pytest.approx(p_value, abs=0.012)
    assert result.low <= result.difference <= result.high


def test_the_interval_of_the_test_is_that_of_a_loop_over_the_drawn_groups():
    trials, events = np.array([[4, 2, 5], [3, 3, 3]]), np.array([[1, 0, 4], [2, 1, 0]])
    result = permutation_test(trials, events, 200, np.random.default_rng(8))
    rng = np.random.default_rng(8)
    rng.integers(0, 2, (200, 3))  # the swaps come first
    differences = []
    for draw in rng.multinomial(3, np.full(3, 1 / 3), size=200):
        rates = [100 * sum(draw * events[m]) / sum(draw * trials[m]) for m in (0, 1)]
        differences.append(rates[0] - rates[1])
    assert (result.low, result.high) == pytest.approx([float(end) for end in interval(np.array(differences))])


def test_equal_methods_do_not_differ_and_the_smallest_p_value_is_not_zero():
    five = np.full((2, 30), 5)
    same = permutation_test(five, np.full((2, 30), 2), 99, np.random.default_rng(0))
    assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1)
    unlike = permutation_test(five, np.stack([five[0], 0 * five[0]]), 99, np.random.default_rng(0))
    assert unlike.p_value == pytest.approx(0.01)
