import itertools

import numpy as np
import pandas as pd
import pytest
from graspbook.reporting.statistics import bootstrap, bootstrap_weights, interval, permutation_test

from graspbook.core.errors import InputError


def test_the_interval_equals_the_sorted_replicates():
    values = np.random.default_rng(1).normal(size=(3, 1000))
    low, high = interval(values)
    ordered = np.sort(values, axis=1)
    np.testing.assert_array_equal(low, ordered[:, int(0.025 * 999)])
    np.testing.assert_array_equal(high, ordered[:, int(np.ceil(0.975 * 999))])


def test_the_interval_holds_95_percent_and_of_one_replicate_only_itself():
    values = np.random.default_rng(1).normal(size=1000)
    low, high = interval(values)
    assert 0.94 < ((low <= values) & (values <= high)).mean() < 0.96
    assert interval(np.array([3.0])) == (3.0, 3.0)


def test_missing_replicates_widen_the_interval_and_never_narrow_it():
    values = np.arange(100.0)
    one, many, none = values.copy(), values.copy(), np.full(100, np.nan)
    one[50], many[:10] = np.nan, np.nan
    assert interval(one)[0] <= interval(values)[0]
    assert interval(one)[1] >= interval(values)[1]
    assert interval(many) == (-np.inf, np.inf)
    assert np.isnan(interval(none)).all()


def drawn(n_groups, replicates, seed):
    return np.random.default_rng(seed).multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=replicates)


@pytest.mark.parametrize("groups", [["b", "a", "b", "c", "a", "b"], [7, 7, 3, 3, 9, 9], [0, 1, 2, 3, 4, 5]])
def test_an_item_counts_as_often_as_its_group_is_drawn(groups):
    weights = bootstrap_weights(np.array(groups), 8, np.random.default_rng(3))
    order = list(dict.fromkeys(groups))  # as they first appear
    draws = drawn(len(order), 8, 3)
    for replicate, item in itertools.product(range(8), range(len(groups))):
        assert weights[replicate, item] == draws[replicate, order.index(groups[item])]
    assert weights.dtype == np.float64
    first = [groups.index(group) for group in order]
    assert (weights[:, first].sum(1) == len(order)).all()


def mean_of(values):
    return lambda weights: {"mean": weights @ values / weights.sum(1)}


def test_replicates_are_means_over_the_drawn_groups_and_the_same_groups_for_all_methods():
    rng = np.random.default_rng(0)
    groups = np.repeat([4, 2, 9, 1], [3, 1, 5, 2])
    values = {"first": rng.normal(size=11), "second": rng.normal(size=11)}
    point, replicates = bootstrap(
        {name: mean_of(of_items) for name, of_items in values.items()}, groups, 20, np.random.default_rng(5)
    )
    assert point["method"].tolist() == ["first", "second"]
    assert point["mean"].tolist() == pytest.approx([of_items.mean() for of_items in values.values()])
    assert replicates["method"].tolist() == ["first"] * 20 + ["second"] * 20
    draws = drawn(4, 20, 5)
    for name, replicate in itertools.product(values, range(20)):
        taken = []
        for group, times in zip([4, 2, 9, 1], draws[replicate], strict=True):
            taken += times * values[name][groups == group].tolist()
        row = replicates[(replicates["method"] == name) & (replicates["replicate"] == replicate)]
        assert row["mean"].tolist() == pytest.approx([np.mean(taken)])


def test_like_items_in_groups_widen_the_interval():
    values = np.repeat(np.random.default_rng(0).normal(size=20), 10)
    spread = [
        bootstrap({"a": mean_of(values)}, groups, 400, np.random.default_rng(1))[1]["mean"].std()
        for groups in (np.arange(200), np.repeat(np.arange(20), 10))
    ]
    assert spread[1] > 2.5 * spread[0]


def test_nothing_to_resample_is_refused():
    with pytest.raises(InputError, match="got 0 and 3"):
        bootstrap({}, np.arange(3), 5, np.random.default_rng(0))
    with pytest.raises(InputError, match="got 1 and 0"):
        bootstrap({"a": mean_of(np.zeros(0))}, np.arange(0), 5, np.random.default_rng(0))


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


def test_replicates_are_a_tidy_frame():
    point, replicates = bootstrap({"a": mean_of(np.arange(3.0))}, np.arange(3), 4, np.random.default_rng(0))
    assert list(point) == ["method", "mean"]
    assert list(replicates) == ["replicate", "method", "mean"]
    pd.testing.assert_index_equal(replicates.index, pd.RangeIndex(4))
