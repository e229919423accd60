"""A trained model on disk: one safetensors file with what builds it again."""

import dataclasses
from pathlib import Path

from graspbook.instances.config import MaskRCNNSettings
from graspbook.latent.config import LatentSettings
from graspbook.latent.model import LatentMaskRCNN
from graspbook.nn.weight_file import load_weights, save_weights

FORM = "latent_mask_rcnn"


def save_model(model: LatentMaskRCNN, path: Path) -> None:
    """Writes a model, plain or latent, with its settings; matrices and filters in half precision.

    Args:
        model: Trained model.
        path: File to write, .safetensors.
    """
    latent = None if model.latent is None else dataclasses.asdict(model.latent)
    about = {"mask_rcnn": dataclasses.asdict(model.config), "latent": latent, "classes": model.classes}
    save_weights(model, path, FORM, about)


def load_model(path: Path) -> LatentMaskRCNN:
    """Reads a model that `save_model` wrote; on the CPU, in evaluation mode.

    Args:
        path: File to read.

    Raises:
        InputError: The file is missing, or holds something else.
    """

    def build(about: dict) -> LatentMaskRCNN:
        latent = None if about["latent"] is None else LatentSettings(**about["latent"])
        return LatentMaskRCNN(MaskRCNNSettings(**about["mask_rcnn"]), latent, about["classes"])

    return load_weights(Path(path), FORM, "a Mask R-CNN with or without a latent code", build)
