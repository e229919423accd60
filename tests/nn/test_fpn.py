import pytest
import torch
from torchvision.ops import FeaturePyramidNetwork

from graspbook.nn.fpn import StrideFourFeatures
from graspbook.nn.registry import build_backbone


@pytest.fixture(scope="module")
def backbone():
    return build_backbone("mobilenet_v2").eval()


def test_gives_the_finest_level_of_torchvisions_pyramid(backbone):
    pyramid = FeaturePyramidNetwork(list(backbone.channels), 16)
    ours = StrideFourFeatures(backbone, 16)
    ours.load_fpn(pyramid.state_dict())
    x = torch.rand(2, 3, 64, 96)
    assert torch.equal(ours(x), pyramid(backbone(x))["0"])
    assert ours(x).shape == (2, 16, 16, 24)


def test_no_parameter_is_left_without_a_gradient(backbone):
    ours = StrideFourFeatures(backbone, 8)
    ours(torch.rand(1, 3, 32, 32)).sum().backward()
    assert all(parameter.grad is not None for parameter in ours.parameters())


def test_refuses_a_pyramid_of_another_width(backbone):
    with pytest.raises(RuntimeError, match="size mismatch"):
        StrideFourFeatures(backbone, 8).load_fpn(FeaturePyramidNetwork(list(backbone.channels), 16).state_dict())
