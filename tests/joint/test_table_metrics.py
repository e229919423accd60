import numpy as np
import pytest

from graspbook.instances.average_precision import IOU_THRESHOLDS
from graspbook.instances.matching import Candidates, match_images
from graspbook.joint.evaluate import Evaluation
from graspbook.joint.iou import mean_iou
from graspbook.joint.table_metrics import accuracy, classes, outlines, speed
from graspbook.statistics.bootstrap import bootstrap


def made(seed, pictures=6):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 20, (pictures, 9, 9)) + 30 * np.eye(9, dtype=int)
    return Evaluation(counts, [], tuple(f"d{k // 2}" for k in range(pictures)))


def test_points_are_means_over_trainings_and_replicates_draw_whole_drives():
    one, two = made(0), made(1)
    point, again = bootstrap({"A": [classes(one, "abcdefgh"), classes(two, "abcdefgh")]}, one.cities, 50, 3)
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


def test_accuracy_without_any_object_has_no_ap_but_an_iou():
    one = made(0)
    values = accuracy(one)(np.ones((1, 6)))
    assert np.isnan(values["ap50"]).all()
    assert values["iou"][0] == pytest.approx(mean_iou(one.counts.sum(0)))


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


def test_each_class_is_a_column_and_the_background_is_none():
    one = made(0)
    values = classes(one, "abcdefgh")(np.ones((1, 6)))
    counts = one.counts.sum(0)
    expected = [100 * counts[k, k] / (counts[k].sum() + counts[:, k].sum() - counts[k, k]) for k in range(1, 9)]
    np.testing.assert_allclose([values[name][0] for name in "abcdefgh"], expected)


def test_detections_of_pictures_that_were_not_drawn_do_not_count():
    """Of two pictures the first is all right, the second all wrong."""
    right = Candidates(np.array([[1.0]]), np.array([0.9]), np.zeros((3, 1), bool), np.zeros((3, 1), bool))
    wrong = Candidates(np.array([[0.0]]), np.array([0.9]), np.zeros((3, 1), bool), np.zeros((3, 1), bool))
    own = Evaluation(made(0, 2).counts, [match_images([right, wrong], IOU_THRESHOLDS)], ("a", "b"))
    values = accuracy(own)(np.array([[1.0, 0.0], [0.0, 1.0]]))
    np.testing.assert_allclose(values["ap50"], [100, 0])
