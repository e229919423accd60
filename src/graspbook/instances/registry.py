"""Which models of instance segmentation there are, and the files they are kept in."""

import dataclasses
from pathlib import Path

import torch

from graspbook.core.errors import InputError
from graspbook.instances.config import Mask2FormerSettings, MaskRCNNSettings, ModelName
from graspbook.instances.model import InstanceModel
from graspbook.nn.weight_file import load_weights, save_weights
from graspbook.nn.weights import Pretrained

FORMAT = "graspbook.selfsup.InstanceModel"
"""Name of the metadata entry that holds a model file's name and configuration as JSON."""


def build_instance_model(
    name: ModelName, config: Mask2FormerSettings | MaskRCNNSettings, pretrained: Pretrained | None, seed: int
) -> InstanceModel:
    """A model ready for training.

    Args:
        name: The kind of model: "mask2former", as in the paper, or "mask_rcnn".
        config: The settings of that kind of model, `Mask2FormerSettings` or `MaskRCNNSettings`.
        pretrained: The pretrained weights of the backbone; None for random ones.
        seed: The seed of the random weights; PyTorch's own generator is left as it was.

    Returns:
        The model, on the CPU, in training mode.

    Raises:
        InputError: The name is not known, or `pretrained` does not fit.
    """
    make, _ = _model(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make(config)
    if pretrained is not None:
        model.load_pretrained(pretrained)
    return model.train()


def save_instance_model(model: InstanceModel, name: ModelName, path: Path) -> None:
    """Write weights (matrices and filters in half precision) and configuration to one file, whole or not at all.

    Args:
        model: The model to save.
        name: The kind of model, as in `build_instance_model`.
        path: The safetensors file to write.
    """
    save_weights(model, path, FORMAT, {"name": name, "config": dataclasses.asdict(model.config)})


def load_instance_model(path: Path) -> InstanceModel:
    """Read a model that `save_instance_model` wrote; on the CPU, float32, in evaluation mode.

    Args:
        path: The file that `save_instance_model` wrote.

    Raises:
        InputError: The file is missing, or holds no such model.
    """

    def build(about: dict) -> InstanceModel:
        make, settings = _model(about["name"])
        return make(settings(**about["config"]))

    return load_weights(path, FORMAT, "an instance segmentation model", build)


def start_from(model: InstanceModel, path: Path) -> None:
    """Give a model the weights of another of the same kind and size that `save_instance_model` wrote.

    Args:
        model: The model that gets the weights, in place.
        path: The other model's file.

    Raises:
        InputError: The file is missing or holds no model, or its weights do not fit.
    """
    other = load_instance_model(path)
    try:
        model.load_state_dict(other.state_dict())
    except RuntimeError as error:
        raise InputError(f"{path}: not the weights of this {type(model).__name__}: {error}") from error


def _model(name: str) -> tuple[type, type]:
    """The class of a model and that of its settings; imported here, since each is slow to import."""
    if name == "mask2former":
        from graspbook.instances.mask2former import Mask2Former, Mask2FormerSettings

        return Mask2Former, Mask2FormerSettings
    if name == "mask_rcnn":
        from graspbook.instances.mask_rcnn import MaskRCNN, MaskRCNNSettings

        return MaskRCNN, MaskRCNNSettings
    raise InputError(f"model: expected 'mask2former' or 'mask_rcnn', got {name!r}")
