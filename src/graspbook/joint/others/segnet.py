"""SegNet [2]: VGG-16's convolutions, and the same backwards; maxima go back to where they were found (Table II)."""

from __future__ import annotations

import itertools

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, max_unpool2d

CHANNELS = (64, 128, 256, 512, 512)
LAYERS = (2, 2, 3, 3, 3)
"""VGG-16's blocks."""


class SegNet(nn.Module):
    """Five blocks down, five up; between them only the places of the maxima, no features.

    Args:
        classes: Number of classes.
        width: Factor on the number of channels.
    """

    stride = 2 ** len(CHANNELS)

    def __init__(self, classes: int, width: float = 1.0) -> None:
        super().__init__()
        sizes = [max(8, round(width * count)) for count in CHANNELS]
        self.down = nn.ModuleList(
            _block([before] + [own] * layers) for before, own, layers in zip([3, *sizes], sizes, LAYERS, strict=False)
        )
        self.up = nn.ModuleList(
            _block([own] * layers + [before])
            for before, own, layers in zip([sizes[0], *sizes], sizes, LAYERS, strict=False)
        )
        self.last = nn.Conv2d(sizes[0], classes, 3, padding=1)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c h w"]:
        """Computes class logits of each pixel.

        Args:
            x: Normalised RGB images, [b, 3, h, w], whose sides are multiples of 32.
        """
        maxima = []
        for block in self.down:
            x, places = max_pool2d(block(x), 2, return_indices=True)
            maxima.append(places)
        for block, places in zip(reversed(self.up), reversed(maxima), strict=True):
            x = block(max_unpool2d(x.contiguous(), places, 2))
        return self.last(x)


def _block(channels: list[int]) -> nn.Sequential:
    layers = []
    for before, after in itertools.pairwise(channels):
        layers += [
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
