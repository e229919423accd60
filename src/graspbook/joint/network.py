"""The network (§III-A, Figure 2): an encoder, and three decoders of one architecture on its features.

A decoder upsamples the deepest features step by step; at each step it concatenates the encoder's features of that
stride, squashes both with a 1x1 convolution and combines them with two 3x3 convolutions, until it has reached the
stride k of the grid of superpixels.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from graspbook.core.errors import InputError
from graspbook.data.cityscapes import CLASSES
from graspbook.joint.encoders import WIDEST_STRIDE, Encoder, build_encoder
from graspbook.joint.training_config import NetworkConfig, Row
from graspbook.nn.backbone import normalise_rgb
from graspbook.training.seeds import generator


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Outputs of the three decoders for B images, on the grid.

    Attributes:
        classes: Class logits, [b, c, h, w].
        embeddings: Embeddings, unbounded, [b, d, h, w].
        centres: Logits of the confidence that an element is a centre, [b, h, w]; None from a network without that
            decoder.
    """

    classes: Float[Tensor, "b c h w"]
    embeddings: Float[Tensor, "b d h w"]
    centres: Float[Tensor, "b h w"] | None


class Decoder(nn.Module):
    """Decodes features to one or several channels on the grid.

    Args:
        channels: Channels of the encoder's features, by stride.
        k: Stride of the grid, pixels.
        widths: Channels of the decoder at strides 16, 8, 4 and 2.
        out: Channels of the output.
    """

    def __init__(self, channels: dict[int, int], k: int, widths: tuple[int, ...], out: int) -> None:
        super().__init__()
        deepest, *skipped = sorted(channels, reverse=True)
        self._deepest, self._skipped = deepest, [stride for stride in skipped if stride >= k]
        steps, last = [], channels[deepest]
        for stride in self._skipped:
            width = widths[(16, 8, 4, 2).index(stride)]
            squash = _convolution(last + channels[stride], width, 1)
            steps.append(nn.Sequential(squash, _convolution(width, width, 3), _convolution(width, width, 3)))
            last = width
        self.steps = nn.ModuleList(steps)
        self.last = nn.Conv2d(last, out, 1)

    def forward(self, features: dict[int, Tensor]) -> Float[Tensor, "b out h w"]:
        """Computes the output at stride k.

        Args:
            features: Features of the encoder, by stride.
        """
        x = features[self._deepest]
        for stride, step in zip(self._skipped, self.steps, strict=True):
            skip = features[stride]
            x = step(torch.cat([interpolate(x, size=skip.shape[-2:], mode="bilinear"), skip], 1))
        return self.last(x)


class JointNetwork(nn.Module):
    """An encoder and its decoders.

    Args:
        encoder: Encoder that gives features by stride, one of them at stride k.
        k: Side of a superpixel and stride of the output, pixels.
        widths: Channels of the decoders at strides 16, 8, 4 and 2.
        embedding: Dimensions of an embedding.
        prior: Confidence pi that an element is a centre at the start of training; None: no such decoder.

    Raises:
        InputError: The encoder has no features at stride k, or k is its output stride.
    """

    def __init__(self, encoder: Encoder, k: int, widths: tuple[int, ...], embedding: int, prior: float | None) -> None:
        super().__init__()
        if k not in encoder.channels or k == max(encoder.channels):
            raise InputError(f"k: expected one of the strides {sorted(encoder.channels)[:-1]} of the encoder, got {k}")
        self.k, self.encoder = k, encoder
        self.semantic = Decoder(encoder.channels, k, widths, CLASSES)
        self.embedding = Decoder(encoder.channels, k, widths, embedding)
        self.centre = None
        if prior is not None:
            self.centre = Decoder(encoder.channels, k, widths, 1)
            nn.init.constant_(self.centre.last.bias, -math.log((1 - prior) / prior))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Prediction:
        """Computes the outputs of the decoders, on grids of ceil(H / k) x ceil(W / k).

        Sides that are no multiples of 32 are filled up by repeating the last row or column.

        Args:
            images: RGB in 0..1, [b, 3, h, w].
        """
        height, width = images.shape[-2:]
        below, right = -height % WIDEST_STRIDE, -width % WIDEST_STRIDE
        images = normalise_rgb(images)
        if below or right:
            images = pad(images, (0, right, 0, below), mode="replicate")
        features = self.encoder(images)
        rows, columns = -(-height // self.k), -(-width // self.k)

        def cut(decoder: Decoder) -> Tensor:
            return decoder(features)[..., :rows, :columns]

        centres = None if self.centre is None else cut(self.centre)[:, 0]
        return Prediction(cut(self.semantic), cut(self.embedding), centres)


def build_network(row: Row, config: NetworkConfig, seed: int, data_dir: Path = Path("data")) -> JointNetwork:
    """The network of a row; the seed decides its random weights.

    Args:
        row: Encoder, stride and decoders.
        config: Widths of the network, and sources of the encoders' weights.
        seed: Seed of the random weights.
        data_dir: Folder with the bundled weights.

    Raises:
        InputError: The encoder has no features of the row's stride.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, 11).initial_seed())
        encoder = build_encoder(row.encoder, config, data_dir)
        prior = config.prior if row.centres else None
        return JointNetwork(encoder, row.k, config.widths, config.embedding, prior)


def _convolution(channels: int, out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )
