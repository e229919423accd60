import numpy as np
import pytest

from graspbook.instances.average_precision import class_average_precision, match_classes
from graspbook.instances.matching import mask_overlaps
from graspbook.instances.types import ranked
from graspbook.latent.picking_area import PickCounts
from graspbook.latent.recall import IOG_THRESHOLDS, average_recall, max_recall_at_high_precision, rank
from graspbook.latent.scores import (
    difference,
    masked,
    picks,
    precision,
    quality,
    renamed,
    roc_auc,
    scoring,
    table_1,
    weighted_correlation,
    within,
)
from graspbook.statistics.ratios import ratios
from tests.latent.conftest import random_segmentation, random_truth


@pytest.fixture
def case(rng):
    """Four images; some predictions are instances, so that good and bad ones are there."""
    truth, found = [random_truth(rng, 4) for _ in range(4)], []
    for labels in truth:
        other = random_segmentation(rng, 4)
        masks, scores = (
            np.concatenate([other.masks, labels.masks[:2]]),
            np.append(other.scores, [0.65, 0.25][: len(labels)]),
        )
        found.append(ranked(masks, np.zeros(len(masks), np.int64), scores))
    return found, truth


ONCE = np.ones((1, 4))


def test_a_statistic_says_what_the_metric_says(case):
    found, truth = case
    values = table_1(found, truth)(ONCE)
    assert values["map"] == class_average_precision(match_classes(found, truth))["ap"]
    assert values["mrhp"] == precision(found, truth)(ONCE)["mrhp"]
    assert values["mrhp"] == max_recall_at_high_precision(rank(found, truth, "iop", (0.75, 0.8, 0.85, 0.9, 0.95)))


def test_an_image_of_weight_two_is_there_twice(case):
    found, truth = case
    twice = np.array([[2.0, 1, 0, 1]])
    copies = [0, 0, 1, 3]
    for statistic in (scoring, within, table_1):
        weighted = statistic(found, truth)(twice)
        copied = statistic([found[k] for k in copies], [truth[k] for k in copies])(ONCE)
        for name, value in copied.items():
            np.testing.assert_allclose(weighted[name], value, atol=1e-9, err_msg=name)


def test_quality_is_that_of_the_closest_instance(case):
    found, truth = case
    image, score, (iou, iop) = quality(found, truth)
    row = 0
    for number, (predictions, labels) in enumerate(zip(found, truth, strict=True)):
        both = mask_overlaps(predictions, labels)
        for i in range(len(predictions)):
            assert image[row] == number and score[row] == predictions.scores[i]
            assert iou[row] == max(both.iou[i]) and iop[row] == max(both.iop[i])
            row += 1
    assert scoring(found, truth)(ONCE)["auc"] == roc_auc(score, iou > 0.5)
    assert within(found, truth)(ONCE)["within"] == pytest.approx(100 * (iop > 0.95).mean())


def test_correlation_is_numpys():
    rng = np.random.default_rng(0)
    x, y, weights = rng.random(20), rng.random(20), rng.integers(0, 3, 20).astype(float)
    again = np.repeat(np.arange(20), weights.astype(int))
    assert weighted_correlation(x, y, weights) == pytest.approx(np.corrcoef(x[again], y[again])[0, 1])
    assert np.isnan(weighted_correlation(x, np.ones(20), weights))
    assert np.isnan(weighted_correlation(x, y, 0 * weights))


def test_statistics_are_put_together():
    part = ratios({"s": (np.array([1.0, 2, 3, 4]), np.array([1.0, 1, 1, 0]))})
    assert part(ONCE)["s"] == [10 / 3]
    assert np.isnan(part(np.array([[0.0, 0, 0, 1]]))["s"])
    assert masked(part, np.array([True, False, False, False]))(ONCE)["s"] == [1.0]
    assert difference(part, part, {"s": "d"})(ONCE) == {"d": np.array([0.0])}
    assert list(renamed(part, {"s": "t"})(ONCE)) == ["t"]
    counts = PickCounts(*(np.array(values) for values in ([4, 4], [1, 0], [50, 50], [100, 100])))
    assert picks(counts)(np.ones((1, 2))) == {"double_pick": np.array([12.5]), "area": np.array([50.0])}


def test_auc_counts_pairs(rng):
    scores, good = rng.integers(0, 5, 40) / 5, rng.random(40) < 0.4
    weights = rng.integers(0, 3, 40).astype(float)
    pairs = [
        (weights[i] * weights[j], (scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
        for i in np.flatnonzero(good)
        for j in np.flatnonzero(~good)
    ]
    wins = sum(w * win for w, win in pairs) / sum(w for w, _ in pairs)
    assert roc_auc(scores, good, weights) == pytest.approx(wins)
    assert np.isnan(roc_auc(scores, np.ones(40, bool)))
    assert np.isnan(roc_auc(np.zeros(0), np.zeros(0, bool)))


def test_recall_and_precision_are_not_each_other(case):
    found, truth = case
    values = table_1(found, truth)(ONCE)
    assert values["ar"] == average_recall(rank(found, truth, "iog", IOG_THRESHOLDS))
    assert values["ar"] != average_recall(rank(found, truth, "iop", IOG_THRESHOLDS))


def test_a_difference_is_the_first_minus_the_second():
    one, other = (ratios({"s": (np.full(4, value), np.ones(4))}) for value in (5.0, 2.0))
    assert difference(one, other, {"s": "d"})(ONCE)["d"] == [3.0]
