"""Training a network that the paper compares with: the same pictures, colours, mirrors and loop as our rows have."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import AdamW

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import fingerprint
from graspbook.data.cityscapes import CLASSES, Streets
from graspbook.instances.config import MaskRCNNSettings
from graspbook.instances.model import ClassBatch
from graspbook.joint.iou import confusion, mean_iou
from graspbook.joint.losses import class_weights, semantic_loss
from graspbook.joint.others.build import build_other, segment_by
from graspbook.joint.others.mask_rcnn import ClassMaskRCNN
from graspbook.joint.train import WARM_UP, class_frequency, recoloured
from graspbook.joint.training_config import NetworkConfig, Other, TrainConfig
from graspbook.training.fit import Plan, Step, Trained, fit
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices, generator

DRAWS = 2
"""Stream of random numbers of a seed: dropout, and torchvision's choices of anchors and regions."""


def train_other(
    row: Other,
    seed: int,
    streets: Streets,
    validation: Streets,
    *,
    train: TrainConfig,
    network: NetworkConfig,
    mask_rcnn: MaskRCNNSettings,
    scratch_dir: Path,
    data_dir: Path = Path("data"),
) -> Trained[nn.Module]:
    """Train a row with a seed, or go on where a training of it was interrupted, or read one that is over.

    Args:
        row: Row that names the network.
        seed: Seed of the initial weights and the batches.
        streets: Training pictures.
        validation: Pictures of other drives, for the history only; the last weights are kept.
        train: Settings that all rows share; the row may differ.
        network: Source of the weights of a MobileNetV2.
        mask_rcnn: Settings of Mask R-CNN.
        scratch_dir: Folder for checkpoints and finished trainings, ignored by git.
        data_dir: Folder with the bundled weights.

    Returns:
        The network, and its history with the mean IoU as `miou`, percent, at each evaluation.

    Raises:
        InputError: There are fewer pictures than a batch needs.
    """
    size, steps = row.batch_size or train.batch_size, row.steps or train.steps
    if len(streets) < size:
        raise InputError(f"{row.title}: {len(streets)} pictures, batches of {size}")
    model = build_other(row, mask_rcnn, network, seed, data_dir).to(memory_format=torch.channels_last)
    weights = class_weights(class_frequency(streets))

    def batch(step: Step) -> ClassBatch | tuple[Tensor, Tensor]:
        places = batch_indices(len(streets), size, step.number, seed, 0)[step.part :: step.parts]
        rng = np.random.default_rng([seed, 1, step.number, step.part])
        chosen = [labelled_picture(streets, place, bool(rng.random() < 0.5)) for place in places]
        colours = recoloured(np.stack([image for image, _, _ in chosen]), train.contrast, train.brightness, rng)
        images = torch.from_numpy(colours).contiguous(memory_format=torch.channels_last)
        if isinstance(model, ClassMaskRCNN):
            things = [things_of(classes, instances) for _, classes, instances in chosen]
            return ClassBatch(images, *(list(part) for part in zip(*things, strict=True))).to(step.device)
        classes = torch.from_numpy(np.stack([classes for _, classes, _ in chosen]).astype(np.int64))
        return images.to(step.device), classes.to(step.device)

    def loss(model: nn.Module, batch: ClassBatch | tuple[Tensor, Tensor], step: Step) -> Tensor:
        drawn = generator(seed, DRAWS, step.number, step.part)
        if isinstance(batch, ClassBatch):
            return model.class_loss(batch, drawn)
        images, classes = batch
        # dropout draws from the default generator: it is lent a state for that, and gets its own back
        with torch.random.fork_rng():
            torch.manual_seed(drawn.initial_seed())
            return semantic_loss(model(images), classes, weights.to(step.device))

    def optimiser(model: nn.Module) -> AdamW:
        rate = row.learning_rate or train.learning_rate
        slow = model.backbone_parameters() if isinstance(model, ClassMaskRCNN) else []
        inner = {id(parameter) for parameter in slow}
        others = [part for part in model.parameters() if id(part) not in inner and part.requires_grad]
        groups = [{"params": others, "lr": rate}]
        groups += [{"params": slow, "lr": train.encoder_factor * rate}] if slow else []
        return AdamW(groups, weight_decay=train.weight_decay)

    own = {name: value for name, value in dataclasses.asdict(row).items() if name not in ("title", "seeds")}
    settings = [dataclasses.asdict(train), own, seed, dataclasses.asdict(mask_rcnn)]
    data = [streets.digest(), validation.digest()]
    return fit(
        model,
        Plan(steps=steps, batch_size=size, evaluate_every=train.evaluate_every, clip=train.clip),
        name=fingerprint([settings, data], train_other, arrays=model.state_dict()),
        scratch_dir=scratch_dir,
        optimiser=optimiser,
        rate=lambda highest, step: cosine_rate(highest, step, steps, WARM_UP),
        batch=batch,
        loss=loss,
        evaluate=lambda model: {"miou": pixel_iou(model, validation, train.evaluated)},
        title=f"{row.title}, seed {seed}",
    )


def labelled_picture(streets: Streets, place: int, mirrored: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image uint8 [H, W, 3], classes and instances [H, W] of a picture.

    Args:
        streets: Pictures with labels.
        place: Index of the picture.
        mirrored: Whether to flip it left to right.
    """
    street = streets[place]
    parts = street.image, street.classes, street.instances
    return tuple(np.ascontiguousarray(part[:, ::-1]) for part in parts) if mirrored else parts


def things_of(classes: np.ndarray, instances: np.ndarray) -> tuple[Tensor, Tensor]:
    """Masks bool [n, H, W] and classes int64 [n], 1 to 8, of the things that were told apart.

    Args:
        classes: Class of each pixel, 0 to 8, [H, W].
        instances: Instance of each pixel, 1 to N, 0 for none, [H, W].
    """
    numbers, first = np.unique(instances, return_index=True)
    first = first[numbers > 0]
    masks = instances == numbers[numbers > 0][:, None, None]
    return torch.from_numpy(masks), torch.from_numpy(classes.ravel()[first].astype(np.int64))


def pixel_iou(network: nn.Module, streets: Streets, count: int) -> float:
    """Mean IoU of the eight things, percent.

    Args:
        network: Network in evaluation mode.
        streets: Pictures with labels.
        count: Largest number of pictures, the first ones.
    """
    counts = np.zeros((CLASSES, CLASSES), np.int64)
    for place in range(min(count, len(streets))):
        street = streets[place]
        counts += confusion(segment_by(network, street.image).classes, street.classes)
    return mean_iou(counts)
