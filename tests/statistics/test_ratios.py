import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.statistics.intervals import interval
from graspbook.statistics.ratios import bootstrap_ratios, ratios


def lines(method, seeds, rate, objects=20, rng=None):
    rng = rng or np.random.default_rng(0)
    rows = [
        {"method": method, "seed": seed, "object": f"o{k}", "good": rng.random() < rate[seed], "there": 2}
        for seed in range(seeds)
        for k in range(objects)
        for _ in range(3)
    ]
    return pd.DataFrame(rows)


def test_points_are_means_over_seeds_and_ratios_of_sums():
    frame = pd.DataFrame(
        {"method": "A", "seed": [0, 0, 1, 1], "object": list("xyxy"), "good": [1, 0, 1, 1], "there": [1, 3, 1, 3]}
    )
    point, replicates = bootstrap_ratios(
        frame, {"mean": ("good", None), "ratio": ("good", "there")}, "object", 50, np.random.default_rng(0)
    )
    assert point["mean"].tolist() == [0.75]
    assert point["ratio"].tolist() == [(1 / 4 + 2 / 4) / 2]
    assert len(replicates) == 50


def test_intervals_widen_with_the_spread_of_the_seeds():
    widths = []
    for rates in ((0.5, 0.5, 0.5), (0.2, 0.5, 0.8)):
        _, again = bootstrap_ratios(
            lines("A", 3, rates), {"m": ("good", None)}, "object", 400, np.random.default_rng(0)
        )
        widths.append(np.ptp(interval(again["m"].to_numpy())))
    assert widths[1] > 1.5 * widths[0]


def test_rows_see_the_same_objects_so_that_equal_rows_never_differ():
    one = lines("A", 1, [0.5])
    both = pd.concat([one, one.assign(method="B")])
    _, again = bootstrap_ratios(both, {"m": ("good", None)}, "object", 60, np.random.default_rng(0))
    wide = again.pivot(index="replicate", columns="method", values="m")
    np.testing.assert_array_equal(wide["A"], wide["B"])


def test_a_ratio_over_nothing_has_no_value_and_no_lines_are_refused():
    frame = pd.DataFrame({"method": ["A"], "seed": [0], "object": ["x"], "found": [0], "good": [0]})
    point, _ = bootstrap_ratios(frame, {"recall": ("found", "good")}, "object", 20, np.random.default_rng(0))
    assert np.isnan(point["recall"]).all()
    with pytest.raises(InputError, match="got 0 rows"):
        bootstrap_ratios(frame[:0], {"recall": ("found", "good")}, "object", 20, np.random.default_rng(0))


def test_one_group_and_one_training_leave_no_spread():
    frame = lines("A", 1, [0.5], objects=1).rename(columns={"object": "scene"})
    _, again = bootstrap_ratios(frame, {"m": ("good", "there")}, "scene", 30, np.random.default_rng(1))
    assert again["m"].std() == pytest.approx(0)


def test_ratios_are_those_of_sums_over_what_counts():
    above, below = np.array([1.0, 3.0, 0.5]), np.array([2.0, 4.0, 0.0])
    weights = np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 1.0], [0.0, 0.0, 3.0]])
    values = ratios({"found": (above, below), "back": (below, above)}, times=100)(weights)
    for name, (top, bottom) in {"found": (above, below), "back": (below, above)}.items():
        for value, row in zip(values[name], weights, strict=True):
            total = sum(times * part for times, part in zip(row, bottom, strict=True))
            whole = sum(times * part for times, part in zip(row, top, strict=True))
            np.testing.assert_allclose(value, 100 * whole / total if total else np.nan)


def test_replicates_draw_the_groups_of_lines():
    frame = pd.DataFrame({"method": "A", "seed": 0, "object": list("xxyy"), "good": [1, 1, 0, 0]})
    point, again = bootstrap_ratios(frame, {"mean": ("good", None)}, "object", 50, 0, times=100)
    assert point["mean"].tolist() == [50]
    assert set(again["mean"]) == {0, 50, 100}
