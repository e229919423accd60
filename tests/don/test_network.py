import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.don.config import NetworkConfig
from graspbook.don.network import STRIDE, DescriptorNetwork, build_network, describe, descriptors_at, dilate, to_input


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DescriptorNetwork(5, None).eval()


def test_a_cell_every_eight_pixels(network):
    assert network(torch.rand(2, 3, 40, 56)).shape == (2, 5, 5, 7)
    assert network(torch.rand(1, 3, 41, 57)).shape == (1, 5, 6, 8)


def test_a_cell_is_centred_on_its_pixel(network):
    """The gradient of a cell with respect to the image lies around pixel (8 i, 8 j)."""
    image = torch.rand(1, 3, 200, 200, requires_grad=True)
    network.stem.requires_grad_(False)
    features = network.trunk(network.stem(image))
    features[0, :, 12, 12].sum().backward()
    weight = image.grad[0].abs().sum(0).numpy().astype(float)
    v, u = np.mgrid[:200, :200]
    assert abs((u * weight).sum() / weight.sum() - 12 * STRIDE) < 3
    assert abs((v * weight).sum() / weight.sum() - 12 * STRIDE) < 3


def test_descriptors_are_bilinear_between_cells_and_those_of_the_last_cell_beyond():
    cells = torch.randn(3, 4, 5)
    at = lambda u, v: descriptors_at(cells, torch.tensor([[float(u), float(v)]]))[0]  # noqa: E731
    assert torch.allclose(at(16, 24), cells[:, 3, 2])
    assert torch.allclose(at(20, 8), (cells[:, 1, 2] + cells[:, 1, 3]) / 2, atol=1e-6)
    assert torch.allclose(at(8, 2), 0.75 * cells[:, 0, 1] + 0.25 * cells[:, 1, 1], atol=1e-6)
    assert torch.allclose(at(39, 31), cells[:, 3, 4])


def test_the_descriptor_image_has_the_cells_at_their_pixels(network):
    image = torch.randint(0, 256, (40, 56, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    cells = network(to_input(image[None]))[0]
    found = describe(network, image).reshape(40, 56, 5)
    assert torch.allclose(found[16, 24], cells[:, 2, 3], atol=1e-6)


def test_the_first_blocks_never_learn_and_nothing_is_normalised_by_the_batch(network):
    loss = network.train()(torch.rand(2, 3, 40, 40)).sum()
    loss.backward()
    assert all(parameter.grad is None for parameter in network.stem.parameters())
    assert network.head.weight.grad is not None
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())


def test_folding_keeps_what_the_backbone_computes():
    from graspbook.don.network import _folded
    from graspbook.nn.mobilenet import MobileNetV2

    torch.manual_seed(1)
    plain, folded = MobileNetV2().eval(), MobileNetV2().eval()
    for module in plain.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.3, 0.3)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    folded.load_state_dict(plain.state_dict())
    image = torch.rand(1, 3, 64, 64)
    assert torch.allclose(_folded(folded.features)(image), plain.features(image), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(8, 10), (7, 9), (15, 20)])
def test_dealing_out_equals_a_dilated_convolution(size):
    torch.manual_seed(2)
    blocks = DescriptorNetwork(3, None).dilated.eval()
    for parameter in blocks.parameters():
        torch.nn.init.normal_(parameter, 0.1, 0.2)
    x = torch.randn(2, 64, *size)
    found = dilate(blocks, x)
    for block in blocks:
        block.conv[1][0].dilation = block.conv[1][0].padding = (2, 2)
    assert torch.allclose(found, blocks(x), rtol=1e-3, atol=1e-4 * blocks(x).abs().max().item())


@pytest.mark.slow
def test_the_papers_network_has_a_cell_every_eight_pixels_and_refuses_other_weights(tmp_path):
    network = build_network(NetworkConfig("resnet34", "random", None), 4, 0)
    assert network(torch.rand(1, 3, 40, 48)).shape == (1, 4, 5, 6)
    with pytest.raises(InputError, match="not bundled"):
        build_network(NetworkConfig("resnet34", "bundled", None), 4, 0)
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="not the weights of ResNet-34"):
        build_network(NetworkConfig("resnet34", "hub", str(tmp_path / "other.pth")), 4, 0)
    from torchvision.models import resnet34

    torch.save(resnet34().state_dict(), tmp_path / "right.pth")
    build_network(NetworkConfig("resnet34", "hub", str(tmp_path / "right.pth")), 4, 0)
