"""Gated residual convolution and the upsampling block built on it (`selfsup` paper, §III-A)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class GatedResidual(nn.Module):
    """y = x + sigmoid(C2(x)) * C1(x), with C1 and C2 3x3 convolutions that keep the shape.

    The gate lets the network leave a feature alone where it is irrelevant, for instance on a reflection.

    Args:
        channels: The number of channels of input and output.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.value = nn.Conv2d(channels, channels, 3, padding=1)  # C1
        self.gate = nn.Conv2d(channels, channels, 3, padding=1)  # C2

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Apply the block.

        Args:
            x: The features, float [b, c, h, w].

        Returns:
            The new features, float [b, c, h, w].
        """
        return torch.addcmul(x, torch.sigmoid(self.gate(x)), self.value(x))


class GatedUpsample(nn.Module):
    """Gated residual convolution, transposed convolution that doubles height and width, ReLU.

    Args:
        in_channels: The number of channels of the input.
        out_channels: The number of channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.residual = GatedResidual(in_channels)
        self.upsample = nn.ConvTranspose2d(in_channels, out_channels, kernel_size=2, stride=2)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Apply the block.

        Args:
            x: The features, float [b, in_channels, h, w].

        Returns:
            The new features, float [b, out_channels, 2h, 2w].
        """
        return torch.relu(self.upsample(self.residual(x)))
