"""What every convolutional backbone gives: one feature map per scale, strides 4, 8, 16 and 32."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of RGB in 0..1 that the backbones' published weights expect to have been taken off."""
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of RGB in 0..1 that the backbones' published weights expect to have been divided by."""


class Backbone(nn.Module):
    """A backbone whose `forward` returns features at strides 4, 8, 16, 32 under the keys "0".."3".

    Attributes:
        channels: The numbers of channels of the four outputs, finest first.
    """

    channels: tuple[int, ...]

    @property
    def first_conv(self) -> nn.Conv2d:
        """The convolution that reads the image."""
        raise NotImplementedError

    def replace_first_conv(self, conv: nn.Conv2d) -> None:
        """Put `conv`, which may read another number of channels, in place of the first convolution.

        Args:
            conv: The new convolution.
        """
        raise NotImplementedError


def normalise_rgb(image: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """RGB in 0..1, minus ImageNet's mean, over its standard deviation.

    Args:
        image: The RGB images in 0..1, float [b, 3, h, w].

    Returns:
        The normalised images, float [b, 3, h, w].
    """
    mean = torch.tensor(IMAGENET_MEAN, dtype=image.dtype, device=image.device).view(3, 1, 1)
    std = torch.tensor(IMAGENET_STD, dtype=image.dtype, device=image.device).view(3, 1, 1)
    return (image - mean) / std
