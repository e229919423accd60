import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.nn.backbone import IMAGENET_MEAN, IMAGENET_STD, normalise_rgb
from graspbook.nn.registry import build_backbone


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50"])
def test_features_have_the_declared_channels_and_strides(name):
    backbone = build_backbone(name).eval()
    features = backbone(torch.rand(1, 3, 64, 96))
    assert list(features) == ["0", "1", "2", "3"]
    for channels, stride, feature in zip(backbone.channels, (4, 8, 16, 32), features.values(), strict=True):
        assert feature.shape == (1, channels, 64 // stride, 96 // stride)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50"])
def test_first_convolution_can_be_replaced(name):
    backbone = build_backbone(name).eval()
    old = backbone.first_conv
    backbone.replace_first_conv(torch.nn.Conv2d(10, old.out_channels, old.kernel_size, old.stride, old.padding))
    assert backbone.first_conv.in_channels == 10
    assert backbone(torch.rand(1, 10, 32, 32))["0"].shape[-1] == 8


def test_unknown_backbone_is_named():
    with pytest.raises(InputError, match="resnet51"):
        build_backbone("resnet51")


def test_normalisation_maps_the_mean_to_zero_and_one_deviation_to_one():
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    image = torch.stack([mean, mean + std], 1).view(1, 3, 1, 2)
    expected = torch.tensor([0.0, 1.0]).expand(1, 3, 1, 2)
    assert torch.allclose(normalise_rgb(image), expected, atol=1e-6)
