"""ResNet-50 (He et al. 2016), the `selfsup` paper's backbone (§III-A)."""

from collections import OrderedDict

from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models import resnet50

from graspbook.nn.backbone import Backbone


class ResNet50(Backbone):
    """ResNet-50 without its classifier; 23.5 M parameters."""

    channels = (256, 512, 1024, 2048)

    def __init__(self):
        super().__init__()
        whole = resnet50()
        for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"):
            self.add_module(name, getattr(whole, name))

    def forward(self, x: Float[Tensor, "b c h w"]) -> OrderedDict[str, Tensor]:
        """Compute the four feature maps.

        Args:
            x: The images, float [b, c, h, w].

        Returns:
            The feature maps at strides 4, 8, 16 and 32 under the keys "0" to "3".
        """
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
