import numpy as np
import pytest

from graspbook.instances.average_precision import class_average_precision, match_classes
from graspbook.instances.types import labelled, no_instances, ranked
from graspbook.latent.recall import (
    IOG_THRESHOLDS,
    IOP_THRESHOLDS,
    PRECISIONS,
    average_recall,
    max_recall_at_high_precision,
    rank,
)
from tests.latent.conftest import SIZE, random_truth

NO_TRUTH = labelled(np.zeros((0, *SIZE), bool), np.zeros(0, np.int64))


def mean_ap(found, truth):
    return class_average_precision(match_classes(found, truth))["ap"]


def scene(rng, classes=1):
    """Instances, and predictions that are some of them moved, and one that is wrong."""
    truth = random_truth(rng, 5, classes=classes)
    masks = [np.roll(mask, rng.integers(-1, 2, 2), (0, 1)) for mask in truth.masks] + [rng.random(SIZE) < 0.1]
    kinds = np.append(truth.classes, 0)
    return ranked(np.stack(masks), kinds, rng.integers(3, 11, len(masks)) / 10), truth


def scenes(seed, count=6, classes=1):
    rng = np.random.default_rng(seed)
    found, truth = zip(*[scene(rng, classes) for _ in range(count)], strict=True)
    return [*found, no_instances(SIZE), found[0]], [*truth, truth[0], NO_TRUTH]


def naive_hits(found, truth, kind, threshold):
    """(score, hit) of all predictions, and the number of instances, by loops over pixels' sets."""
    rows, total = [], 0
    for predictions, labels in zip(found, truth, strict=True):
        sets = [set(np.flatnonzero(mask)) for mask in labels.masks]
        free = set(range(len(sets)))
        total += len(sets)
        for mask, score in zip(predictions.masks, predictions.scores, strict=True):
            own = set(np.flatnonzero(mask))
            size = {"iop": lambda g, own=own: len(own), "iog": len, "iou": lambda g, own=own: len(own | g)}[kind]
            best = max(free, key=lambda g: (len(own & sets[g]) / size(sets[g]), -g), default=None)
            hit = best is not None and len(own & sets[best]) / size(sets[best]) >= threshold - 1e-9
            free -= {best} if hit else set()
            rows.append((float(score), hit))
    return rows, total


@pytest.mark.parametrize("seed", range(4))
def test_mr_at_hp_equals_a_loop_over_score_thresholds(seed):
    found, truth = scenes(seed)
    reached = []
    for threshold in IOP_THRESHOLDS:
        rows, total = naive_hits(found, truth, "iop", threshold)
        for precision in PRECISIONS:
            best = 0.0
            for score in {score for score, _ in rows}:
                kept = [hit for other, hit in rows if other >= score]
                if np.mean(kept) >= precision - 1e-9:
                    best = max(best, sum(kept) / total)
            reached.append(best)
    value = max_recall_at_high_precision(rank(found, truth, "iop", IOP_THRESHOLDS))
    np.testing.assert_allclose(value, [100 * np.mean(reached)])


@pytest.mark.parametrize("seed", range(4))
def test_ar_equals_a_loop(seed):
    found, truth = scenes(seed)
    recalls = []
    for threshold in IOG_THRESHOLDS:
        rows, total = naive_hits(found, truth, "iog", threshold)
        recalls.append(sum(hit for _, hit in rows) / total)
    value = average_recall(rank(found, truth, "iog", IOG_THRESHOLDS))
    np.testing.assert_allclose(value, [100 * np.mean(recalls)])


def test_map_of_one_class_is_a_loop_over_the_precision_recall_curve():
    found, truth = scenes(1)
    values = []
    for threshold in np.linspace(0.5, 0.95, 10):
        rows, total = naive_hits(found, truth, "iou", threshold)
        order = np.argsort([-score for score, _ in rows], kind="stable")
        hits = np.array([rows[k][1] for k in order], float)
        precision, recall = hits.cumsum() / np.arange(1, len(hits) + 1), hits.cumsum() / total
        values += [max(precision[recall >= level - 1e-12], default=0.0) for level in np.linspace(0, 1, 101)]
    np.testing.assert_allclose(mean_ap(found, truth), [100 * np.mean(values)], atol=0.2)


def test_perfect_predictions_score_everything_and_classes_are_told_apart():
    truth = [random_truth(np.random.default_rng(seed), 4, classes=2) for seed in range(3)]
    found = [ranked(t.masks, t.classes, np.full(len(t), 0.9)) for t in truth]
    swapped = [ranked(t.masks, 1 - t.classes, np.full(len(t), 0.9)) for t in truth]
    for predictions, expected in ((found, 100.0), (swapped, 0.0)):
        mr = max_recall_at_high_precision(rank(predictions, truth, "iop", IOP_THRESHOLDS))
        ar = average_recall(rank(predictions, truth, "iog", IOG_THRESHOLDS))
        np.testing.assert_allclose([mr, ar, mean_ap(predictions, truth)], expected)


def test_an_image_that_counts_twice_is_as_if_it_were_there_twice():
    found, truth = scenes(2)
    weights = np.ones((1, len(truth)))
    weights[0, 1] = 2
    for kind, thresholds, metric in (
        ("iop", IOP_THRESHOLDS, max_recall_at_high_precision),
        ("iog", IOG_THRESHOLDS, average_recall),
    ):
        twice = rank([*found, found[1]], [*truth, truth[1]], kind, thresholds)
        np.testing.assert_allclose(metric(rank(found, truth, kind, thresholds), weights), metric(twice))


def test_nothing_found_and_nothing_there():
    truth = [random_truth(np.random.default_rng(0), 3)]
    for kind, metric in (("iop", max_recall_at_high_precision), ("iog", average_recall)):
        thresholds = IOP_THRESHOLDS
        assert metric(rank([no_instances(SIZE)], truth, kind, thresholds)) == [0]
        assert np.isnan(metric(rank([no_instances(SIZE)], [NO_TRUTH], kind, thresholds)))
    assert mean_ap([no_instances(SIZE)], truth) == [0]
    assert np.isnan(mean_ap([no_instances(SIZE)], [NO_TRUTH]))
