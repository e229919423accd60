import numpy as np
import pytest

from graspbook.data.cityscapes import CLASSES
from graspbook.joint.iou import class_iou, confusion, mean_iou


def test_the_mean_is_that_of_a_loop_over_the_things_that_are_there_or_found():
    rng = np.random.default_rng(0)
    found, truth = rng.integers(0, 5, (2, 20, 30))
    counts, expected = confusion(found, truth), []
    for number in range(1, CLASSES):
        both, either = (found == number) & (truth == number), (found == number) | (truth == number)
        if either.any():
            expected.append(100 * both.sum() / either.sum())
            assert class_iou(counts)[number] == pytest.approx(expected[-1])
    assert mean_iou(counts) == pytest.approx(np.mean(expected))
