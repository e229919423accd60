import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.errors import InputError
from graspbook.selfsup.grasp_segmentation.arrays import GraspArrays


def sample(height=4, **changes):
    size = (height, 6)
    fields = {
        "before": np.zeros((*size, 3), np.uint8),
        "after": np.ones((*size, 3), np.uint8),
        "suction": np.zeros(size, bool),
        "visible": np.zeros(size, bool),
        "amodal": np.ones(size, bool),
    }
    return SimpleNamespace(**(fields | changes))


def test_samples_are_stacked_in_order():
    arrays = GraspArrays.from_samples(sample(suction=np.full((4, 6), number % 2 == 1)) for number in range(3))
    assert len(arrays) == 3
    assert arrays.before.shape == (3, 4, 6, 3)
    assert arrays.suction.any((1, 2)).tolist() == [False, True, False]
    assert arrays.amodal.all()
    assert not arrays.visible.any()


def test_no_sample_no_label_and_mixed_sizes_are_refused():
    with pytest.raises(InputError, match="at least one"):
        GraspArrays.from_samples([])
    with pytest.raises(InputError, match=r"samples\[1\].*visible"):
        GraspArrays.from_samples([sample(), sample(visible=None)])
    with pytest.raises(InputError, match=r"samples\[1\].*\(5, 6\), expected \(4, 6\)"):
        GraspArrays.from_samples([sample(), sample(height=5)])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("after", np.zeros((2, 4, 7, 3), np.uint8)),
        ("before", np.zeros((2, 4, 6, 3), np.float32)),
        ("suction", np.zeros((2, 4, 6), np.uint8)),
        ("visible", np.zeros((1, 4, 6), bool)),
    ],
)
def test_wrong_shapes_and_types_name_the_field(field, value):
    arrays = GraspArrays.from_samples([sample(), sample()])
    with pytest.raises(InputError, match=rf"^{field}: expected"):
        dataclasses.replace(arrays, **{field: value})
