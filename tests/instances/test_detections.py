import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.detections import Detections


def test_scores_and_masks_that_do_not_belong_together_are_refused():
    assert len(Detections(np.zeros(2), np.zeros((2, 4, 5), bool)).masks) == 2
    for scores, masks in (
        (np.zeros(3), np.zeros((2, 4, 5), bool)),
        (np.zeros(2), np.zeros((2, 4, 5))),
        (np.zeros(()), np.zeros((4, 5), bool)),
    ):
        with pytest.raises(InputError, match=r"detections: expected scores \[k\] and masks bool \[k, h, w\], got"):
            Detections(scores, masks)
