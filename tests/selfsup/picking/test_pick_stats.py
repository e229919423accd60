import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.papers import Metric, Table
from graspbook.reporting.tables import merge_table
from graspbook.selfsup.picking.failures import KINDS
from graspbook.selfsup.picking.pick_stats import KIND_COLUMNS, error_rate, kind_rates, paired_test


def attempts(failures, lengths):
    """Attempts of episodes 0, 1, ...: of so many each, the first so many fail."""
    rows = [
        (episode, "dropped" if number < failed else "success")
        for episode, (failed, length) in enumerate(zip(failures, lengths, strict=True))
        for number in range(length)
    ]
    return pd.DataFrame(rows, columns=["episode", "outcome"])


def random_picks(seed, episodes=12):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 9, episodes)
    table = attempts(rng.binomial(lengths, 0.3), lengths)
    failed = table["outcome"] != "success"
    return table.assign(kind=np.where(failed, rng.choice(KINDS, len(table)), "success"))


def test_the_error_rate_is_failures_over_attempts_in_percent():
    point, _ = error_rate({"a": attempts([1, 0, 3], [4, 2, 4]), "b": attempts([0, 0, 0], [1, 1, 1])}, 3, 0)
    assert point["method"].tolist() == ["a", "b"]
    assert point["error"].tolist() == [40.0, 0.0]


def test_replicates_are_those_of_a_loop_over_the_same_resampled_episodes_for_all_methods():
    picks = {"a": random_picks(0), "b": random_picks(1)}
    _, replicates = error_rate(picks, 20, 5)
    drawn = np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=20)
    for replicate, method in itertools.product(range(20), picks):
        failed = total = 0
        for episode, outcome in zip(picks[method]["episode"], picks[method]["outcome"], strict=True):
            total += drawn[replicate, episode]
            failed += drawn[replicate, episode] * (outcome != "success")
        row = replicates[(replicates["replicate"] == replicate) & (replicates["method"] == method)]
        assert row["error"].tolist() == pytest.approx([100 * failed / total])
    same = error_rate({"a": picks["a"], "copy": picks["a"]}, 20, 5)[1].pivot(index="replicate", columns="method")
    assert (same["error"]["a"] == same["error"]["copy"]).all()


def test_the_order_of_rows_and_the_numbers_of_episodes_do_not_matter():
    picks = random_picks(2)
    other = picks.sample(frac=1, random_state=0).assign(episode=lambda table: 7 + 3 * table["episode"])
    for one, two in zip(error_rate({"a": picks}, 9, 1), error_rate({"a": other}, 9, 1), strict=True):
        pd.testing.assert_frame_equal(one, two)


def test_the_kinds_add_up_to_the_error_in_every_replicate():
    tables = {"a": random_picks(0), "b": random_picks(1)}
    point, replicates = kind_rates(tables, 15, 3)
    plain = error_rate(tables, 15, 3)
    columns = list(KIND_COLUMNS.values())
    for table, errors in zip((point, replicates), plain, strict=True):
        np.testing.assert_allclose(table[columns].sum(axis=1), table["error"])
        pd.testing.assert_frame_equal(table[list(errors)], errors)
    counted = Counter(tables["a"]["kind"])
    for kind, column in KIND_COLUMNS.items():
        assert column.isidentifier()
        assert point[column][0] == pytest.approx(100 * counted[kind] / len(tables["a"]))


def test_the_rates_fit_a_table_of_the_report():
    printed = Table(
        section="§VI-B, Table III",
        caption="Robot evaluation",
        label="method",
        unit="percent",
        metrics={"error": Metric(title="Grasp Error Rate", decimals=2, better="lower")},
        rows={"b": {"error": 8.78}, "a": {"error": 29.02}},
    )
    merged = merge_table(*error_rate({"a": random_picks(0), "b": random_picks(1)}, 50, 0), printed)
    assert merged["method"].tolist() == ["b", "a"]
    assert (merged["error_lo"] < merged["error"]).all() and (merged["error"] < merged["error_hi"]).all()


def exact(first, second, lengths):
    """Share of all ways of swapping whose difference is at least as large; and the difference itself."""
    total = sum(lengths)

    def difference(swaps):
        a = sum(y if swap else x for x, y, swap in zip(first, second, swaps, strict=True))
        b = sum(x if swap else y for x, y, swap in zip(first, second, swaps, strict=True))
        return 100 * (a - b) / total

    observed = difference([False] * len(first))
    ways = list(itertools.product([False, True], repeat=len(first)))
    return np.mean([abs(difference(way)) >= abs(observed) - 1e-9 for way in ways]), observed


@pytest.mark.parametrize(
    ("first", "second"),
    [([3, 2, 4, 1, 2, 3], [0, 1, 1, 1, 0, 2]), ([1, 0, 2, 1, 3, 0], [0, 1, 1, 2, 2, 1]), ([1, 2, 3], [0, 1, 2])],
)
def test_the_test_agrees_with_trying_all_ways_of_swapping(first, second):
    lengths = [5] * len(first)
    p_value, observed = exact(first, second, lengths)
    result = paired_test(attempts(first, lengths), attempts(second, lengths), 0, 20000)
    assert result.difference == pytest.approx(observed)
    assert result.p_value == pytest.approx(p_value, abs=0.012)
    assert result.low <= result.difference <= result.high
    mirrored = paired_test(attempts(second, lengths), attempts(first, lengths), 0, 20000)
    assert (mirrored.difference, mirrored.p_value) == (-result.difference, result.p_value)


def test_episodes_may_differ_in_their_attempts():
    a, b = attempts([2, 1, 3, 0], [2, 5, 4, 6]), attempts([0, 2, 1, 0], [6, 3, 4, 1])
    result = paired_test(a, b, 1, 20000)
    (point, _) = error_rate({"a": a, "b": b}, 1, 0)
    assert result.difference == pytest.approx(point["error"][0] - point["error"][1])
    counts = [
        [table.assign(f=table["outcome"] != "success").groupby("episode")["f"].agg(["sum", "size"]).to_numpy()]
        for table in (a, b)
    ]
    both = np.concatenate(counts)
    extreme = 0
    for way in itertools.product([0, 1], repeat=4):
        first, second = (sum(both[(swap + side) % 2, e] for e, swap in enumerate(way)) for side in (0, 1))
        extreme += abs(100 * first[0] / first[1] - 100 * second[0] / second[1]) >= abs(result.difference) - 1e-9
    assert result.p_value == pytest.approx(extreme / 16, abs=0.012)


def test_equal_models_do_not_differ_and_the_smallest_p_value_is_not_zero():
    a = attempts([2, 1, 3], [5, 5, 5])
    same = paired_test(a, a, 0, 99)
    assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1)
    always, never = attempts([5] * 30, [5] * 30), attempts([0] * 30, [5] * 30)
    assert paired_test(always, never, 0, 99).p_value == pytest.approx(0.01)


@pytest.mark.parametrize("call", [lambda p: error_rate(p, 5, 0), lambda p: paired_test(p["a"], p["b"], 0, 5)])
def test_methods_that_picked_in_different_episodes_cannot_be_paired(call):
    with pytest.raises(InputError, match="same episodes, got a: 3, b: 2"):
        call({"a": attempts([0, 1, 1], [2, 2, 2]), "b": attempts([0, 1], [2, 2])})


def test_no_method_is_refused():
    with pytest.raises(InputError, match="no method"):
        error_rate({}, 5, 0)
