import numpy as np
import pytest

from graspbook.latent.confidence import confidence_masks
from graspbook.latent.scores import scoring, table_1
from graspbook.latent.sets.judging import judge_set
from graspbook.latent.union_nms import union_nms
from tests.latent.conftest import perturbed_samples, random_segmentation, random_truth
from tests.latent.worlds import STANDARD


@pytest.mark.slow
def test_rows_are_the_metrics_of_their_answers(rng):
    truth = [random_truth(rng, 5, classes=3) for _ in range(6)]
    plain = [random_segmentation(rng, 6, classes=3) for _ in range(6)]
    samples = [perturbed_samples(rng, 11, 6, classes=3) for _ in range(6)]
    asking, weights = STANDARD.predict, rng.integers(0, 3, (4, 6)).astype(float)
    judged = judge_set("aisle", plain, samples, truth, asking)
    confident = [confidence_masks(own[1:], asking.p, asking.hypothesis, asking.stop) for own in samples]
    answers = {
        "MaskRCNN": plain,
        "Latent Union NMS": [union_nms(own[1:], asking.nms) for own in samples],
        "Latent Confidence Mask": confident,
        "Latent Prior Mean": [own[0] for own in samples],
    }
    assert list(judged.table_1) == list(answers)
    for row, found in answers.items():
        expected = table_1(found, truth)(weights)
        for metric, values in judged.table_1[row](weights).items():
            np.testing.assert_allclose(values, expected[metric.removeprefix("aisle_")])
    auc = judged.table_3["Confidence Mask"](weights)["aisle_auc"]
    np.testing.assert_allclose(auc, scoring(confident, truth)(weights)["auc"])
