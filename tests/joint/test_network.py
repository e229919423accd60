import dataclasses

import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.joint.model_file import load_network, save_network
from graspbook.joint.network import build_network
from tests.joint.conftest import ROW


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["mobilenet_v2", "darknet53"])
@pytest.mark.parametrize("k", [2, 4])
def test_the_decoders_speak_on_the_grid_of_superpixels(encoder, k, network_config):
    network = build_network(dataclasses.replace(ROW, encoder=encoder, k=k), network_config, 1).eval()
    for height, width in ((32, 64), (33, 50)):  # the second is divisible by nothing
        with torch.inference_mode():
            said = network(torch.rand(1, 3, height, width))
        grid = (-(-height // k), -(-width // k))
        assert said.classes.shape == (1, 9, *grid)
        assert said.embeddings.shape == (1, 4, *grid)
        assert said.centres.shape == (1, *grid)


def test_confidence_begins_at_the_prior_and_a_baseline_has_none(network_config):
    network = build_network(ROW, network_config, 1)
    network.centre.last.weight.data.zero_()
    said = network(torch.rand(2, 3, 32, 32))
    torch.testing.assert_close(torch.sigmoid(said.centres), torch.full((2, 8, 8), 0.1))
    baseline = build_network(dataclasses.replace(ROW, centres=False), network_config, 1)
    assert baseline(torch.rand(2, 3, 32, 32)).centres is None


@pytest.mark.slow
def test_a_seed_decides_the_weights_and_a_file_brings_them_back(network_config, tmp_path):
    one, same, other = (build_network(ROW, network_config, seed) for seed in (1, 1, 2))
    pairs = list(zip(one.parameters(), same.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not all(torch.equal(a, c) for a, _, c in pairs)
    save_network(one, ROW, network_config, tmp_path / "a.safetensors")
    saved = load_network(tmp_path / "a.safetensors")
    assert saved.row == ROW
    image = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(saved.network(image).classes, one.eval()(image).classes, atol=0.05, rtol=0.05)


def test_a_stride_that_the_encoder_does_not_have_is_refused(network_config):
    config = dataclasses.replace(network_config, encoder_stride=8)
    with pytest.raises(InputError, match="k: expected one of the strides"):
        build_network(dataclasses.replace(ROW, k=8), config, 1)
