import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.selfsup.grasp_segmentation.metrics import bootstrap_rows, iou, measure_masks, relative_error, summarise


def random_masks(seed, count=6, shape=(9, 13)):
    rng = np.random.default_rng(seed)
    predicted = rng.random((count, *shape)) < rng.random((count, 1, 1))
    truth = rng.random((count, *shape)) < 0.4
    truth[:, 0, 0] = True
    return predicted, truth


def items(seed, count=40):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"iou": rng.random(count), "error": rng.exponential(size=count), "kept": rng.random(count) < 0.7}
    )


def naive_measures(predicted, truth):
    both = either = wrong = true = 0
    for p, t in zip(predicted.ravel(), truth.ravel(), strict=True):
        both += p and t
        either += p or t
        wrong += p != t
        true += t
    return both / either, wrong / true


@pytest.mark.parametrize("seed", range(4))
def test_iou_and_error_match_counting_pixel_by_pixel(seed):
    predicted, truth = random_masks(seed)
    expected = [naive_measures(p, t) for p, t in zip(predicted, truth, strict=True)]
    assert np.allclose(iou(predicted, truth), [e[0] for e in expected])
    assert np.allclose(relative_error(predicted, truth), [e[1] for e in expected])


def test_the_limits_of_iou_and_error():
    truth = np.zeros((4, 10, 10), bool)
    truth[:, :2, :5] = True
    predicted = np.stack([truth[0], np.zeros_like(truth[0]), ~truth[0], np.ones_like(truth[0])])
    assert iou(predicted, truth).tolist() == [1, 0, 0, 0.1]
    assert relative_error(predicted, truth).tolist() == [0, 1, 10, 9]  # far above 100 %


def test_no_items_have_no_measures():
    nothing = np.zeros((0, 3, 3), bool)
    assert iou(nothing, nothing).shape == relative_error(nothing, nothing).shape == (0,)


@pytest.mark.parametrize("measure", [iou, relative_error])
def test_unusable_masks_are_refused(measure):
    predicted, truth = random_masks(0)
    truth[2] = False
    with pytest.raises(InputError, match="truth: mask 2 has no pixel"):
        measure(predicted, truth)
    with pytest.raises(InputError, match="expected bool, got float64"):
        measure(predicted.astype(float), truth)
    with pytest.raises(InputError, match=r"\[B, H, W\] twice"):
        measure(predicted[:1], truth)


def test_an_empty_prediction_is_filtered_with_and_without_a_filter():
    predicted, truth = random_masks(1, count=3)
    predicted[1] = False
    assert measure_masks(predicted, truth)["kept"].tolist() == [True, False, True]
    assert measure_masks(predicted, truth, np.array([False, True, True]))["kept"].tolist() == [
        False,
        False,
        True,
    ]


def test_the_summary_averages_what_is_kept_in_percent():
    table = pd.DataFrame({"iou": [0.5, 0.7, 0.0], "error": [1.0, 3.0, 9.0], "kept": [True, True, False]})
    assert summarise(table) == pytest.approx({"miou": 60, "error": 200, "recall": 200 / 3})


def test_the_summary_of_nothing_kept_has_no_accuracy():
    summary = summarise(pd.DataFrame({"iou": [0.5], "error": [1.0], "kept": [False]}))
    assert np.isnan(summary["miou"]) and np.isnan(summary["error"]) and summary["recall"] == 0
    with pytest.raises(InputError, match="at least one test item"):
        summarise(pd.DataFrame({"iou": [], "error": [], "kept": []}))


def naive_bootstrap(per_item, n_replicates, rng, groups):
    """The replicates by resampling tables, from the same draws of how often each group appears."""
    names = list(dict.fromkeys(groups))
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_replicates)
    rows = []
    for replicate, draw in enumerate(draws):
        picked = [
            i
            for name, times in zip(names, draw, strict=True)
            for _ in range(times)
            for i in np.flatnonzero(groups == name)
        ]
        rows += [
            {"replicate": replicate, "method": method, **summarise(table.iloc[picked])}
            for method, table in per_item.items()
        ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("grouped", [False, True])
def test_replicates_match_resampling_table_by_table(grouped):
    per_item = {"Subtract": items(0), "Grasp": items(1)}
    groups = np.arange(40) // 7 if grouped else None
    point, replicates = bootstrap_rows(per_item, 20, np.random.default_rng(5), groups)
    labels = np.arange(40) if groups is None else groups
    expected = naive_bootstrap(per_item, 20, np.random.default_rng(5), labels)
    pd.testing.assert_frame_equal(replicates[expected.columns], expected, check_dtype=False)
    assert point["method"].tolist() == ["Subtract", "Grasp"]
    assert point.iloc[0]["miou"] == pytest.approx(summarise(per_item["Subtract"])["miou"])


def test_all_methods_see_the_same_resampled_items():
    per_item = {"a": items(0), "b": items(0)}
    _, replicates = bootstrap_rows(per_item, 50, np.random.default_rng(0))
    a, b = (replicates[replicates["method"] == m].drop(columns="method").to_numpy() for m in ("a", "b"))
    assert np.array_equal(a, b)


def test_replicates_spread_as_the_standard_error_of_the_mean():
    table = items(3, count=400)
    _, replicates = bootstrap_rows({"a": table}, 2000, np.random.default_rng(0))
    values = table["iou"][table["kept"]]
    assert replicates["miou"].std() == pytest.approx(100 * values.std() / np.sqrt(len(values)), rel=0.1)
    assert replicates["miou"].mean() == pytest.approx(100 * values.mean(), abs=0.1)


def test_groups_of_like_items_widen_the_interval():
    table = items(3, count=200)
    table["iou"] = np.repeat(table["iou"][:20].to_numpy(), 10)
    alone, together = (
        bootstrap_rows({"a": table}, 300, np.random.default_rng(0), groups)[1]["miou"].std()
        for groups in (None, np.arange(200) // 10)
    )
    assert together > 2 * alone


def test_replicates_in_which_nothing_is_kept_have_no_accuracy():
    table = items(0, count=5)
    table["kept"] = [True, False, False, False, False]
    _, replicates = bootstrap_rows({"a": table}, 200, np.random.default_rng(0))
    none = replicates["recall"] == 0
    assert 0 < none.sum() < 200
    assert replicates.loc[none, ["miou", "error"]].isna().all(axis=None)
    assert np.allclose(replicates.loc[~none, "miou"], 100 * table["iou"][0])


def test_one_item_gives_the_point_estimate_again():
    table = pd.DataFrame({"iou": [0.4], "error": [1.5], "kept": [True]})
    point, replicates = bootstrap_rows({"a": table}, 3, np.random.default_rng(0))
    assert (replicates[["miou", "error", "recall"]] == point.loc[0, ["miou", "error", "recall"]]).all(axis=None)


@pytest.mark.parametrize("per_item", [{}, {"a": items(0, 0)}, {"a": items(0, 3), "b": items(0, 4)}])
def test_items_that_cannot_be_paired_are_refused(per_item):
    with pytest.raises(InputError, match="the same items"):
        bootstrap_rows(per_item, 3, np.random.default_rng(0))


def test_groups_of_the_wrong_length_are_refused():
    with pytest.raises(InputError, match="one label for each of 3 items"):
        bootstrap_rows({"a": items(0, 3)}, 3, np.random.default_rng(0), np.zeros(2))
