import dataclasses

import pytest
import torch
from torch import nn

from graspbook.core.errors import InputError
from graspbook.joint.encoders import build_encoder, dilate

ENCODERS = ["mobilenet_v2", "darknet53"]


def built(name, config, stride):
    """An encoder of an output stride; the same random weights every time."""
    torch.manual_seed(1)
    return build_encoder(name, dataclasses.replace(config, encoder_stride=stride)).eval()


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("stride", [8, 16, 32])
def test_features_have_the_strides_and_channels_that_the_encoder_names(name, stride, network_config):
    made = built(name, network_config, stride)
    with torch.inference_mode():
        features = made(torch.rand(1, 3, 64, 128))
    assert list(features) == [step for step in (2, 4, 8, 16, 32) if step <= stride]
    for step, value in features.items():
        assert value.shape == (1, made.channels[step], 64 // step, 128 // step)


@pytest.mark.parametrize("name", ENCODERS)
def test_up_to_the_output_stride_dilation_changes_nothing(name, network_config):
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        features, whole = built(name, network_config, 16)(image), built(name, network_config, 32)(image)
    for step in (2, 4, 8):  # at 16 follow the layers that had stride 32
        torch.testing.assert_close(features[step], whole[step], atol=1e-5, rtol=1e-4)
    assert features[16].shape[1] == whole[32].shape[1]


def test_a_dilated_stack_computes_what_the_strided_one_does_where_that_has_elements():
    torch.manual_seed(0)
    plain = nn.Sequential(*(nn.Conv2d(2, 2, 3, stride, 1) for stride in (2, 1, 2, 1, 2, 1)))
    dense = nn.Sequential(*(nn.Conv2d(2, 2, 3, stride, 1) for stride in (2, 1, 2, 1, 2, 1)))
    dense.load_state_dict(plain.state_dict())
    assert dilate(dense, 1, 1, 2) == (8, 2)
    image = torch.rand(1, 2, 32, 48)
    with torch.inference_mode():
        fine, coarse = dense(image), plain(image)
    assert fine.shape[-2:] == (16, 24)
    torch.testing.assert_close(fine[..., ::4, ::4], coarse)  # à trous


def test_points_that_need_no_reach_are_left_alone():
    layers = nn.Sequential(nn.Conv2d(2, 2, 3, 2, 1), nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 3, 1, 1))
    assert dilate(layers, 1, 1, 1) == (2, 1)
    assert [layer.dilation for layer in layers] == [(1, 1), (1, 1), (2, 2)]
    assert [layer.stride for layer in layers] == [(1, 1)] * 3


def test_the_width_of_darknet_scales_its_channels(network_config):
    half, quarter = (
        build_encoder("darknet53", dataclasses.replace(network_config, darknet_width=width)) for width in (0.5, 0.25)
    )
    assert [half.channels[step] for step in (2, 4, 8)] == [2 * quarter.channels[step] for step in (2, 4, 8)]


def test_an_encoder_that_nobody_knows_and_a_file_that_is_missing_are_named(network_config, tmp_path):
    with pytest.raises(InputError, match="encoder: expected 'mobilenet_v2' or 'darknet53', got 'vgg'"):
        build_encoder("vgg", network_config)
    lost = str(tmp_path / "lost.safetensors")
    with pytest.raises(InputError, match=r"lost\.safetensors: missing"):
        build_encoder("darknet53", dataclasses.replace(network_config, darknet_width=1.0, darknet_location=lost))
