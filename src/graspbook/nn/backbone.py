"""Convolutional backbones that give one feature map per scale: strides 4, 8, 16 and 32."""

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models import mobilenet_v2, resnet50

from graspbook.errors import InputError
from graspbook.nn.config import BackboneName

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of RGB in 0..1 that both backbones' published weights expect to have been taken off."""
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of RGB in 0..1 that both backbones' published weights expect to have been divided by."""

MOBILENET_TAPS = (3, 6, 13, 17)  # last block of each stride; features[18], the classifier's 1x1, is left out


class Backbone(nn.Module):
    """A backbone whose `forward` returns features at strides 4, 8, 16, 32 under the keys "0".."3".

    Attributes:
        channels: Channels of the four outputs, finest first.
    """

    channels: tuple[int, ...]

    @property
    def first_conv(self) -> nn.Conv2d:
        """The convolution that reads the image."""
        raise NotImplementedError

    def replace_first_conv(self, conv: nn.Conv2d) -> None:
        """Put `conv`, which may read another number of channels, in place of the first convolution."""
        raise NotImplementedError


class MobileNetV2(Backbone):
    """MobileNetV2 up to its last bottleneck (torchvision's `features[:18]`); 1.8 M parameters."""

    channels = (24, 32, 96, 320)

    def __init__(self):
        super().__init__()
        self.features = mobilenet_v2().features[:18]

    def forward(self, x: Float[Tensor, "b c h w"]) -> OrderedDict[str, Tensor]:
        """Return the four feature maps."""
        outputs = OrderedDict()
        for index, block in enumerate(self.features):
            x = block(x)
            if index in MOBILENET_TAPS:
                outputs[str(len(outputs))] = x
        return outputs

    @property
    def first_conv(self) -> nn.Conv2d:
        """See `Backbone`."""
        return self.features[0][0]

    def replace_first_conv(self, conv: nn.Conv2d) -> None:
        """See `Backbone`."""
        self.features[0][0] = conv


class ResNet50(Backbone):
    """ResNet-50 without its classifier; 23.5 M parameters."""

    channels = (256, 512, 1024, 2048)

    def __init__(self):
        super().__init__()
        whole = resnet50()
        for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"):
            self.add_module(name, getattr(whole, name))

    def forward(self, x: Float[Tensor, "b c h w"]) -> OrderedDict[str, Tensor]:
        """Return the four feature maps."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        outputs = OrderedDict()
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            outputs[str(len(outputs))] = x
        return outputs

    @property
    def first_conv(self) -> nn.Conv2d:
        """See `Backbone`."""
        return self.conv1

    def replace_first_conv(self, conv: nn.Conv2d) -> None:
        """See `Backbone`."""
        self.conv1 = conv


def build_backbone(name: BackboneName) -> Backbone:
    """A backbone with PyTorch's random initial weights, drawn from the default generator.

    Raises:
        InputError: If `name` is not known.
    """
    if name == "mobilenet_v2":
        return MobileNetV2()
    if name == "resnet50":
        return ResNet50()
    raise InputError(f"backbone: expected 'mobilenet_v2' or 'resnet50', got {name!r}")


def normalise_rgb(image: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """RGB in 0..1, minus ImageNet's mean, over its standard deviation."""
    mean = torch.tensor(IMAGENET_MEAN, dtype=image.dtype, device=image.device).view(3, 1, 1)
    std = torch.tensor(IMAGENET_STD, dtype=image.dtype, device=image.device).view(3, 1, 1)
    return (image - mean) / std
