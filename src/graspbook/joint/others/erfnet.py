"""ERFNet [28]: residual blocks whose 3x3 convolutions are a 3x1 and a 1x3 one, some of them dilated (Table II)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu

CHANNELS = (16, 64, 128)
"""At strides 2, 4 and 8."""
DILATIONS = (2, 4, 8, 16, 2, 4, 8, 16)
"""Of the blocks at stride 8."""


class ERFNet(nn.Module):
    """Three steps down to stride 8, three transposed convolutions up.

    Args:
        classes: Number of classes.
        width: Factor on the number of channels.
    """

    stride = 8

    def __init__(self, classes: int, width: float = 1.0) -> None:
        super().__init__()
        a, b, c = (max(count // 4, round(width * count), 8) for count in CHANNELS)
        self.encoder = nn.Sequential(
            _Down(3, a),
            _Down(a, b),
            *(_Factorised(b, 1, 0.03) for _ in range(5)),
            _Down(b, c),
            *(_Factorised(c, dilation, 0.3) for dilation in DILATIONS),
        )
        self.decoder = nn.Sequential(
            *(_up(c, b), _Factorised(b, 1, 0.0), _Factorised(b, 1, 0.0)),
            *(_up(b, a), _Factorised(a, 1, 0.0), _Factorised(a, 1, 0.0)),
            nn.ConvTranspose2d(a, classes, 2, stride=2),
        )

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c h w"]:
        """Computes class logits of each pixel.

        Args:
            x: Normalised RGB images, [b, 3, h, w], whose sides are multiples of 8.
        """
        return self.decoder(self.encoder(x))


class _Down(nn.Module):
    """Half the resolution: a strided convolution beside a maximum."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, after - before, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        return relu(self.norm(torch.cat([self.convolution(x), max_pool2d(x, 2)], 1)))


class _Factorised(nn.Module):
    """The paper's `non-bottleneck-1D`."""

    def __init__(self, channels: int, dilation: int, dropped: float) -> None:
        super().__init__()

        def pair(step: int) -> list[nn.Module]:
            return [
                nn.Conv2d(channels, channels, (3, 1), padding=(step, 0), dilation=(step, 1)),
                nn.ReLU(inplace=True),
                nn.Conv2d(channels, channels, (1, 3), padding=(0, step), dilation=(1, step)),
                nn.BatchNorm2d(channels),
            ]

        self.inner = nn.Sequential(*pair(1), nn.ReLU(inplace=True), *pair(dilation), nn.Dropout2d(dropped))

    def forward(self, x: Tensor) -> Tensor:
        return relu(x + self.inner(x))


def _up(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )
