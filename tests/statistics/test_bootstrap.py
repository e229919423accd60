import itertools

import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.statistics.bootstrap import bootstrap, bootstrap_weights


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
        {name: [mean_of(of_items)] for name, of_items in values.items()}, groups, 20, np.random.default_rng(5)
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
        bootstrap({"a": [mean_of(values)]}, groups, 400, np.random.default_rng(1))[1]["mean"].std()
        for groups in (np.arange(200), np.repeat(np.arange(20), 10))
    ]
    assert spread[1] > 2.5 * spread[0]


def test_nothing_to_resample_is_refused():
    one = [mean_of(np.zeros(3))]
    for rows, items in (({}, 3), ({"a": one}, 0), ({"a": one, "b": []}, 3)):
        with pytest.raises(InputError, match=f"got {len(rows)} rows and {items} items"):
            bootstrap(rows, np.arange(items), 5, 0)


def bootstrap_reference(rows, groups, replicates, seed, paired):
    """Replicates by loops over replicates, rows, drawn trainings and drawn groups; a statistic is a mean of items."""
    rng, names = np.random.default_rng(seed), list(dict.fromkeys(groups))
    group_draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    found = {}
    for row, trainings in rows.items():
        n = len(trainings)
        of_trainings = np.random.default_rng([seed, n]) if paired else rng
        training_draws = of_trainings.multinomial(n, np.full(n, 1 / n), size=replicates)
        for replicate in range(replicates):
            means = []
            for values, times in zip(trainings, training_draws[replicate], strict=True):
                taken = []
                for value, group in zip(values, groups, strict=True):
                    taken += [value] * group_draws[replicate, names.index(group)]
                means += [np.mean(taken)] * times
            found[row, replicate] = np.mean(means)
    return found


@pytest.mark.parametrize("paired", [False, True])
def test_replicates_equal_loops_over_drawn_groups_and_trainings(paired):
    rng, groups = np.random.default_rng(2), list("ccabbbad")
    rows = {name: [rng.normal(size=8) for _ in range(n)] for name, n in (("b", 3), ("once", 1), ("a", 3), ("c", 2))}
    statistics = {name: [mean_of(values) for values in trainings] for name, trainings in rows.items()}
    point, replicates = bootstrap(statistics, groups, 25, 9, pair_trainings=paired)
    assert point["method"].tolist() == list(rows)
    assert point["mean"].tolist() == pytest.approx([np.mean(trainings) for trainings in rows.values()])
    found = replicates.set_index(["method", "replicate"])["mean"].to_dict()
    assert found == pytest.approx(bootstrap_reference(rows, groups, 25, 9, paired))


def test_paired_rows_that_were_trained_equally_often_draw_the_same_trainings():
    rows = {name: [mean_of(np.full(4, value)) for value in (1.0, 5.0)] for name in "ab"}
    for paired in (False, True):
        wide = bootstrap(rows, np.arange(4), 50, 0, paired)[1].pivot(index="replicate", columns="method", values="mean")
        assert (wide["a"] == wide["b"]).all() == paired and wide["a"].nunique() == 3


def test_pairing_needs_a_seed():
    with pytest.raises(InputError, match="expected a seed"):
        bootstrap({"a": [mean_of(np.ones(2))]}, np.arange(2), 5, np.random.default_rng(0), pair_trainings=True)


def test_a_training_that_was_not_drawn_may_lack_a_value():
    without = lambda weights: {"mean": np.full(len(weights), np.nan)}  # noqa: E731
    _, replicates = bootstrap({"a": [mean_of(np.ones(3)), without]}, np.arange(3), 60, 1)
    assert set(replicates["mean"].dropna()) == {1.0} and 0 < replicates["mean"].isna().sum() < 60


def test_replicates_are_a_tidy_frame():
    point, replicates = bootstrap({"a": [mean_of(np.arange(3.0))]}, np.arange(3), 4, np.random.default_rng(0))
    assert list(point) == ["method", "mean"]
    assert list(replicates) == ["replicate", "method", "mean"]
    pd.testing.assert_index_equal(replicates.index, pd.RangeIndex(4))
