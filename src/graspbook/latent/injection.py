"""How the code reaches the decoder: joined with every level of the pyramid before region proposal (§III-B)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from graspbook.latent.config import LatentSettings


class Injection(nn.Module):
    """Tiles a code over the image, joins it with features, and projects both back to the features' channels.

    "Tile, concatenate, convolve" is linear in both parts, so the first convolution, 1x1, is computed as the sum of one
    of the features, which K codes of an image share, and one of the code, which all places share. All levels have the
    same weights.

    Args:
        channels: Channels of the pyramid's features.
        settings: Settings of the code.
    """

    def __init__(self, channels: int, settings: LatentSettings) -> None:
        super().__init__()
        self.residual, self.coordinates = settings.residual, settings.coordinates
        self.image = nn.Conv2d(channels + 2 * self.coordinates, channels, 1)
        self.code = nn.Linear(settings.dimensions, channels, bias=False)
        self.mix = nn.Conv2d(channels, channels, 3, padding=1)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, features: dict[str, Tensor], codes: Float[Tensor, "b k d"]) -> dict[str, Tensor]:
        """Features of b images with k codes each, as those of b x k images, the codes of an image together.

        Args:
            features: Features of b images by level, [b, c, h, w] each.
            codes: K codes for each image, [b, k, d].
        """
        count, joined = codes.shape[1], {}
        code = self.code(codes).flatten(0, 1)[:, :, None, None]
        for level, feature in features.items():
            image = self.image(self._placed(feature)).repeat_interleave(count, 0)
            mixed = self.out(F.relu(self.mix(F.relu(image + code))))
            joined[level] = mixed + feature.repeat_interleave(count, 0) if self.residual else mixed
        return joined

    def _placed(self, feature: Float[Tensor, "b c h w"]) -> Tensor:
        """Features with two more channels, x and y from -1 to 1, where the settings say so.

        A tiled code says the same everywhere; only with coordinates can it mean one thing here and another there.
        """
        if not self.coordinates:
            return feature
        y, x = (torch.linspace(-1, 1, side, device=feature.device) for side in feature.shape[2:])
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")).to(feature.dtype)
        return torch.cat([feature, grid.expand(len(feature), -1, -1, -1)], 1)
