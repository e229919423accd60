import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.mlgsl.model import SpatialAttention, build_network


@pytest.mark.parametrize("architecture", ["fcn", "ggcnn", "ggcnn2"])
@pytest.mark.parametrize("size", [(80, 80), (300, 300), (45, 62)])
def test_four_maps_have_the_size_of_the_image(network_config, architecture, size):
    network = build_network(network_config, 1, architecture=architecture)
    with torch.inference_mode():
        assert network(torch.zeros(1, 1, *size)).shape == (1, 4, *size)


def test_the_layers_are_those_that_the_paper_prints(network_config):
    layers = list(build_network(network_config, 1).body)
    convolutions = [layer for layer in layers if isinstance(layer, torch.nn.Conv2d)]
    assert [layer.kernel_size[0] for layer in convolutions] == [11, 5, 5, 5, 5, 5]
    assert [layer.dilation[0] for layer in convolutions] == [1, 1, 1, 1, 2, 4]
    up = [layer for layer in layers if isinstance(layer, torch.nn.ConvTranspose2d)]
    assert [(layer.kernel_size[0], layer.stride[0]) for layer in up] == [(3, 2), (3, 2)]


@pytest.mark.parametrize(("attention", "blocks"), [("none", 0), ("down", 4), ("up", 2), ("all", 8)])
def test_attention_is_where_it_is_wanted(network_config, attention, blocks):
    network = build_network(network_config, 1, attention)
    assert sum(isinstance(layer, SpatialAttention) for layer in network.modules()) == blocks
    assert network(torch.randn(2, 1, 16, 16)).shape == (2, 4, 16, 16)


def test_attention_is_a_factor_per_pixel_between_0_and_1():
    features = torch.rand(2, 3, 9, 9) + 0.5
    factor = SpatialAttention()(features) / features
    torch.testing.assert_close(factor[:, :1].expand(-1, 3, -1, -1), factor)
    assert 0 < factor.min() <= factor.max() < 1


def test_the_seed_decides_the_weights_and_the_global_generator_is_left_alone(network_config):
    state = torch.get_rng_state()
    one, same, other = (build_network(network_config, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one.heads.weight, same.heads.weight)
    assert not torch.equal(one.heads.weight, other.heads.weight)


def test_baselines_have_no_attention(network_config):
    with pytest.raises(InputError, match="attention"):
        build_network(network_config, 1, "all", "ggcnn2")
