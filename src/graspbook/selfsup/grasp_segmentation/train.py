"""Training the grasp segmentation model on a small set of labelled grasps (`selfsup` paper, §III-A, §IV-C)."""

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.data.grasps import GraspArrays, check_labels
from graspbook.selfsup.grasp_segmentation.augment import Augmentation, augment
from graspbook.selfsup.grasp_segmentation.config import TrainConfig
from graspbook.selfsup.grasp_segmentation.loss import grasp_segmentation_loss
from graspbook.selfsup.grasp_segmentation.metrics import iou, relative_error
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter, predict_grasps
from graspbook.training.fit import CHECKPOINT_SECONDS, Plan, Step, Trained, fit
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices, generator

WARM_UP = 0.05
"""Part of a "cosine" schedule in which the learning rate rises from zero."""


def train_grasp_segmenter(
    segmenter: GraspSegmenter,
    config: TrainConfig,
    labelled: GraspArrays,
    held_out: GraspArrays,
    scratch_dir: Path,
    *,
    augmentation: Augmentation | None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Trained[GraspSegmenter]:
    """Train, or go on with a training of the same model, settings, data and code; see `graspbook.training.fit`.

    On a CPU, call `torch.set_flush_denormal(True)` before torch does anything else: the gradients of sure pixels
    underflow.

    Args:
        segmenter: Model in its initial state; it is trained in place.
        config: How to train.
        labelled: Grasps to learn from.
        held_out: Labelled grasps to evaluate on.
        scratch_dir: Ignored folder.
        augmentation: Strengths of the random changes to what is learned from, or None (§III-A).
        checkpoint_seconds: Time between checkpoints; it has no influence on the result.

    Returns:
        The model, and a history of step, loss, lr, and, where the step ended in an evaluation, `held_out_miou` and
        `held_out_error` of the visible mask (fractions; else NaN).

    Raises:
        InputError: If there are fewer labelled grasps than a batch holds, or a grasp has no label.
        TrainingDiverged: If the loss stops being finite.
    """
    if len(labelled) < config.batch_size:
        raise InputError(f"labelled: {len(labelled)} grasps, expected at least batch_size = {config.batch_size}")
    check_labels(labelled, "labelled")
    check_labels(held_out, "held_out")
    images, masks = _to_tensors(labelled)

    def batch(step: Step) -> tuple[Tensor, Tensor]:
        """Float32 images [b, 6, h, w] in 0..1 and masks [b, 3, h, w]."""
        chosen = batch_indices(len(images), config.batch_size, step.number, config.seed, 0)[step.part :: step.parts]
        x, y = images[chosen].to(step.device).float() / 255, masks[chosen].to(step.device).float()
        if augmentation is not None:
            x, y = augment(x, y, generator(config.seed, 1, step.number, step.part), augmentation)
        return x.contiguous(memory_format=torch.channels_last), y

    def loss(model: GraspSegmenter, batch: tuple[Tensor, Tensor], step: Step) -> Tensor:
        x, y = batch
        logits = model(x[:, :3], x[:, 3:], y[:, :1])
        with torch.autocast(step.device.type, enabled=False):
            return grasp_segmentation_loss(logits.float(), y[:, 1:], config.normalise)

    def scores(model: GraspSegmenter) -> dict[str, float]:
        miou, error = evaluate(model, held_out)
        return {"held_out_miou": miou, "held_out_error": error}

    return fit(
        segmenter,
        Plan(
            steps=config.steps,
            batch_size=config.batch_size,
            evaluate_every=config.evaluate_every,
            patience=config.patience,
            keep="last" if config.patience is None else "best",
            precision=config.precision,
        ),
        name=_name(segmenter, config, augmentation, labelled, held_out),
        scratch_dir=scratch_dir,
        optimiser=lambda model: Adam((p for p in model.parameters() if p.requires_grad), config.learning_rate),
        rate=lambda _, step: learning_rate(config, step),
        batch=batch,
        loss=loss,
        evaluate=scores,
        checkpoint_seconds=checkpoint_seconds,
    )


def learning_rate(config: TrainConfig, step: int) -> float:
    """Learning rate of the step after `step` steps."""
    if config.schedule == "constant":
        return config.learning_rate
    return cosine_rate(config.learning_rate, step, config.steps, WARM_UP)


def evaluate(segmenter: GraspSegmenter, grasps: GraspArrays) -> tuple[float, float]:
    """Mean IoU and mean relative error (wrong pixels over true pixels) of the visible mask, as fractions."""
    predicted = predict_grasps(segmenter, grasps.before, grasps.after, grasps.suction)[:, 0] > 0.5
    return float(iou(predicted, grasps.visible).mean()), float(relative_error(predicted, grasps.visible).mean())


def _to_tensors(grasps: GraspArrays) -> tuple[Tensor, Tensor]:
    """Images uint8 [n, 6, h, w] and masks bool [n, 3, h, w] (g, visible, amodal)."""
    images = np.concatenate([grasps.before, grasps.after], -1).transpose(0, 3, 1, 2)
    masks = np.stack([grasps.suction, grasps.visible, grasps.amodal], 1)
    return torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(masks)


def _name(
    segmenter: GraspSegmenter,
    config: TrainConfig,
    augmentation: Augmentation | None,
    labelled: GraspArrays,
    held_out: GraspArrays,
) -> str:
    arrays = dict(segmenter.state_dict())
    for name, grasps in (("labelled", labelled), ("held_out", held_out)):
        arrays |= {f"{name}.{field}": pixels for field, pixels in grasps.pixels().items()}
    strengths = None if augmentation is None else dataclasses.asdict(augmentation)
    settings = [dataclasses.asdict(segmenter.config), dataclasses.asdict(config), strengths]
    return fingerprint(settings, train_grasp_segmenter, *classes_of(segmenter), arrays=arrays)
