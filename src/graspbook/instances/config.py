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
        backbone: The name of the backbone ("resnet50").
        queries: The number of queries, which is the largest number of objects that can be found in an image (100).
        hidden: The number of channels of pixel decoder and transformer decoder (256), a multiple of 32: they are
            normalised in 32 groups.
        encoder_layers: The number of layers of the pixel decoder's transformer encoder (6).
        encoder_feedforward: The number of hidden channels of these layers' feed-forward networks (1024).
        decoder_layers: The number of mask predictions, that of the queries before the first layer included (10, that is
            9 layers).
        feedforward: The number of hidden channels of the transformer decoder's feed-forward networks (2048).
        points: The number of points at which each object's mask is compared with a prediction (12544).
        positions: Whether the features that masks are made of are told where in the image they are (no). A mask is
            where the features agree with a query; equal objects in two places have to differ in something before one
            query can have one of them, and convolutions alone are slow to learn that.
        robust_margin: The lowest IoU that the robust set loss allows between a mask and its label, 0.7 in §V-A.2; None
            for the usual loss.
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
        backbone: The name of the backbone ("resnet50").
        channels: The number of channels of the Feature Pyramid Network and the mask head (256).
        hidden: The number of channels of the box head's two layers (1024).
        mask_layers: The number of convolutions of the mask head (4).
        anchors: The sides of the square anchors at strides 4, 8, 16 and 32, in pixels, equally many for each; every
            anchor also comes half and twice as wide as high (32 to 512, one each at five strides, for images 800 high).
        regions: The number of boxes per image that the box head learns from (512); there are four times as many
            proposals (2000).
        mask_side: The side of the square feature map that the mask head reads of each region, in cells; it predicts
            twice as many pixels a side (14).
        anchors_compared: The number of anchors per image that the region proposal network learns from (256).

    Raises:
        ValueError: `anchors` has not four strides, or not as many sides at each.
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
