"""The network that gives every pixel a descriptor (§IV-C).

A backbone with output stride 8, its deeper layers dilated instead of strided, a 1x1 convolution to D dimensions,
upsampled bilinearly. The paper takes ResNet-34 (`graspbook.don.resnet`); `standard` takes MobileNetV2 up to its tenth
bottleneck, whose ImageNet weights are bundled.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import grid_sample, pad

from graspbook.don.config import NetworkConfig
from graspbook.don.resnet import ResNetDescriptors, build_resnet
from graspbook.nn.backbone import normalise_rgb
from graspbook.nn.mobilenet import MobileNetV2
from graspbook.nn.weights import Pretrained, load_body, load_pretrained

STRIDE = 8
"""Pixels between the centres of two cells; cell (i, j) is centred on pixel (8 i, 8 j)."""
LAST_BLOCK, FIRST_DILATED, FROZEN = 11, 7, 4
"""MobileNetV2: blocks that are kept, the first whose stride becomes a dilation, those at the start that never learn."""


class DescriptorNetwork(nn.Module):
    """MobileNetV2 at stride 8 with D output channels.

    Batch normalisation keeps ImageNet's statistics and is folded into the convolution before it: a batch of two
    pictures of one scene has no useful statistics of its own.

    Args:
        dimensions: Number D of descriptor channels.
        pretrained: ImageNet weights of the backbone; None: random ones.
    """

    def __init__(self, dimensions: int, pretrained: Pretrained | None) -> None:
        super().__init__()
        self.dimensions = dimensions
        backbone = MobileNetV2()
        if pretrained is not None:
            load_body(backbone, pretrained.body, "the bundled weights")
        blocks = _folded(backbone.features[:LAST_BLOCK].eval())
        blocks[FIRST_DILATED].conv[1][0].stride = (1, 1)
        self.stem, self.trunk = blocks[:FROZEN], blocks[FROZEN : FIRST_DILATED + 1]
        self.dilated = blocks[FIRST_DILATED + 1 :]
        self.stem.requires_grad_(False)
        self.head = nn.Conv2d(self.dilated[-1].out_channels, dimensions, 1)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d k l"]:
        """Computes one descriptor for each cell of 8 x 8 pixels.

        Args:
            images: RGB in 0..1, [b, 3, h, w].

        Returns:
            Descriptors, [b, d, k, l], of k = ceil(h / 8) by l = ceil(w / 8) cells.
        """
        with torch.no_grad():
            x = self.stem(normalise_rgb(images))
        return self.head(dilate(self.dilated, self.trunk(x)))


def dilate(blocks: nn.Sequential, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
    """Inverted bottlenecks as if their 3x3 convolutions had a dilation of 2.

    A dilated convolution takes every other row and column only. So the cells are dealt out into four coarser pictures,
    through which the blocks go as they are: the same result, several times faster where the library has no good
    dilated convolution, as on a CPU.

    Args:
        blocks: Inverted bottlenecks of stride 1.
        x: Features at stride 8, [b, c, h, w].
    """
    batch, _, height, width = x.shape
    rows, columns = (height + 1) // 2, (width + 1) // 2
    x = pad(x, (0, 2 * columns - width, 0, 2 * rows - height))
    inside = None
    if (2 * rows, 2 * columns) != (height, width):  # beyond the rim a convolution sees zeros, after every layer
        inside = pad(torch.ones(1, 1, height, width, dtype=x.dtype, device=x.device), (0, width % 2, 0, height % 2))
        inside = _dealt_out(inside).repeat_interleave(batch, 0)
    x = _dealt_out(x)
    for block in blocks:
        wide = block.conv[0](x)
        wide = wide if inside is None else wide * inside
        narrow = block.conv[2:](block.conv[1](wide))
        x = x + narrow if block.use_res_connect else narrow
    x = x.unflatten(0, (2, 2, batch)).permute(2, 3, 4, 0, 5, 1).flatten(4, 5).flatten(2, 3)
    return x[..., :height, :width]


def _dealt_out(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "e c k l"]:
    """The four pictures of every other row and column, as a batch four times as long."""
    parts = [x[:, :, row::2, column::2] for row in (0, 1) for column in (0, 1)]
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)


Network = DescriptorNetwork | ResNetDescriptors
"""Takes images, gives a descriptor for each cell."""


def build_network(config: NetworkConfig, dimensions: int, seed: int, data_dir: Path = Path("data")) -> Network:
    """Builds a network as it is before training.

    Args:
        config: Backbone, and source of its weights.
        dimensions: Number D of descriptor channels.
        seed: Seed of the random weights.
        data_dir: Folder with the bundled weights.

    Raises:
        InputError: The weights are missing, or of another network.
    """
    torch.manual_seed(seed)
    if config.backbone == "resnet34":
        return build_resnet(dimensions, config.weights, config.location)
    return DescriptorNetwork(dimensions, load_pretrained(config.weights, config.backbone, data_dir, config.location))


def empty_network(config: NetworkConfig, dimensions: int) -> Network:
    """A network of the right shape, whose weights are still to be filled in.

    Args:
        config: Backbone of the network.
        dimensions: Number D of descriptor channels.
    """
    return build_network(dataclasses.replace(config, weights="random", location=None), dimensions, 0)


def to_input(images: UInt8[Tensor, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
    """Converts images to the network's input.

    Args:
        images: RGB in 0..255, uint8 [b, h, w, 3].

    Returns:
        RGB in 0..1, float32 [b, 3, h, w].
    """
    return images.permute(0, 3, 1, 2).float() / 255


def descriptors_at(cells: Float[Tensor, "d k l"], uv: Float[Tensor, "n 2"]) -> Float[Tensor, "n d"]:
    """Interpolates descriptors bilinearly between cells; beyond the last cell, that cell's.

    Args:
        cells: Descriptor of each cell, [d, k, l].
        uv: Pixel coordinates (u, v), [n, 2].
    """
    last = torch.tensor([cells.shape[2] - 1, cells.shape[1] - 1], dtype=uv.dtype, device=uv.device)
    grid = 2 * uv / STRIDE / last.clamp(min=1) - 1
    sampled = grid_sample(cells[None], grid[None, None], mode="bilinear", padding_mode="border", align_corners=True)
    return sampled[0, :, 0].T


@torch.no_grad()
def describe(network: Network, image: UInt8[Tensor, "h w 3"]) -> Float[Tensor, "p d"]:
    """The descriptor image: one descriptor for each of the h w pixels, row by row.

    Args:
        network: Descriptor network, on the image's device.
        image: RGB image, uint8 [h, w, 3].
    """
    cells = network(to_input(image[None]))[0]
    return descriptors_at(cells, pixel_grid(*image.shape[:2]).to(cells))


def pixel_grid(height: int, width: int) -> Float[Tensor, "p 2"]:
    """Coordinates (u, v) of all pixels, row by row.

    Args:
        height: Height of the image, pixels.
        width: Width of the image, pixels.
    """
    v, u = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([u, v], -1).reshape(-1, 2).float()


def _folded(module: nn.Module) -> nn.Module:
    """`module` with every batch normalisation folded into the convolution before it."""
    for child in module.children():
        _folded(child)
    if isinstance(module, nn.Sequential):
        for place in range(len(module) - 1):
            convolution, norm = module[place], module[place + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[place] = nn.utils.fusion.fuse_conv_bn_eval(convolution, norm)
                module[place + 1] = nn.Identity()
    return module
