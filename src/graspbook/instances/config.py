"""Configuration of the models that find instances, whatever the paper."""

from typing import Annotated, Literal

from annotated_types import Ge, Interval, MinLen, MultipleOf

from graspbook.core.configuration import Count, Positive, configuration
from graspbook.nn.config import BackboneName

ModelName = Literal["mask2former", "mask_rcnn"]
Margin = Annotated[float, Interval(gt=0, le=1)]
"""Lowest IoU with its label that a mask may have under the robust set loss; 1 is the plain loss."""


@configuration
class Mask2FormerSettings:
    """What Mask2Former is made of; transformers' defaults, which the paper has, in brackets.

    Attributes:
        backbone: ("resnet50").
        queries: most objects that can be found in an image (100).
        hidden: channels of pixel decoder and transformer decoder (256), which normalise them in 32 groups.
        encoder_layers: of the pixel decoder (6).
        encoder_feedforward: hidden channels of its layers (1024).
        decoder_layers: mask predictions, the queries' own before the first layer included (10, that is 9 layers).
        feedforward: hidden channels of the transformer decoder's layers (2048).
        points: where masks are compared, per object (12544).
        positions: whether the features that masks are made of are told where in the image they are (no). A mask
            is where the features agree with a query; equal objects in two places have to differ in something
            before one query can have one of them, and convolutions alone are slow to learn that.
        robust_margin: lowest IoU of the robust set loss, 0.7 in §V-A.2; None: the usual loss.
    """

    backbone: BackboneName
    queries: Count
    hidden: Annotated[int, Ge(32), MultipleOf(32)]
    encoder_layers: Count
    encoder_feedforward: Count
    decoder_layers: Annotated[int, Ge(2)]
    feedforward: Count
    points: Count
    positions: bool
    robust_margin: Margin | None


@configuration
class MaskRCNNSettings:
    """What Mask R-CNN is made of; torchvision's `maskrcnn_resnet50_fpn` in brackets.

    Attributes:
        backbone: ("resnet50").
        channels: of the Feature Pyramid Network and the mask head (256).
        hidden: of the box head's two layers (1024).
        mask_layers: convolutions of the mask head (4).
        anchors: sides of the square anchors at strides 4, 8, 16 and 32, two each, in pixels; each also comes half
            and twice as wide as high (32 to 512, one each at five strides, for images 800 high).
        regions: boxes per image that the box head learns from (512), four times as many proposals (2000).
        mask_side: the mask head reads regions of that many pixels a side and doubles them (14).
        anchors_compared: anchors per image that the proposals learn from (256).
    """

    backbone: BackboneName
    channels: Count
    hidden: Count
    mask_layers: Count
    anchors: tuple[Annotated[tuple[Positive, ...], MinLen(1)], ...]
    regions: Count
    mask_side: Count
    anchors_compared: Count

    def __post_init__(self) -> None:
        if len(self.anchors) != 4 or len({len(sides) for sides in self.anchors}) != 1:
            raise ValueError(f"anchors: expected four strides with as many sides each, got {self.anchors}")
