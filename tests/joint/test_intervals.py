import numpy as np
import pytest
from graspbook.joint.intervals import accuracy, classes, joined, outlines, resampled, share, speed

from graspbook.core.errors import InputError
from graspbook.joint.evaluate import Evaluation
from graspbook.joint.iou import mean_iou


def made(seed, pictures=6):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 20, (pictures, 9, 9)) + 30 * np.eye(9, dtype=int)
    return Evaluation(counts, [], tuple(f"d{k // 2}" for k in range(pictures)))


def test_points_are_means_over_trainings_and_replicates_draw_whole_drives():
    one, two = made(0), made(1)
    point, again = resampled({"A": [classes(one, "abcdefgh"), classes(two, "abcdefgh")]}, one.cities, 50, 3)
    expected = np.mean([mean_iou(part.counts.sum(0)) for part in (one, two)])
    assert point.loc[0, "mean"] == pytest.approx(expected)
    # every replicate is a mean of two trainings on drives drawn with replacement
    drives = one.counts.reshape(3, 2, 9, 9).sum(1), two.counts.reshape(3, 2, 9, 9).sum(1)
    possible = {
        round(np.mean([mean_iou(np.tensordot(w, drives[a], 1)), mean_iou(np.tensordot(w, drives[b], 1))]), 8)
        for w in np.ndindex(4, 4, 4)
        if sum(w) == 3
        for a in (0, 1)
        for b in (0, 1)
    }
    assert {round(value, 8) for value in again["mean"]} <= possible
    assert again["mean"].nunique() > 5


def test_rows_see_the_same_drives():
    one = made(0)
    _, again = resampled({"A": [classes(one, "abcdefgh")], "B": [classes(one, "abcdefgh")]}, one.cities, 30, 3)
    wide = again.pivot(index="replicate", columns="method", values="mean")
    np.testing.assert_allclose(wide["A"], wide["B"])


def test_no_rows_are_refused():
    with pytest.raises(InputError, match="no results"):
        resampled({}, ("a",), 20, 1)


def test_accuracy_without_any_object_has_no_ap_but_an_iou():
    one = made(0)
    values = accuracy(one)(np.ones((1, 6)))
    assert np.isnan(values["ap50"]).all()
    assert values["iou"][0] == pytest.approx(mean_iou(one.counts.sum(0)))


def test_a_share_is_that_of_the_sums():
    statistic = share(np.array([1, 3]), np.array([2, 4]), "found")
    np.testing.assert_allclose(
        statistic(np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 0.0]]))["found"], [400 / 6, 50, np.nan]
    )


def test_frames_per_second_leave_out_what_a_method_does_without():
    times = {
        "superpixels": np.array([np.nan, np.nan]),
        "network": np.array([30.0, 50.0]),
        "clustering": np.full(2, 10.0),
    }
    values = speed(times)(np.array([[1.0, 1.0], [2.0, 0.0]]))
    np.testing.assert_allclose(values["network"], [40, 30])
    np.testing.assert_allclose(values["fps"], [20, 25])
    assert np.isnan(values["superpixels"]).all()


def test_outlines_pool_pictures_before_they_are_scored():
    counts = np.array([[10, 10, 10, 10], [30, 0, 10, 0]])
    confusions = made(0, 2).counts
    values = outlines(counts, confusions)(np.array([[1.0, 1.0], [1.0, 0.0]]))
    precision, recall = 10 / 40, 10 / 20
    np.testing.assert_allclose(values["boundary"], [200 * precision * recall / (precision + recall), 100])
    assert values["iou"][1] == pytest.approx(mean_iou(confusions[0]))


def test_parts_of_a_table_are_joined_row_by_row():
    one = made(0)
    first = resampled({"A": [classes(one, "abcdefgh")]}, one.cities, 20, 1)
    second = resampled({name: [speed({"network": np.ones(6)})] for name in "AB"}, one.cities, 20, 1)
    point, again = joined(first, second)
    assert set(point["method"]) == {"A", "B"}
    assert point.set_index("method").loc["B", ["mean", "fps"]].isna().tolist() == [True, False]
    assert len(again) == 40
