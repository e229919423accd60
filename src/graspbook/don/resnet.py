"""The paper's own network: ResNet-34 with output stride 8 (§IV-C, as the reference implementation of [1])."""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models import ResNet34_Weights, resnet34
from torchvision.ops import FrozenBatchNorm2d

from graspbook.core.errors import InputError
from graspbook.nn.backbone import normalise_rgb
from graspbook.nn.config import WeightSource

HUB_NAME = "resnet34"
"""The location that fetches torchvision's ImageNet weights."""
DILATIONS = {"layer3": 2, "layer4": 4}
"""Stages whose stride becomes a dilation."""


class ResNetDescriptors(nn.Module):
    """ResNet-34 at stride 8 with D output channels; batch normalisation keeps ImageNet's statistics.

    Args:
        dimensions: Number D of descriptor channels.
    """

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.dimensions = dimensions
        whole = resnet34(norm_layer=FrozenBatchNorm2d)
        for name, dilation in DILATIONS.items():
            for block in getattr(whole, name):
                for part in (block.conv1, block.conv2):
                    part.stride, part.dilation, part.padding = (1, 1), (dilation, dilation), (dilation, dilation)
                if block.downsample is not None:
                    block.downsample[0].stride = (1, 1)
        self.stem = nn.Sequential(whole.conv1, whole.bn1, whole.relu, whole.maxpool)
        self.trunk = nn.Sequential(whole.layer1, whole.layer2, whole.layer3, whole.layer4)
        self.head = nn.Conv2d(512, dimensions, 1)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d k l"]:
        """One descriptor a cell; see `graspbook.don.network.DescriptorNetwork`.

        Args:
            images: RGB in 0..1, [b, 3, h, w].
        """
        return self.head(self.trunk(self.stem(normalise_rgb(images))))


def build_resnet(dimensions: int, weights: WeightSource, location: str | None) -> ResNetDescriptors:
    """Builds the network with ImageNet weights, or random ones.

    Args:
        dimensions: Number D of descriptor channels.
        weights: Source of the weights: "hub" or "random"; no ResNet is bundled.
        location: For "hub": "resnet34", or a file with torchvision's state of it; else unused.

    Raises:
        InputError: The weights are missing, or of another network.
    """
    network = ResNetDescriptors(dimensions)
    if weights == "random":
        return network
    if weights == "bundled":
        raise InputError("weights 'bundled': ResNet-34 is not bundled; use 'hub', or the backbone 'mobilenet_v2'")
    if location == HUB_NAME:
        state = ResNet34_Weights.DEFAULT.get_state_dict(check_hash=True)
    elif location is not None and Path(location).is_file():
        state = torch.load(location, map_location="cpu", weights_only=True)
    else:
        raise InputError(f"weights 'hub': {location!r} is neither a file nor {HUB_NAME!r}")
    places = {"conv1": "stem.0", "bn1": "stem.1"} | {f"layer{k + 1}": f"trunk.{k}" for k in range(4)}
    own = {}
    for key, value in state.items():
        name, _, rest = key.partition(".")
        if name in places and rest != "num_batches_tracked" and not rest.endswith(".num_batches_tracked"):
            own[f"{places[name]}.{rest}"] = value
    missing, unknown = network.load_state_dict(own, strict=False)
    if unknown or any(not key.startswith("head.") for key in missing):
        raise InputError(f"{location}: not the weights of ResNet-34")
    return network
