"""The network that gives every pixel a descriptor (§IV-C).

A backbone with output stride 8, its deeper layers dilated instead of strided, a 1x1 convolution to D dimensions,
upsampled bilinearly. The paper takes ResNet-34; `standard` takes MobileNetV2 up to its 13th bottleneck, whose ImageNet
weights are bundled.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import grid_sample

from graspbook.nn.backbone import normalise_rgb
from graspbook.nn.mobilenet import MobileNetV2
from graspbook.nn.weights import Pretrained, load_body

STRIDE = 8
"""Pixels between the centres of two cells; cell (i, j) is centred on pixel (8 i, 8 j)."""
LAST_BLOCK, FIRST_DILATED, FROZEN = 14, 7, 4
"""MobileNetV2: blocks that are kept, the first whose stride becomes a dilation, those at the start that never learn."""


class DescriptorNetwork(nn.Module):
    """MobileNetV2 at stride 8 with D output channels.

    Batch normalisation keeps ImageNet's statistics and is folded into the convolution before it: a batch of two
    pictures of one scene has no useful statistics of its own.
    """

    def __init__(self, dimensions: int, pretrained: Pretrained | None) -> None:
        super().__init__()
        self.dimensions = dimensions
        backbone = MobileNetV2()
        if pretrained is not None:
            load_body(backbone, pretrained.body, "the bundled weights")
        blocks = _folded(backbone.features[:LAST_BLOCK].eval())
        blocks[FIRST_DILATED].conv[1][0].stride = (1, 1)
        for block in blocks[FIRST_DILATED + 1 :]:
            block.conv[1][0].dilation = block.conv[1][0].padding = (2, 2)
        self.stem, self.trunk = blocks[:FROZEN], blocks[FROZEN:]
        self.stem.requires_grad_(False)
        self.head = nn.Conv2d(96, dimensions, 1)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d k l"]:
        """One descriptor a cell.

        Args:
            images: RGB in 0..1.

        Returns:
            k = ceil(h / 8) and l = ceil(w / 8) cells.
        """
        with torch.no_grad():
            x = self.stem(normalise_rgb(images))
        return self.head(self.trunk(x))


def to_input(images: UInt8[Tensor, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
    """RGB in 0..255 as the network takes it."""
    return images.permute(0, 3, 1, 2).float() / 255


def descriptors_at(cells: Float[Tensor, "d k l"], uv: Float[Tensor, "n 2"]) -> Float[Tensor, "n d"]:
    """Descriptors at pixel coordinates (u, v), bilinear between cells; beyond the last cell, that cell's."""
    last = torch.tensor([cells.shape[2] - 1, cells.shape[1] - 1], dtype=uv.dtype, device=uv.device)
    grid = 2 * uv / STRIDE / last.clamp(min=1) - 1
    sampled = grid_sample(cells[None], grid[None, None], mode="bilinear", padding_mode="border", align_corners=True)
    return sampled[0, :, 0].T


@torch.no_grad()
def describe(network: DescriptorNetwork, image: UInt8[Tensor, "h w 3"]) -> Float[Tensor, "p d"]:
    """The descriptor image: one descriptor for each of the h w pixels, row by row."""
    height, width = image.shape[:2]
    v, u = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    cells = network(to_input(image[None]))[0]
    return descriptors_at(cells, torch.stack([u, v], -1).reshape(-1, 2).to(cells))


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
