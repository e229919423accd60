"""MobileNetV2 (Sandler et al. 2018), whose ImageNet weights lie in `data/`."""

from collections import OrderedDict

from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from graspbook.nn.backbone import Backbone

TAPS = (3, 6, 13, 17)
"""The last block of each stride; features[18], the classifier's 1x1, is left out."""


class MobileNetV2(Backbone):
    """MobileNetV2 up to its last bottleneck (torchvision's `features[:18]`); 1.8 M parameters."""

    channels = (24, 32, 96, 320)

    def __init__(self):
        super().__init__()
        self.features = mobilenet_v2().features[:18]

    def forward(self, x: Float[Tensor, "b c h w"]) -> OrderedDict[str, Tensor]:
        """Compute the four feature maps.

        Args:
            x: The images, float [b, c, h, w].

        Returns:
            The feature maps at strides 4, 8, 16 and 32 under the keys "0" to "3".
        """
        outputs = OrderedDict()
        for index, block in enumerate(self.features):
            x = block(x)
            if index in TAPS:
                outputs[str(len(outputs))] = x
        return outputs

    @property
    def first_conv(self) -> nn.Conv2d:
        """See `Backbone`."""
        return self.features[0][0]

    def replace_first_conv(self, conv: nn.Conv2d) -> None:
        """See `Backbone`."""
        self.features[0][0] = conv
