"""The grasp planning network f(I) = (Q, sin 2Phi, cos 2Phi, W) of §III-C.

Four downsampling layers with kernels of 11, 5, 5 and 5 pixels, two dilated 5x5 layers (dilation 2 and 4), two
transposed 3x3 convolutions of stride 2, and a 1x1 convolution to four maps. The paper says "ReLU and max-pooling" of
all four downsampling layers, but has two layers that upsample by 2: so two of the four pool, as in GG-CNN2 [16].
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graspbook.core.errors import InputError
from graspbook.mlgsl.config import Architecture, Attention, NetworkConfig
from graspbook.mlgsl.ggcnn import ggcnn, ggcnn2
from graspbook.training.seeds import generator

KERNELS = (11, 5, 5, 5)
DILATIONS = (2, 4)
MAPS = ("q", "sin", "cos", "w")
"""The channels of the output, in this order."""
ATTENTION_KERNEL = 7
"""Of CBAM [34]."""


class SpatialAttention(nn.Module):
    """SAM (§III-C, [34]): maximum and mean over the channels, a convolution, and a factor for each pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, ATTENTION_KERNEL, padding=ATTENTION_KERNEL // 2)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Features, each pixel weighted by what its channels and its neighbours say.

        Args:
            features: The features, float [B, C, H, W].
        """
        pooled = torch.stack([features.amax(1), features.mean(1)], 1)
        return features * torch.sigmoid(self.convolution(pooled))


class GraspNetwork(nn.Module):
    """A body that keeps the size of the image, and four maps.

    Args:
        body: The network from images [B, 1, H, W] to features [B, channels, H, W].
        channels: The number of channels of the features.
        step: The number that the sides of the body's images are multiples of, in pixels; other images are padded, and
            the maps cut.
    """

    def __init__(self, body: nn.Module, channels: int, step: int = 4) -> None:
        super().__init__()
        self.body, self.step = body, step
        self.heads = nn.Conv2d(channels, len(MAPS), 1)

    def forward(self, images: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 4 h w"]:
        """The maps Q (a logit, or a value, as the loss has it), sin 2Phi, cos 2Phi and W (see `maps.WIDEST`).

        Args:
            images: The heights above the table in decimetres that `maps.to_input` makes, float [B, 1, H, W].

        Returns:
            The maps, float [B, 4, H, W], in the order of `MAPS`.
        """
        height, width = images.shape[-2:]
        below, right = -height % self.step, -width % self.step
        if below or right:
            images = nn.functional.pad(images, (0, right, 0, below), mode="replicate")
        return self.heads(self.body(images))[..., :height, :width]


def build_network(
    config: NetworkConfig, seed: int, attention: Attention = "none", architecture: Architecture = "fcn"
) -> GraspNetwork:
    """A network with random weights, which the seed decides.

    Args:
        config: The sizes of the paper's network; other architectures have those of their authors.
        seed: The seed of the random weights.
        attention: The layers that end in a `SpatialAttention`.
        architecture: The architecture: "fcn" (§III-C), or that of a baseline of Table II.

    Raises:
        InputError: Attention is asked for in an architecture that has none.
    """
    if architecture != "fcn" and attention != "none":
        raise InputError(f"attention: '{attention}' is for the architecture 'fcn', not for '{architecture}'")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, 7).initial_seed())
        match architecture:
            case "ggcnn":
                return GraspNetwork(*ggcnn())
            case "ggcnn2":
                return GraspNetwork(*ggcnn2())
        return GraspNetwork(_fcn(config, attention), config.channels)


def _fcn(config: NetworkConfig, attention: Attention) -> nn.Sequential:
    layers: list[nn.Module] = []
    last = 1
    for number, kernel in enumerate(KERNELS, 1):
        layers += [nn.Conv2d(last, config.channels, kernel, padding=kernel // 2), nn.ReLU()]
        if number in config.pool_after:
            layers.append(nn.MaxPool2d(2))
        if attention in ("down", "all"):
            layers.append(SpatialAttention())
        last = config.channels
    for dilation in DILATIONS:
        layers += [nn.Conv2d(last, config.dilated_channels, 5, padding=2 * dilation, dilation=dilation), nn.ReLU()]
        if attention == "all":
            layers.append(SpatialAttention())
        last = config.dilated_channels
    for _ in range(2):
        layers += [nn.ConvTranspose2d(last, config.channels, 3, 2, padding=1, output_padding=1), nn.ReLU()]
        if attention in ("up", "all"):
            layers.append(SpatialAttention())
        last = config.channels
    return nn.Sequential(*layers)
