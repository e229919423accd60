"""Training a row of Table II from a supply of batches (`selfsup` paper, §V)."""

from dataclasses import replace
from pathlib import Path

from graspbook.data.coco import CocoScenes
from graspbook.instances.model import InstanceModel
from graspbook.instances.registry import build_instance_model, start_from
from graspbook.nn.weights import load_pretrained
from graspbook.selfsup.instance_segmentation.batches import BatchSampler
from graspbook.selfsup.instance_segmentation.config import NetworkConfig, Row, SegmentTrainConfig
from graspbook.selfsup.instance_segmentation.train import train_instance_model
from graspbook.training.fit import Trained


def starting_model(row: Row, network: NetworkConfig, training: SegmentTrainConfig, generic: Path) -> InstanceModel:
    """The model of a row before its training.

    Args:
        row: says which model learns, and whether with the robust set loss.
        network: sizes and pretrained weights.
        training: its seed is that of the random weights, its margin that of the robust set loss.
        generic: what every Mask2Former starts from if `training.start` is "generic".
    """
    architecture = getattr(network, row.model)
    if row.robust:
        architecture = replace(architecture, robust_margin=training.margin)
    pretrained = load_pretrained(network.weights, architecture.backbone, location=network.location)
    model = build_instance_model(row.model, architecture, pretrained, training.seed)
    if row.model == "mask2former" and training.start == "generic":
        start_from(model, Path(generic))
    return model


def train_row(
    row: Row,
    batches: BatchSampler,
    validation: CocoScenes,
    network: NetworkConfig,
    training: SegmentTrainConfig,
    generic: Path,
    scratch_dir: Path | str = "scratch",
) -> Trained[InstanceModel]:
    """Train the model of a row from where all rows start; for what is returned and raised see `train_instance_model`.

    Args:
        row: says which model learns, and whether with the robust set loss.
        batches: what it learns from.
        validation: labelled images that say which weights are kept.
        network: sizes and pretrained weights.
        training: how to train; its margin is that of the robust set loss.
        generic: what every Mask2Former starts from if `training.start` is "generic".
        scratch_dir: ignored folder, where a killed training goes on.
    """
    model = starting_model(row, network, training, generic)
    return train_instance_model(model, training, batches, validation, Path(scratch_dir))
