import numpy as np
import pytest

from graspbook.joint.iou import class_iou, confusion, mean_iou


def test_iou_is_what_loops_find():
    rng = np.random.default_rng(0)
    found, true = rng.integers(0, 4, (2, 8, 9))
    iou = class_iou(confusion(found, true))
    for number in range(4):
        both, either = ((found == number) & (true == number)).sum(), ((found == number) | (true == number)).sum()
        assert iou[number] == pytest.approx(100 * both / either)
    assert np.isnan(iou[4:]).all()
    assert mean_iou(confusion(found, true)) == pytest.approx(iou[1:4].mean())
