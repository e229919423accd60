"""The networks that the paper compares with, made by their rows, and as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from graspbook.instances.config import MaskRCNNSettings
from graspbook.joint.others.mask_rcnn import ClassMaskRCNN, segment_things
from graspbook.joint.others.semantic import SemanticNetwork, segment_classes
from graspbook.joint.segment import SceneSegmentation
from graspbook.joint.training_config import NetworkConfig, Other
from graspbook.nn.model_file import ModelFiles
from graspbook.nn.weights import load_pretrained
from graspbook.training.seeds import generator

WEIGHTS = 12
"""Stream of random numbers of a seed."""


def build_other(
    row: Other, mask_rcnn: MaskRCNNSettings, network: NetworkConfig, seed: int, data_dir: Path = Path("data")
) -> nn.Module:
    """The network of a row; the seed decides its random weights.

    Args:
        row: Row that names the network.
        mask_rcnn: Settings of Mask R-CNN.
        network: Source of the weights of Mask R-CNN's MobileNetV2; another backbone's weights are random.
        seed: Seed of the random weights.
        data_dir: Folder with the bundled weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, WEIGHTS).initial_seed())
        model = empty_other(row, mask_rcnn)
    if isinstance(model, ClassMaskRCNN) and mask_rcnn.backbone == "mobilenet_v2":
        source = network.mobilenet_weights
        pretrained = load_pretrained(source, "mobilenet_v2", data_dir, network.mobilenet_location)
        if pretrained is not None:
            model.load_pretrained(pretrained)
    return model


def segment_by(network: nn.Module, picture: np.ndarray) -> SceneSegmentation:
    """Segments a picture with such a network, see `segment_classes` and `segment_things`.

    Args:
        network: Network in evaluation mode.
        picture: Grey or RGB picture of any size, uint8 or uint16.
    """
    if isinstance(network, ClassMaskRCNN):
        return segment_things(network, picture)
    return segment_classes(network, picture)


def empty_other(row: Other, mask_rcnn: MaskRCNNSettings) -> nn.Module:
    """The network of a row, whose weights PyTorch's generator draws.

    Args:
        row: Row that names the network.
        mask_rcnn: Settings of Mask R-CNN.
    """
    return ClassMaskRCNN(mask_rcnn) if row.network == "mask_rcnn" else SemanticNetwork(row.network, row.width)


FILES: ModelFiles[nn.Module, Other, None] = ModelFiles(
    "joint_other",
    "a network that the paper 'joint' compares with",
    {"row": Other, "mask_rcnn": MaskRCNNSettings},
    empty_other,
    type(None),
)
load_other = FILES.load


def save_other(network: nn.Module, row: Other, mask_rcnn: MaskRCNNSettings, path: Path) -> None:
    """Write a network with its row and configuration.

    Args:
        network: Trained network.
        row: Row that it was trained for.
        mask_rcnn: Settings of Mask R-CNN.
        path: File to write, .safetensors.
    """
    FILES.save(path, network, None, row=row, mask_rcnn=mask_rcnn)
