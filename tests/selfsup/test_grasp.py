from pathlib import Path

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.nn.model_file import Model
from graspbook.selfsup.grasp import segment_grasp
from graspbook.selfsup.grasp_segmentation.config import GraspSegmenterConfig
from graspbook.selfsup.grasp_segmentation.inference import segment_arrays
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter
from graspbook.selfsup.model_file import inference_of
from tests.conftest import standard


@pytest.fixture(scope="module")
def model():
    network = build_grasp_segmenter(GraspSegmenterConfig("mobilenet_v2", 16, "random", False), None, 0).eval()
    return Model(network, None, inference_of(standard("selfsup"), Path()))


@pytest.fixture(scope="module")
def grasp():
    rng = np.random.default_rng(0)
    before, after = rng.integers(0, 256, (2, 32, 48, 3), dtype=np.uint8)
    return {"before": before, "after": after, "suction": rng.random((32, 48)) < 0.1}


def test_one_grasp_is_segmented_as_in_a_batch(model, grasp):
    found = segment_grasp(model, **grasp)
    batch = segment_arrays(model.network, *(array[None] for array in grasp.values()), model.settings.filter)
    for name in ("visible", "amodal", "entropy"):
        np.testing.assert_array_equal(getattr(found, name), getattr(batch, name)[0])
    assert found.kept is bool(batch.kept[0])


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("before", lambda a: a / 255, r"before: expected uint8 \[H, W, 3\]"),
        ("after", lambda a: a[:-1], r"after: expected the size of before, \[32, 48, 3\], got \[31, 48, 3\]"),
        ("suction", lambda a: a.astype(np.uint8), r"suction: expected bool \[32, 48\], as large as before, got uint8"),
        ("suction", lambda a: a[..., None], r"suction: expected bool .*, got bool \[32, 48, 1\]"),
        ("suction", lambda a: None, r"suction: .* got NoneType"),
    ],
)
def test_a_wrong_array_is_named(model, grasp, name, change, complaint):
    with pytest.raises(InputError, match=complaint):
        segment_grasp(model, **(grasp | {name: change(grasp[name])}))


def test_what_is_no_model_is_refused(model, grasp):
    with pytest.raises(InputError, match="model: expected a grasp segmentation model"):
        segment_grasp(model.network, **grasp)
