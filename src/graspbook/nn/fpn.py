"""Feature Pyramid Network on a backbone: its finest, stride-4 level (`selfsup` paper, §III-A, [26])."""

from jaxtyping import Float
from torch import Tensor, nn

from graspbook.nn.backbone import Backbone


class StrideFourFeatures(nn.Module):
    """Image to the stride-4 level of a Feature Pyramid Network.

    Only the finest level is computed to its end: the 3x3 convolutions that would finish the coarser levels
    have no reader here, so they are neither kept nor trained.

    Args:
        backbone: The backbone.
        channels: The number of channels of the features.
    """

    def __init__(self, backbone: Backbone, channels: int):
        from torchvision.ops import FeaturePyramidNetwork  # it takes seconds, and most who import this build none

        super().__init__()
        self.backbone = backbone
        self.fpn = FeaturePyramidNetwork(list(backbone.channels), channels)
        for level in range(1, len(backbone.channels)):
            self.fpn.layer_blocks[level] = nn.Identity()

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h4 w4"]:
        """Compute the features.

        Args:
            x: The images, float [b, c, h, w]; height and width must be multiples of 32.

        Returns:
            The features, float [b, channels, h/4, w/4].
        """
        return self.fpn(self.backbone(x))["0"]

    def load_fpn(self, state: dict[str, Tensor]) -> None:
        """Load the pyramid's weights from a torchvision detector's state, keys without `backbone.fpn.`.

        Args:
            state: The pyramid's weights by their names in the detector.

        Raises:
            RuntimeError: The number of channels differs (torchvision's detectors have 256).
        """
        wanted = {key: value for key, value in state.items() if key.startswith(("inner_blocks.", "layer_blocks.0."))}
        self.fpn.load_state_dict(wanted)
