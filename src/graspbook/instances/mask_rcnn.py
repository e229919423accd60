"""Mask R-CNN behind the same interface as Mask2Former (`selfsup` paper, §III-B.4).

The method only makes training images, so it "can be used with any off-the-shelf instance segmentation model". This
one is torchvision's, with a backbone of ours and boxes of the size of the objects. It has no notion of a query,
hence none of the baselines that change Mask2Former's criterion.
"""

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torchvision.models.detection import MaskRCNN as TorchvisionMaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign, masks_to_boxes

from graspbook.core.errors import InputError
from graspbook.instances.config import MaskRCNNSettings
from graspbook.instances.model import Batch, score_within
from graspbook.nn.backbone import IMAGENET_MEAN, IMAGENET_STD
from graspbook.nn.registry import build_backbone
from graspbook.nn.weights import Pretrained, load_body


class _Pyramid(nn.Module):
    """Backbone and Feature Pyramid Network."""

    def __init__(self, config: MaskRCNNSettings):
        super().__init__()
        self.body = build_backbone(config.backbone)
        self.fpn = FeaturePyramidNetwork(list(self.body.channels), config.channels)
        self.out_channels = config.channels

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return self.fpn(self.body(x))


class _AtItsSize(GeneralizedRCNNTransform):
    """Leaves images as large as they come; torchvision's own `_skip_resize` holds in training only."""

    def resize(self, image: Tensor, target: dict[str, Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor] | None]:
        return image, target


class MaskRCNN(nn.Module):
    """See `graspbook.instances.model.InstanceModel`."""

    def __init__(self, config: MaskRCNNSettings):
        super().__init__()
        self.config = config
        pyramid = _Pyramid(config)
        levels, depth = ["0", "1", "2", "3"], config.channels
        self.net = TorchvisionMaskRCNN(
            pyramid,
            rpn_anchor_generator=AnchorGenerator(
                tuple(tuple(sides) for sides in config.anchors), ((0.5, 1.0, 2.0),) * len(levels)
            ),
            rpn_batch_size_per_image=config.anchors_compared,
            rpn_pre_nms_top_n_train=4 * config.regions,
            rpn_post_nms_top_n_train=4 * config.regions,
            rpn_pre_nms_top_n_test=4 * config.regions,
            rpn_post_nms_top_n_test=2 * config.regions,
            box_roi_pool=MultiScaleRoIAlign(levels, 7, 1),
            box_head=TwoMLPHead(depth * 7**2, config.hidden),
            box_predictor=FastRCNNPredictor(config.hidden, 2),
            box_batch_size_per_image=config.regions,
            box_score_thresh=0.03,
            mask_roi_pool=MultiScaleRoIAlign(levels, config.mask_side, 1),
            mask_head=MaskRCNNHeads(depth, (depth,) * config.mask_layers, 1),
            mask_predictor=MaskRCNNPredictor(depth, depth, 2),
        )
        self.net.transform = _AtItsSize(1, 1, list(IMAGENET_MEAN), list(IMAGENET_STD))

    def loss(self, batch: Batch, generator: Generator) -> Tensor:
        """See `InstanceModel.loss`; the sum of torchvision's five losses.

        Raises:
            InputError: An image has unlabelled objects (`Batch.single`).
        """
        if batch.single.any():
            raise InputError("single objects: only 'mask2former' can learn from images with one label among others")
        one_class = [torch.ones(len(masks), dtype=torch.long, device=masks.device) for masks in batch.masks]
        return self.loss_of(list(batch.images), torchvision_targets(batch.masks, one_class), generator)

    def loss_of(self, images: list[Tensor], targets: list[dict[str, Tensor]], generator: Generator) -> Tensor:
        """The sum of torchvision's five losses.

        Args:
            images: The RGB images in 0..1, float [3, h, w] each.
            targets: The objects of each image, as `torchvision_targets` lists them.
            generator: The source, on the CPU, of torchvision's choices of anchors and regions.
        """
        seed = int(torch.randint(2**62, (), generator=generator))
        # torchvision draws samples from the default generator: it is lent a state for that, and gets its own back
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return sum(self.net(images, targets).values())

    def detect(self, images: Float[Tensor, "b 3 h w"]) -> list[tuple[Tensor, Tensor]]:
        """See `InstanceModel.detect`; score = probability of an object x mean probability within its mask."""
        found = []
        for result in self.net(list(images)):
            masks = result["masks"][:, 0]
            inside = masks > 0.5
            found.append((result["scores"] * score_within(masks, inside), inside))
        return found

    def train(self, mode: bool = True) -> "MaskRCNN":
        """As in every module, but batch normalisation keeps the pretrained statistics, scales and offsets."""
        super().train(mode)
        for module in self.net.backbone.body.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval().requires_grad_(False)
        return self

    def backbone_parameters(self) -> list[nn.Parameter]:
        """See `InstanceModel.backbone_parameters`."""
        return [parameter for parameter in self.net.backbone.body.parameters() if parameter.requires_grad]

    def load_pretrained(self, pretrained: Pretrained) -> None:
        """Load a backbone's weights, and a detector's pyramid where it is as wide as this one.

        Args:
            pretrained: The weights of the backbone, and those of a pyramid, if any.

        Raises:
            InputError: The weights are not those of this backbone, or the pyramid has another number of channels.
        """
        load_body(self.net.backbone.body, pretrained.body, f"pretrained weights of {self.config.backbone!r}")
        if pretrained.fpn is not None:
            try:
                self.net.backbone.fpn.load_state_dict(pretrained.fpn)
            except RuntimeError as error:
                raise InputError(f"channels: {self.config.channels} does not fit the pretrained pyramid") from error


def torchvision_targets(masks: list[Tensor], labels: list[Tensor]) -> list[dict[str, Tensor]]:
    """The objects of images as torchvision's detectors take them.

    Args:
        masks: The masks of each image's objects, bool [n_i, h, w]; n_i may be 0.
        labels: The classes of each image's objects, from 1, int64 [n_i].

    Returns:
        The `boxes`, `labels` and `masks` of each image. Boxes are a pixel wider than usual, so that none is empty.
    """
    targets = []
    for own, classes in zip(masks, labels, strict=True):
        boxes = masks_to_boxes(own) if len(own) else torch.zeros(0, 4, device=own.device)
        boxes = boxes + boxes.new_tensor([0, 0, 1, 1])
        targets.append({"boxes": boxes, "labels": classes, "masks": own.to(torch.uint8)})
    return targets
