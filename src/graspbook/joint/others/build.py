"""The networks that the paper compares with, made by their rows, and as files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import nn

from graspbook.instances.config import MaskRCNNSettings
from graspbook.joint.others.mask_rcnn import ClassMaskRCNN, segment_things
from graspbook.joint.others.semantic import SemanticNetwork, segment_classes
from graspbook.joint.segment import Segmentation
from graspbook.joint.training_config import NetworkConfig, Other
from graspbook.nn.weight_file import load_weights, save_weights
from graspbook.nn.weights import load_pretrained
from graspbook.training.seeds import generator

FORM = "joint_other"
WEIGHTS = 12
"""Stream of random numbers of a seed."""


@dataclasses.dataclass(frozen=True)
class SavedOther:
    """A network, and the row that it was trained for."""

    network: nn.Module
    row: Other


def build_other(
    row: Other, mask_rcnn: MaskRCNNSettings, network: NetworkConfig, seed: int, data_dir: Path = Path("data")
) -> nn.Module:
    """The network of a row; the seed decides its random weights.

    Args:
        row: Which one.
        mask_rcnn: Of Mask R-CNN.
        network: Where the weights of Mask R-CNN's MobileNetV2 come from; another backbone's are random.
        seed: Of the random weights.
        data_dir: Holds bundled weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, WEIGHTS).initial_seed())
        if row.network != "mask_rcnn":
            return SemanticNetwork(row.network, row.width)
        model = ClassMaskRCNN(mask_rcnn)
    if mask_rcnn.backbone == "mobilenet_v2":
        source = network.mobilenet_weights
        pretrained = load_pretrained(source, "mobilenet_v2", data_dir, network.mobilenet_location)
        if pretrained is not None:
            model.load_pretrained(pretrained)
    return model


def segment_by(network: nn.Module, picture: np.ndarray) -> Segmentation:
    """What such a network says of a picture: see `segment_classes` and `segment_things`."""
    if isinstance(network, ClassMaskRCNN):
        return segment_things(network, picture)
    return segment_classes(network, picture)


def save_other(network: nn.Module, row: Other, mask_rcnn: MaskRCNNSettings, path: Path) -> None:
    """Write a network with its row and configuration."""
    save_weights(network, path, FORM, {"row": dataclasses.asdict(row), "mask_rcnn": dataclasses.asdict(mask_rcnn)})


def load_other(path: Path) -> SavedOther:
    """Read a network that `save_other` wrote; on the CPU, in evaluation mode.

    Raises:
        InputError: The file is missing, or holds something else.
    """
    rows = []

    def build(about: dict) -> nn.Module:
        rows.append(Other(**about["row"]))
        if rows[0].network != "mask_rcnn":
            return SemanticNetwork(rows[0].network, rows[0].width)
        anchors = tuple(tuple(sides) for sides in about["mask_rcnn"]["anchors"])
        return ClassMaskRCNN(MaskRCNNSettings(**(about["mask_rcnn"] | {"anchors": anchors})))

    network = load_weights(Path(path), FORM, "a network that the paper 'joint' compares with", build)
    return SavedOther(network, rows[0])
