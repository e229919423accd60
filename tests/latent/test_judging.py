import dataclasses

import numpy as np
import pytest

from graspbook.latent import judging as module
from graspbook.latent.confidence import confidence_masks
from graspbook.latent.judging import EvaluationContext, confident_masks, judge_latent, judge_plain
from graspbook.latent.picking_area import count_picks
from graspbook.latent.scores import within
from graspbook.latent.union_nms import union_nms
from graspbook.world.totes.answers import Answers
from tests.latent.conftest import SIZE, perturbed_samples, random_segmentation, random_truth
from tests.latent.worlds import STANDARD

ONCE = np.ones((1, 3))


@pytest.fixture
def yardstick(rng):
    blank = Answers(np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8), (), True)
    metrics = dataclasses.replace(STANDARD.metrics, gripper=0.08, circles=60, erosions=[0.0, 0.06])
    predict = dataclasses.replace(STANDARD.predict, every_p=[0.5, 1.0])
    return EvaluationContext([random_truth(rng, 4) for _ in range(3)], [blank] * 3, 1.0, 4, predict, metrics)


def test_a_plain_model_is_judged_at_each_cut(rng, yardstick):
    found = [[random_segmentation(rng, 5) for _ in range(3)] for _ in range(3)]
    judged = judge_plain(found, [0.5, 0.9], yardstick)
    believed = [own[0].filter_by_score(0.5) for own in found]
    assert judged.found == [own[0] for own in found]
    assert judged.within(ONCE) == within(believed, yardstick.truth)(ONCE)
    for counts in (judged.picks, judged.erosions[0.0]):
        for k in range(3):
            rng_of = np.random.default_rng([yardstick.metrics.seed, k])
            alone = count_picks([believed[k]], [yardstick.truth[k]], yardstick.radius, 60, rng_of)
            assert counts.picks[k] == alone.picks[0] and counts.doubles[k] == alone.doubles[0]
    assert judged.erosions[0.06].predicted.sum() < judged.picks.predicted.sum()
    assert set(judged.cuts) == {0.5, 0.9}


def test_a_latent_model_is_judged_at_each_p(rng, yardstick):
    found = [[random_segmentation(rng, 4), *perturbed_samples(rng, 4, 4)] for _ in range(3)]
    judged = judge_latent(found, yardstick)
    assert set(judged.picks) == {0.5, 0.9, 1.0}
    for k, (mean, *samples) in enumerate(found):
        assert judged.mean[k] is mean
        np.testing.assert_array_equal(judged.union[k].masks, union_nms(samples, 0.5).masks)
        strict = confidence_masks(samples, 0.9, 0.3)
        np.testing.assert_array_equal(judged.confident[k].masks, strict.masks)
        assert judged.masks[0.9][k] == len(strict)
    strict = [confidence_masks(samples, 1.0, 0.3) for _, *samples in found]
    np.testing.assert_allclose(judged.within[1.0](ONCE)["within"], within(strict, yardstick.truth)(ONCE)["within"])
    assert judged.coins["decided"].sum() == 0


def test_confidence_masks_are_of_samples_that_are_sure_enough(rng):
    samples = perturbed_samples(rng, 4, 4)
    predict = dataclasses.replace(STANDARD.predict, hypothesis=0.75, stop=0.05)
    found = confident_masks(samples, 0.5, predict)
    expected = confidence_masks([sample.filter_by_score(0.75) for sample in samples], 0.5, 0.0, 0.05)
    np.testing.assert_array_equal(found.masks, expected.masks)
    assert len(found) != len(confident_masks(samples, 0.5, dataclasses.replace(predict, hypothesis=0.0)))


def test_coins_are_those_of_the_samples_and_unions_of_the_threshold(rng, yardstick, monkeypatch):
    voted, thresholds = [], []
    monkeypatch.setattr(module, "coin_counts", lambda parts, samples: voted.append(samples) or {"two": 0.0})
    monkeypatch.setattr(module, "union_nms", lambda samples, threshold: thresholds.append(threshold) or samples[0])
    found = [[random_segmentation(rng, 4), *perturbed_samples(rng, 3, 4)] for _ in range(3)]
    sure = dataclasses.replace(yardstick.predict, nms=0.25, hypothesis=0.5)
    judge_latent(found, dataclasses.replace(yardstick, predict=sure))
    assert thresholds == [0.25] * 3
    for samples, (_, *expected) in zip(voted, found, strict=True):
        assert [len(one) for one in samples] == [len(one.filter_by_score(0.5)) for one in expected]
