"""ENet [23]: an early fall to stride 8, thin bottlenecks, plain, dilated and asymmetric by turns (Table II)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, max_unpool2d, pad

CHANNELS = (16, 64, 128)
"""At strides 2, 4 and 8."""
TURNS = ("plain", 2, "asymmetric", 4, "plain", 8, "asymmetric", 16)
"""Bottlenecks of the second and third stage; numbers: dilations."""


class ENet(nn.Module):
    """A long encoder, a short decoder.

    Args:
        classes: Number of classes.
        width: Factor on the number of channels.
    """

    stride = 8

    def __init__(self, classes: int, width: float = 1.0) -> None:
        super().__init__()
        a, b, c = (max(count // 4, round(width * count), 8) for count in CHANNELS)
        self.first = nn.Conv2d(3, a - 3, 3, stride=2, padding=1, bias=False)
        self.first_norm = _norm(a)
        self.down_1, self.stage_1 = _Down(a, b), nn.Sequential(*(_Bottleneck(b, "plain", 0.01) for _ in range(4)))
        self.down_2 = _Down(b, c)
        self.stage_2 = nn.Sequential(*(_Bottleneck(c, turn, 0.1) for turn in 2 * TURNS))
        self.up_2, self.stage_4 = _Up(c, b), nn.Sequential(*(_Bottleneck(b, "plain", 0.1) for _ in range(2)))
        self.up_1, self.stage_5 = _Up(b, a), _Bottleneck(a, "plain", 0.1)
        self.last = nn.ConvTranspose2d(a, classes, 2, stride=2)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c h w"]:
        """Computes class logits of each pixel.

        Args:
            x: Normalised RGB images, [b, 3, h, w], whose sides are multiples of 8.
        """
        x = self.first_norm(torch.cat([self.first(x), max_pool2d(x, 2)], 1))
        x, places_1 = self.down_1(x)
        x, places_2 = self.down_2(self.stage_1(x))
        x = self.stage_4(self.up_2(self.stage_2(x), places_2))
        return self.last(self.stage_5(self.up_1(x, places_1)))


class _Bottleneck(nn.Module):
    """A quarter of the channels, one convolution of some kind, all of the channels; added to the input."""

    def __init__(self, channels: int, kind: str | int, dropped: float) -> None:
        super().__init__()
        thin = max(4, channels // 4)
        if kind == "asymmetric":
            middle = nn.Sequential(
                nn.Conv2d(thin, thin, (5, 1), padding=(2, 0), bias=False), nn.Conv2d(thin, thin, (1, 5), padding=(0, 2))
            )
        else:
            reach = 1 if kind == "plain" else int(kind)
            middle = nn.Conv2d(thin, thin, 3, padding=reach, dilation=reach)
        self.inner = nn.Sequential(
            nn.Conv2d(channels, thin, 1, bias=False),
            _norm(thin),
            middle,
            _norm(thin),
            nn.Conv2d(thin, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.Dropout2d(dropped),
        )
        self.after = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.after(x + self.inner(x))


class _Down(nn.Module):
    """Half the resolution; hands on where the maxima were."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        thin = max(4, before // 4)
        self.inner = nn.Sequential(
            nn.Conv2d(before, thin, 2, stride=2, bias=False),
            _norm(thin),
            nn.Conv2d(thin, thin, 3, padding=1),
            _norm(thin),
            nn.Conv2d(thin, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.after = nn.PReLU(after)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        largest, places = max_pool2d(x, 2, return_indices=True)
        made = self.inner(x)
        return self.after(made + pad(largest, (0, 0, 0, 0, 0, made.shape[1] - largest.shape[1]))), places


class _Up(nn.Module):
    """Twice the resolution: maxima back to their places, beside a transposed convolution."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        thin = max(4, before // 4)
        self.squash = nn.Sequential(nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after))
        self.inner = nn.Sequential(
            nn.Conv2d(before, thin, 1, bias=False),
            _norm(thin),
            nn.ConvTranspose2d(thin, thin, 2, stride=2),
            _norm(thin),
            nn.Conv2d(thin, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.after = nn.PReLU(after)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        return self.after(max_unpool2d(self.squash(x).contiguous(), places, 2) + self.inner(x))


def _norm(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(channels), nn.PReLU(channels))
