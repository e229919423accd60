"""Mask R-CNN [12] on the same pictures (Table III): that of `graspbook.instances`, with the eight classes."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Generator, Tensor
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.mask_rcnn import MaskRCNNPredictor

from graspbook.data.cityscapes import CLASSES
from graspbook.instances.config import MaskRCNNSettings
from graspbook.instances.mask_rcnn import MaskRCNN, torchvision_targets
from graspbook.instances.model import ClassBatch, score_within
from graspbook.instances.types import LabelMap
from graspbook.joint.segment import SceneSegmentation
from graspbook.joint.superpixels import as_rgb

SURE = 0.5
"""From this score on, what is found colours the semantic picture; average precision counts all of it."""


class ClassMaskRCNN(MaskRCNN):
    """Mask R-CNN with the eight classes.

    Args:
        config: Settings of Mask R-CNN.
    """

    def __init__(self, config: MaskRCNNSettings) -> None:
        super().__init__(config)
        self.net.roi_heads.box_predictor = FastRCNNPredictor(config.hidden, CLASSES)
        self.net.roi_heads.mask_predictor = MaskRCNNPredictor(config.channels, config.channels, CLASSES)

    def class_loss(self, batch: ClassBatch, generator: Generator) -> Tensor:
        """The sum of torchvision's five losses.

        Args:
            batch: Images with their instances, of classes 1 to 8.
            generator: Source, on the CPU, of torchvision's choices of anchors and regions.
        """
        return self.loss_of(list(batch.images), torchvision_targets(batch.masks, batch.classes), generator)


@torch.inference_mode()
def segment_things(network: ClassMaskRCNN, picture: np.ndarray) -> SceneSegmentation:
    """Segments a picture with Mask R-CNN.

    Masks may overlap, the labels of pixels may not: a pixel is the surest one's. The score is the probability of the
    class times the mean probability within the mask.

    Args:
        network: Network in evaluation mode.
        picture: Grey or RGB picture of any size, uint8 or uint16.
    """
    image = as_rgb(picture)
    device = next(network.parameters()).device
    start = time.perf_counter()
    result = network.net([torch.from_numpy(image).to(device).permute(2, 0, 1).float() / 255])[0]
    masks = result["masks"][:, 0]
    inside = masks > 0.5
    scores = (result["scores"] * score_within(masks, inside)).double().cpu().numpy()
    inside, labels = inside.cpu().numpy(), result["labels"].cpu().numpy()
    order = np.argsort(-scores, kind="stable")
    ids, classes = np.zeros(image.shape[:2], np.int32), np.zeros(image.shape[:2], np.uint8)
    for number in range(len(order), 0, -1):
        place = order[number - 1]
        ids[inside[place]] = number
        if scores[place] >= SURE:
            classes[inside[place]] = labels[place]
    spent = 1e3 * (time.perf_counter() - start)
    return SceneSegmentation(classes, LabelMap(ids, labels[order].astype(np.int64)), scores[order], {"network": spent})
