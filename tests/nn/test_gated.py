import torch

from graspbook.nn.gated import GatedResidual, GatedUpsample


def test_residual_follows_the_formula():
    block = GatedResidual(3).double()
    x = torch.randn(2, 3, 5, 7, dtype=torch.float64)
    expected = x + 1 / (1 + torch.exp(-block.gate(x))) * block.value(x)
    assert torch.allclose(block(x), expected, atol=1e-12)


def test_closed_gate_passes_the_input_on():
    block = GatedResidual(2)
    torch.nn.init.constant_(block.gate.bias, -1e4)
    x = torch.rand(1, 2, 4, 4)
    assert torch.equal(block(x), x)


def test_upsampling_doubles_the_size_and_sets_the_channels():
    assert GatedUpsample(4, 6)(torch.rand(2, 4, 3, 5)).shape == (2, 6, 6, 10)


def test_residual_gradients_are_right():
    block = GatedResidual(2).double()
    assert torch.autograd.gradcheck(block, torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True))
