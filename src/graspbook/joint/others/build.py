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
from graspbook.joint.segment import SceneSegmentation
from graspbook.joint.training_config import NetworkConfig, Other
from graspbook.nn.weight_file import load_weights, save_weights
from graspbook.nn.weights import load_pretrained
from graspbook.training.seeds import generator

FORM = "joint_other"
WEIGHTS = 12
"""Stream of random numbers of a seed."""


@dataclasses.dataclass(frozen=True)
class SavedOther:
    """A network, and the row that it was trained for.

    Attributes:
        network: Network with its weights.
        row: Row that it was trained for.
    """

    network: nn.Module
    row: Other


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
        if row.network != "mask_rcnn":
            return SemanticNetwork(row.network, row.width)
        model = ClassMaskRCNN(mask_rcnn)
    if mask_rcnn.backbone == "mobilenet_v2":
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


def save_other(network: nn.Module, row: Other, mask_rcnn: MaskRCNNSettings, path: Path) -> None:
    """Write a network with its row and configuration.

    Args:
        network: Trained network.
        row: Row that it was trained for.
        mask_rcnn: Settings of Mask R-CNN.
        path: File to write, .safetensors.
    """
    save_weights(network, path, FORM, {"row": dataclasses.asdict(row), "mask_rcnn": dataclasses.asdict(mask_rcnn)})


def load_other(path: Path) -> SavedOther:
    """Read a network that `save_other` wrote; on the CPU, in evaluation mode.

    Args:
        path: File that `save_other` wrote.

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
