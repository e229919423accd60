"""Which backbones there are."""

from graspbook.core.errors import InputError
from graspbook.nn.backbone import Backbone
from graspbook.nn.config import BackboneName


def build_backbone(name: BackboneName) -> Backbone:
    """A backbone with PyTorch's random initial weights, drawn from the default generator.

    Args:
        name: The name of the backbone.

    Raises:
        InputError: The name is not known.
    """
    # each imported only where it is built: torchvision takes seconds
    if name == "mobilenet_v2":
        from graspbook.nn.mobilenet import MobileNetV2

        return MobileNetV2()
    if name == "resnet50":
        from graspbook.nn.resnet import ResNet50

        return ResNet50()
    raise InputError(f"backbone: expected 'mobilenet_v2' or 'resnet50', got {name!r}")
