import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.average_precision import METRICS
from graspbook.selfsup.instance_segmentation.curves import (
    curve_table,
    equivalent_labels,
    rows_with_intervals,
    settled,
    worth_in_labels,
)


def naive_equivalent(labels, curve, value):
    """Walk along the curve in small steps of the logarithm."""
    if curve[0] >= value:
        return labels[0]
    for place in range(1, len(labels)):
        if curve[place] >= value:
            for n in np.geomspace(labels[place - 1], labels[place], 20001):
                part = np.log(n / labels[place - 1]) / np.log(labels[place] / labels[place - 1])
                if curve[place - 1] + part * (curve[place] - curve[place - 1]) >= value - 1e-9:
                    return n
    return np.inf


@pytest.mark.parametrize("seed", range(4))
def test_the_worth_in_labels_is_where_the_curve_first_reaches_the_value(seed):
    rng = np.random.default_rng(seed)
    labels = [50, 100, 300, 1000]
    curves = 50 + 12 * rng.standard_normal((6, 4)) + [-20, -10, 0, 10]  # they need not rise everywhere
    values = rng.uniform(20, 70, 6)
    expected = [naive_equivalent(labels, curve, value) for curve, value in zip(curves, values, strict=True)]
    assert equivalent_labels(labels, curves, values) == pytest.approx(expected, rel=1e-3)


def test_the_worth_in_labels_at_and_beyond_the_ends():
    curve = np.array([40.0, 50.0])
    for value, labels in ((30, 100), (40, 100), (45, np.sqrt(100 * 1000)), (50, 1000), (51, np.inf)):
        assert equivalent_labels([100, 1000], curve, np.float64(value)) == pytest.approx(labels)
    assert np.isnan(equivalent_labels([100, 1000], curve, np.float64(np.nan)))
    assert np.isnan(equivalent_labels([100, 1000], np.array([np.nan, 50]), np.float64(45)))
    assert equivalent_labels([100], np.array([40.0]), np.float64(39)) == pytest.approx(100)
    assert equivalent_labels([1, 2, 3], np.full(3, 5.0), np.float64(5)) == pytest.approx(1)  # a flat curve


def test_labels_that_do_not_rise_are_refused():
    for labels in ([100, 100], [0, 1], []):
        with pytest.raises(InputError, match="labels: expected rising"):
            equivalent_labels(labels, np.zeros(len(labels)), np.float64(1))
    with pytest.raises(InputError, match=r"supervised: expected \[3, 2\], got \[2, 2\]"):
        equivalent_labels([1, 2], np.zeros((2, 2)), np.zeros(3))


def test_rows_are_worth_labels_in_the_estimate_and_in_every_replicate():
    point = pd.DataFrame({"method": ["l10", "l100", "Paste-Train", "Paste-Grasp"], "ap": [10.0, 30.0, 20.0, 40.0]})
    rng = np.random.default_rng(0)
    parts = [point.assign(replicate=number, ap=point["ap"] + rng.normal(0, 2, 4)) for number in range(50)]
    table = worth_in_labels(
        point, pd.concat(parts), {"l10": 10, "absent": 50, "l100": 100}, ["Paste-Grasp", "untrained", "Paste-Train"]
    )
    assert table["method"].tolist() == ["Paste-Grasp", "Paste-Train"]
    assert table["worth"].tolist() == pytest.approx([np.inf, np.sqrt(10 * 100)])
    drawn = sorted(naive_equivalent([10, 100], part["ap"].to_numpy()[:2], part["ap"].to_numpy()[2]) for part in parts)
    ends = [drawn[1], drawn[-2]]  # 2.5 and 97.5 per cent of 50
    assert table.loc[1, ["worth_lo", "worth_hi"]].tolist() == pytest.approx(ends, rel=1e-3)
    assert worth_in_labels(point, pd.concat(parts), {"absent": 50}, ["Paste-Train"]).empty


def test_pasting_alone_is_worth_what_the_committed_curve_says():
    ap = {
        "Mask2Former-50": 33.3674,
        "Mask2Former-100": 40.1911,
        "Mask2Former-300": 49.3713,
        "Mask2Former-1000": 52.0408,
    }
    point = pd.DataFrame({"method": [*ap, "Paste-Train"], "ap": [*ap.values(), 49.0481]})
    labels = {method: int(method.rpartition("-")[2]) for method in ap}
    assert round(worth_in_labels(point, point.assign(replicate=0), labels, ["Paste-Train"])["worth"][0]) == 289


def test_a_curve_has_its_rows_in_order_with_intervals():
    point = pd.DataFrame({"method": ["b", "a"], "ap": [2.0, 1.0]})
    values = np.arange(100.0)
    replicates = pd.concat(pd.DataFrame({"method": m, "ap": values + k}) for k, m in enumerate("ab"))
    table = curve_table(point, replicates, {"a": 10, "absent": 20, "b": 30}, "ap")
    assert table.to_dict("list") == {
        "method": ["a", "b"], "x": [10, 30], "ap": [1.0, 2.0], "lo": [2.0, 3.0], "hi": [97.0, 98.0],
    }  # fmt: skip


def test_a_training_that_still_rises_is_told_from_one_that_has_settled():
    steps = np.arange(1, 101)
    rising = pd.DataFrame({"step": steps, "validation_ap": np.where(steps % 10 == 0, steps / 2.0, np.nan)})
    found = settled(rising)
    assert found == {"steps": 100, "best_step": 100, "best_ap": 50, "late_gain": 50 - 35}
    flat = rising.assign(validation_ap=rising["validation_ap"].clip(upper=20))
    assert settled(flat)["late_gain"] == 0
    assert settled(flat)["best_step"] == 40
    with pytest.raises(InputError, match="validation_ap"):
        settled(rising.assign(validation_ap=np.nan))
    assert np.isnan(settled(rising.iloc[:10])["late_gain"])  # nothing was measured before


def bootstrapped(methods="ab", count=5):
    """Points and replicates as `bootstrap_ap` returns them."""
    point = pd.DataFrame(
        [{"method": m} | {x: 10.0 * k + i for i, x in enumerate(METRICS)} for k, m in enumerate(methods)]
    )
    parts = [point.assign(**{x: point[x] + r for x in METRICS}, replicate=r) for r in range(count)]
    return point, pd.concat(parts, ignore_index=True)


def test_rows_have_an_interval_for_each_metric():
    point, replicates = bootstrapped()
    table = rows_with_intervals(point, replicates, ["b"])
    assert list(table.columns[:4]) == ["method", "ap", "ap_lo", "ap_hi"]
    assert table.loc[0, ["apm", "apm_lo", "apm_hi"]].tolist() == [14, 14, 18]
    assert list(rows_with_intervals(point, replicates, []).columns) == list(table.columns)
