"""One interface for models of instance segmentation (`selfsup` paper, §III-B.4).

The method makes training images; which model learns from them is a matter of one name (`registry`). A model has a
loss on a batch of images with their objects' masks, and it finds objects in images.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Generator, Tensor, nn

from graspbook.instances.types import Instances, of_one_class


@dataclass(frozen=True)
class Batch:
    """Images with their objects.

    Attributes:
        images: The RGB images in 0..1, float [b, 3, h, w].
        masks: The visible masks of each image's objects, one bool [n_i, h, w] for each image; n_i may be 0.
        single: Whether each image shows objects beside those that have a mask, bool [b] (§V-A.1): then what is found
            elsewhere in it is not held to be wrong.
    """

    images: Float[Tensor, "b 3 h w"]
    masks: list[Tensor]
    single: Bool[Tensor, "b"]

    def to(self, device: torch.device) -> "Batch":
        """The same batch on `device`.

        Args:
            device: The device to copy the batch to.
        """
        return Batch(self.images.to(device), [m.to(device) for m in self.masks], self.single.to(device))


@dataclass(frozen=True)
class ClassBatch:
    """Images with their objects, all of which have a mask and a class.

    Attributes:
        images: The RGB images in 0..1, float [b, 3, h, w].
        masks: The visible masks of each image's objects, one bool [n_i, h, w] for each image; n_i may be 0.
        classes: The classes of each image's objects, one int64 [n_i] for each image.
    """

    images: Float[Tensor, "b 3 h w"]
    masks: list[Tensor]
    classes: list[Tensor]

    def to(self, device: torch.device) -> "ClassBatch":
        """The same batch on `device`.

        Args:
            device: The device to copy the batch to.
        """
        masks, classes = ([part.to(device) for part in parts] for parts in (self.masks, self.classes))
        return ClassBatch(self.images.to(device), masks, classes)


@runtime_checkable
class InstanceModel(Protocol):
    """What training and inference ask of a model (an `nn.Module` besides)."""

    config: object

    def loss(self, batch: Batch, generator: Generator) -> Tensor:
        """The loss of a batch, a scalar; everything random is drawn from `generator` (on the CPU).

        Args:
            batch: The images with their objects.
            generator: The source of randomness, on the CPU.
        """
        ...

    def detect(self, images: Float[Tensor, "b 3 h w"]) -> list[tuple[Tensor, Tensor]]:
        """Find the objects of images.

        Args:
            images: The RGB images in 0..1, float [b, 3, h, w].

        Returns:
            For each image the scores, float [k] in 0..1, and the masks, bool [k, h, w], in any order; masks may be
            empty.
        """
        ...

    def backbone_parameters(self) -> list[nn.Parameter]:
        """The pretrained parameters, which learn at a lower rate than those that start at random."""
        ...


def score_within(probability: Float[Tensor, "... h w"], inside: Bool[Tensor, "... h w"]) -> Float[Tensor, "..."]:
    """The mean probability within each mask, which the probability of its class is multiplied with to make a score.

    Args:
        probability: The probability that each pixel belongs to the object, 0..1, float [..., h, w].
        inside: The mask, bool [..., h, w].

    Returns:
        The mean of each mask, 0..1, float [...]; 0 where it is empty.
    """
    return (probability * inside).sum((-2, -1)) / inside.sum((-2, -1)).clamp(min=1)


@torch.no_grad()
def predict_instances(
    model: InstanceModel, images: UInt8[np.ndarray, "b h w 3"], max_per_image: int = 100, batch_size: int = 16
) -> list[Instances]:
    """Find the objects of images.

    Args:
        model: The model; its mode (training or evaluation) is left as it was.
        images: The RGB images, uint8 [b, h, w, 3].
        max_per_image: The largest number of detections kept of each image; those with the highest scores are kept.
        batch_size: The number of images that go through the model at once.

    Returns:
        The detections of each image, by falling score, without empty masks.
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
            found.append(of_one_class(masks[order], scores[order]))
    model.train(was_training)
    return found


def images_to_tensor(images: UInt8[np.ndarray, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
    """Convert images to the input of a network, float32 with channels last in memory, which is faster on a CPU.

    Args:
        images: The RGB images, uint8 [b, h, w, 3].

    Returns:
        The RGB images in 0..1, float32 [b, 3, h, w].
    """
    x = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last).float() / 255
