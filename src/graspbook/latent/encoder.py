"""Encoder and prior of Latent-MaskRCNN (§III-B, appendix A, Figure 6): from features, and labels, to a Gaussian."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.ops import MultiScaleRoIAlign, roi_align

from graspbook.latent.config import LatentSettings
from graspbook.latent.gaussian import LOWEST, Gaussian

LEVELS = ("0", "1", "2", "3")
"""Of the Feature Pyramid Network, strides 4, 8, 16 and 32."""
SIZES = 7
"""Numbers that the encoder may be told of an image: mean and spread of three log-sizes, and the log-count."""
STARTING_LOG_VARIANCE = -6.0
"""Of a calibrated encoder: its codes stand out from their noise at once."""
Targets = list[dict[str, Tensor]]
"""For each image `boxes` [n, 4], `labels` [n] from 1, `masks` uint8 [n, h, w], as torchvision has them."""


class Prior(nn.Module):
    """p(z|x): convolutions on the pyramid, mean over space, a small MLP.

    Args:
        channels: Channels of the pyramid's features.
        settings: Settings of the code.
    """

    def __init__(self, channels: int, settings: LatentSettings) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
        )
        self.mlp = nn.Sequential(
            nn.Linear(channels * (len(LEVELS) - 1), settings.hidden),
            nn.ReLU(),
            nn.Linear(settings.hidden, 2 * settings.dimensions),
        )
        nn.init.normal_(self.mlp[-1].weight, std=0.01)
        nn.init.zeros_(self.mlp[-1].bias)

    def forward(self, features: dict[str, Tensor]) -> Gaussian:
        """The prior of each image; the finest level, which sees least of the whole, is left out.

        Args:
            features: Features of the pyramid by level, [b, c, h, w] each.
        """
        pooled = [self.conv(features[level]).mean((2, 3)) for level in LEVELS[1:]]
        return Gaussian.of(self.mlp(torch.cat(pooled, 1)))


class Encoder(nn.Module):
    """q(z|y, x): a reversed mask head for each instance, a fully connected graph of instances, the mean over them.

    Args:
        channels: Channels of the pyramid's features.
        settings: Settings of the code.
        classes: Number of classes of instances.
    """

    def __init__(self, channels: int, settings: LatentSettings, classes: int) -> None:
        super().__init__()
        self.side, self.hidden, self.with_sizes = settings.side, settings.hidden, settings.sizes
        self.pool = MultiScaleRoIAlign(list(LEVELS), self.side, 1)
        self.cnn = nn.Sequential(
            nn.Conv2d(channels + 1, channels, 3, 2, 1), nn.ReLU(), nn.Conv2d(channels, channels, 3, 2, 1), nn.ReLU()
        )
        self.embed = nn.Linear(channels * (-(-self.side // 4)) ** 2 + 4, self.hidden)
        self.kind = nn.Embedding(classes, self.hidden) if classes > 1 else None
        self.own = nn.ModuleList(nn.Linear(self.hidden, self.hidden) for _ in range(settings.rounds))
        self.other = nn.ModuleList(nn.Linear(self.hidden, self.hidden, bias=False) for _ in range(settings.rounds))
        self.update = nn.ModuleList(nn.Linear(self.hidden, self.hidden) for _ in range(settings.rounds))
        self.out = nn.Linear(self.hidden + SIZES * self.with_sizes, 2 * settings.dimensions)

    def forward(self, features: dict[str, Tensor], targets: Targets, sizes: list[tuple[int, int]]) -> Gaussian:
        """The posterior of each image.

        Args:
            features: Features of the pyramid by level, without a code, [b, c, h, w] each.
            targets: Boxes, labels and masks of each image's instances, of which there may be none.
            sizes: Height and width of each image, pixels.
        """
        return Gaussian.of(self.out(self.pooled(features, targets, sizes)))

    def pooled(
        self, features: dict[str, Tensor], targets: Targets, sizes: list[tuple[int, int]]
    ) -> Float[Tensor, "b e"]:
        """Input of the last layer: the mean over an image's nodes and, where the settings say so, its `SIZES`.

        Zeros where an image shows nothing.

        Args:
            features: Features of the pyramid by level, without a code, [b, c, h, w] each.
            targets: Boxes, labels and masks of each image's instances, of which there may be none.
            sizes: Height and width of each image, pixels.
        """
        counts = [len(target["boxes"]) for target in targets]
        boxes, masks = (torch.cat([target[name] for target in targets]) for name in ("boxes", "masks"))
        nodes = self._nodes(features, targets, boxes, masks[:, None].float(), sizes)
        wide_high = (boxes[:, 2:] - boxes[:, :2]).log()
        geometry = torch.cat([wide_high, masks.sum((1, 2), dtype=boxes.dtype).clamp(min=1).log()[:, None]], 1)
        result = []
        for node, shape in zip(nodes.split(counts), geometry.split(counts), strict=True):
            if not len(node):
                result.append(self.out.weight.new_zeros(self.out.in_features))
                continue
            for own, other, update in zip(self.own, self.other, self.update, strict=True):
                messages = F.relu(own(node)[:, None] + other(node)[None]).mean(1)  # to each from all
                node = node + F.relu(update(messages))
            parts = [node.mean(0)]
            if self.with_sizes:
                parts += [shape.mean(0), shape.std(0, correction=0), shape.new_tensor([len(shape) + 1.0]).log()]
            result.append(torch.cat(parts))
        return torch.stack(result)

    def _nodes(
        self, features: dict[str, Tensor], targets: Targets, boxes: Tensor, masks: Tensor, sizes: list
    ) -> Float[Tensor, "n f"]:
        """Each instance for itself: features and mask within its box, and where the box is."""
        regions = self.pool(features, [target["boxes"] for target in targets], sizes)
        numbered = torch.cat([torch.arange(len(masks), device=masks.device)[:, None].to(boxes), boxes], 1)
        shapes = roi_align(masks, numbered, self.side, sampling_ratio=2, aligned=True)
        height, width = sizes[0]
        place = boxes / boxes.new_tensor([width, height, width, height]) * 2 - 1
        embedded = self.embed(torch.cat([self.cnn(torch.cat([regions, shapes], 1)).flatten(1), place], 1))
        if self.kind is not None:
            embedded = embedded + self.kind(torch.cat([target["labels"] for target in targets]) - 1)
        return F.relu(embedded)

    @torch.no_grad()
    def calibrate(self, pooled: Float[Tensor, "n e"]) -> None:
        """Set the last layer so that what differs from image to image stands out from the code's noise from the start.

        Otherwise the decoder learns to ignore the code before the encoder has put anything into it (ours). Means get
        about unit variance along the main axes of `pooled`, variances start at `STARTING_LOG_VARIANCE`.

        Args:
            pooled: Outputs of `Encoder.pooled` for n images, [n, e].
        """
        mean, dimensions = pooled.mean(0), len(self.out.bias) // 2
        scale = 1 / (pooled.std(0) + 1e-3)
        if self.with_sizes:  # the sizes together weigh as much as the rest together
            scale[: self.hidden] /= (self.hidden / SIZES) ** 0.5
        _, size, axes = torch.linalg.svd((pooled - mean) * scale, full_matrices=False)
        length = len(pooled) ** 0.5 / size[:dimensions].clamp(min=size[0] * 0.5)
        rows = axes[:dimensions] * length[:, None] * scale
        self.out.weight.zero_()[: len(rows)] = rows
        self.out.bias[:dimensions] = -self.out.weight[:dimensions] @ mean
        self.out.bias[dimensions:] = max(STARTING_LOG_VARIANCE, LOWEST)
