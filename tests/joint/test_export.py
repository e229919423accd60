import dataclasses

import numpy as np
import onnxruntime
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.joint.export import OUTPUTS, save_program
from graspbook.joint.network import build_network
from graspbook.joint.segment import predict_grids
from graspbook.joint.training_config import NetworkConfig
from tests.joint.conftest import ROW


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (33, 50, 3), dtype=np.uint8)  # divisible by nothing


def as_input(image):
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="module", params=[True, False], ids=["centres", "without"])
def network(request):
    config = NetworkConfig(
        encoder_stride=16,
        widths=(8, 8, 8, 8),
        embedding=4,
        prior=0.1,
        darknet_width=0.05,
        mobilenet_weights="random",
        mobilenet_location=None,
        darknet_location=None,
    )
    return build_network(dataclasses.replace(ROW, centres=request.param), config, 1).eval()


def agree(said, network, image, tolerance):
    grids = predict_grids(network, image)
    expected = [grids.probability, grids.embeddings, *([] if grids.confidence is None else [grids.confidence])]
    assert len(said) == len(expected)
    for ours, theirs in zip(said, expected, strict=True):
        np.testing.assert_allclose(np.asarray(ours[0]), theirs, atol=tolerance, rtol=10 * tolerance)


@pytest.mark.slow
def test_the_program_in_its_file_says_what_the_network_says(network, image, tmp_path):
    save_program(network, 33, 50, tmp_path / "a.pt2")
    with torch.inference_mode():
        said = torch.export.load(tmp_path / "a.pt2").module()(as_input(image))
    agree(said, network, image, 1e-5)


@pytest.mark.slow
def test_onnxruntime_says_what_the_network_says(network, image, tmp_path):
    save_program(network, 33, 50, tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "a.onnx"))
    assert [put.name for put in session.get_outputs()] == list(OUTPUTS[: 2 if network.centre is None else 3])
    agree(session.run(None, {"images": as_input(image).numpy()}), network, image, 1e-4)


def test_another_ending_is_refused(network, tmp_path):
    with pytest.raises(InputError, match=r"expected a name that ends in \.pt2 or \.onnx"):
        save_program(network, 32, 32, tmp_path / "a.pt")
    assert list(tmp_path.iterdir()) == []
