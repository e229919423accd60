"""One interface for models of instance segmentation, and the files they are kept in (`selfsup` paper, §III-B.4).

The method makes training images; which model learns from them is a matter of one name. A model has a loss on
a batch of images with their objects' masks, and it finds objects in images.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Generator, Tensor, nn

from graspbook.errors import InputError
from graspbook.instances.detections import Detections
from graspbook.nn.weight_file import load_weights, save_weights
from graspbook.nn.weights import Pretrained

ModelName = Literal["mask2former", "mask_rcnn"]
FORMAT = "graspbook.selfsup.InstanceModel"
"""Name of the metadata entry that holds a model file's name and configuration as JSON."""


@dataclass(frozen=True)
class Batch:
    """Images with their objects.

    Attributes:
        images: RGB in 0..1.
        masks: for each image the visible masks of its objects, bool [n_i, h, w]; n_i may be 0.
        single: whether an image shows objects beside those that have a mask (§V-A.1): then what is found
            elsewhere in it is not held to be wrong.
    """

    images: Float[Tensor, "b 3 h w"]
    masks: list[Tensor]
    single: Bool[Tensor, "b"]

    def to(self, device: torch.device) -> "Batch":
        """The same batch on `device`."""
        return Batch(self.images.to(device), [m.to(device) for m in self.masks], self.single.to(device))


@runtime_checkable
class InstanceModel(Protocol):
    """What training and inference ask of a model (an `nn.Module` besides)."""

    config: object

    def loss(self, batch: Batch, generator: Generator) -> Tensor:
        """The loss of a batch, a scalar; everything random is drawn from `generator` (on the CPU)."""
        ...

    def detect(self, images: Float[Tensor, "b 3 h w"]) -> list[tuple[Tensor, Tensor]]:
        """For each image scores float [k] in 0..1 and masks bool [k, h, w], in any order, some maybe empty."""
        ...

    def backbone_parameters(self) -> list[nn.Parameter]:
        """The pretrained parameters, which learn at a lower rate than those that start at random."""
        ...


def build_instance_model(
    name: ModelName, config: object | None, pretrained: Pretrained | None, seed: int
) -> InstanceModel:
    """A model ready for training.

    Args:
        name: "mask2former", as in the paper, or "mask_rcnn".
        config: `Mask2FormerSettings` or `MaskRCNNSettings`, its defaults if None.
        pretrained: weights of the backbone, or None for random ones.
        seed: of whatever starts at random; PyTorch's own generator is left as it was.

    Raises:
        InputError: the name is not known, or `pretrained` does not fit.
    """
    make, settings = _models(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make(config or settings())
    if pretrained is not None:
        model.load_pretrained(pretrained)
    return model.train()


@torch.no_grad()
def predict_instances(
    model: InstanceModel, images: UInt8[np.ndarray, "b h w 3"], max_per_image: int = 100, batch_size: int = 16
) -> list[Detections]:
    """Find the objects of images.

    Args:
        model: any model of this module; its mode is left as it was.
        images: RGB.
        max_per_image: detections kept of each image, the surest first.
        batch_size: images that go through the model at once.

    Returns:
        For each image what was found, the surest first, without masks that have no pixel.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    found = []
    for start in range(0, len(images), batch_size):
        x = images_to_tensor(images[start : start + batch_size]).to(device)
        for scores, masks in model.detect(x):
            scores, masks = scores.float().cpu().numpy(), masks.cpu().numpy()
            order = np.argsort(-scores, kind="stable")
            order = order[masks[order].any((1, 2))][:max_per_image]
            found.append(Detections(scores[order], masks[order]))
    model.train(was_training)
    return found


def images_to_tensor(images: UInt8[np.ndarray, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
    """RGB in 0..1, float32, channels last in memory, as the convolutions like it on a CPU."""
    x = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last).float() / 255


def save_instance_model(model: InstanceModel, name: ModelName, path: Path) -> None:
    """Write weights (matrices and filters in half precision) and configuration to one file, whole or not at all."""
    save_weights(model, path, FORMAT, {"name": name, "config": dataclasses.asdict(model.config)})


def load_instance_model(path: Path) -> InstanceModel:
    """Read a model that `save_instance_model` wrote; on the CPU, float32, in evaluation mode.

    Raises:
        InputError: the file is missing or is not such a model.
    """

    def build(about: dict) -> InstanceModel:
        make, settings = _models(about["name"])
        return make(settings(**about["config"]))

    return load_weights(path, FORMAT, "an instance segmentation model", build)


def start_from(model: InstanceModel, path: Path) -> None:
    """Give a model the weights of another of the same kind and size that `save_instance_model` wrote.

    Raises:
        InputError: the file is missing or no model, or its weights do not fit.
    """
    other = load_instance_model(path)
    try:
        model.load_state_dict(other.state_dict())
    except RuntimeError as error:
        raise InputError(f"{path}: not the weights of this {type(model).__name__}: {error}") from error


def _models(name: str) -> tuple[type, type]:
    # imported here: transformers alone takes seconds, and the models' modules import this one
    if name == "mask2former":
        from graspbook.selfsup.instance_segmentation.mask2former import Mask2Former, Mask2FormerSettings

        return Mask2Former, Mask2FormerSettings
    if name == "mask_rcnn":
        from graspbook.instances.mask_rcnn import MaskRCNN, MaskRCNNSettings

        return MaskRCNN, MaskRCNNSettings
    raise InputError(f"model: expected 'mask2former' or 'mask_rcnn', got {name!r}")
