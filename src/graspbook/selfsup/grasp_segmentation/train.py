"""Training the grasp segmentation model on a small set of labelled grasps (`selfsup` paper, §III-A, §IV-C).

Everything random in step k is drawn from generators seeded by (seed, k), so a training that is killed and
resumed draws what the unbroken one would have drawn, and ends in the same weights on the same machine.
"""

import dataclasses
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor

from graspbook import progress as bars
from graspbook.errors import InputError
from graspbook.nn import backbone, fpn, gated, pooling
from graspbook.selfsup.grasp_segmentation import augment, loss, model
from graspbook.selfsup.grasp_segmentation.arrays import GraspArrays
from graspbook.selfsup.grasp_segmentation.augment import Augmentation
from graspbook.selfsup.grasp_segmentation.loss import Normalise, grasp_segmentation_loss
from graspbook.selfsup.grasp_segmentation.metrics import iou, relative_error
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter, predict_grasps
from graspbook.training import checkpoint, schedule, seeds
from graspbook.training.checkpoint import Trained, TrainingDiverged, TrainingState
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices, generator

WARM_UP = 0.05
"""Part of a "cosine" schedule in which the learning rate rises from zero."""


@dataclass(frozen=True)
class TrainConfig:
    """How to train; the paper's own settings (§III-A) in brackets.

    Attributes:
        steps: Steps to take, or at most to take where `patience` is given ("until convergence").
        batch_size: Grasps per step, over all processes (8).
        learning_rate: Of Adam, at its highest (5e-6).
        schedule: "constant", or "cosine": a short linear rise, then half a cosine down to zero.
        augment: Whether to augment.
        normalise: See `graspbook.selfsup.grasp_segmentation.loss.pixel_weights`.
        evaluate_every: Steps between evaluations on held-out grasps; the last step always ends in one.
        patience: None: the weights after the last step are the result. A number: training stops after as many
            evaluations without a higher held-out mIoU, and the weights that had the highest are the result.
        precision: "float32", or "bfloat16" for automatic mixed precision: faster on GPUs and on CPUs that
            have instructions for it, very slow on others.
        seed: Of batches and augmentation.
    """

    steps: int = 1200
    batch_size: int = 8
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "cosine"
    augment: bool = True
    normalise: Normalise = "pixels"
    evaluate_every: int = 100
    patience: int | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: int = 0


def train_grasp_segmenter(
    segmenter: GraspSegmenter,
    config: TrainConfig,
    labelled: GraspArrays,
    held_out: GraspArrays,
    scratch_dir: Path,
    checkpoint_seconds: float = 60,
) -> Trained[GraspSegmenter]:
    """Train, or go on with a training of the same model, settings, data and code that was interrupted.

    On a CPU, call `torch.set_flush_denormal(True)` before torch does anything else (its threads inherit it): the
    gradients of sure pixels underflow, and arithmetic on such numbers makes a step more than twice as slow.

    Runs on the CPU, on one GPU, or, under `accelerate launch`, on several: each takes its part of a batch,
    and the first process has the model to keep. The result depends on how many there are.

    Args:
        segmenter: Model in its initial state; it is trained in place.
        config: How to train.
        labelled: Grasps to learn from.
        held_out: Labelled grasps to evaluate on.
        scratch_dir: Ignored folder; checkpoints go to a subfolder named by a hash of everything that matters.
        checkpoint_seconds: Time between checkpoints; it has no influence on the result.

    Returns:
        The model, and a history of step, loss, lr, and, where the step ended in an evaluation, `held_out_miou` and
        `held_out_error` of the visible mask (fractions; else NaN).

    Raises:
        InputError: If there are fewer labelled grasps than a batch holds.
        TrainingDiverged: If the loss stops being finite.
    """
    if len(labelled) < config.batch_size:
        raise InputError(f"labelled: {len(labelled)} grasps, expected at least batch_size = {config.batch_size}")
    accelerator = Accelerator()
    if config.batch_size % accelerator.num_processes:
        raise InputError(f"batch_size: {config.batch_size} is no multiple of {accelerator.num_processes} processes")
    folder = scratch_dir / _name(segmenter, config, labelled, held_out)
    segmenter.to(accelerator.device, memory_format=torch.channels_last).train()
    optimiser = torch.optim.Adam((p for p in segmenter.parameters() if p.requires_grad), config.learning_rate)
    state = checkpoint.load_checkpoint(folder, segmenter, optimiser)
    wrapped = accelerator.prepare_model(segmenter)
    images, masks = _to_tensors(labelled, accelerator.device)
    saved_at = time.monotonic()
    remaining = range(state.step, config.steps)
    if accelerator.is_main_process:
        remaining = bars.progress(remaining, "training", total=len(remaining), unit="step")
    for step in remaining:
        if _converged(state, config):
            break
        rate = learning_rate(config, step)
        for group in optimiser.param_groups:
            group["lr"] = rate
        x, y = _batch(images, masks, config, step, accelerator)
        with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            logits = wrapped(x[:, :3], x[:, 3:], y[:, :1])
        value = grasp_segmentation_loss(logits.float(), y[:, 1:], config.normalise)
        batch_loss = accelerator.reduce(value.detach(), "mean").item()
        if not math.isfinite(batch_loss):
            raise TrainingDiverged(f"step {step + 1}: the loss is {batch_loss}; try a lower learning_rate")
        optimiser.zero_grad(set_to_none=True)
        accelerator.backward(value)
        optimiser.step()
        _record(state, step + 1, batch_loss, rate)
        if (step + 1) % config.evaluate_every == 0 or step + 1 == config.steps:
            _evaluate(state, segmenter, config, held_out)
        last = step + 1 == config.steps or _converged(state, config)
        if accelerator.is_main_process and (last or time.monotonic() - saved_at >= checkpoint_seconds):
            checkpoint.save_checkpoint(folder, segmenter, optimiser, state)
            saved_at = time.monotonic()
    if config.patience is not None:
        segmenter.load_state_dict(state.best_weights)
    segmenter.to("cpu", memory_format=torch.contiguous_format).eval()
    return Trained(segmenter, pd.DataFrame(state.history), folder)


def learning_rate(config: TrainConfig, step: int) -> float:
    """Learning rate of the step after `step` steps."""
    if config.schedule == "constant":
        return config.learning_rate
    return cosine_rate(config.learning_rate, step, config.steps, WARM_UP)


def evaluate(segmenter: GraspSegmenter, grasps: GraspArrays) -> tuple[float, float]:
    """Mean IoU and mean relative error (wrong pixels over true pixels) of the visible mask, as fractions."""
    predicted = predict_grasps(segmenter, grasps.before, grasps.after, grasps.suction)[:, 0] > 0.5
    return float(iou(predicted, grasps.visible).mean()), float(relative_error(predicted, grasps.visible).mean())


def _batch(
    images: Tensor, masks: Tensor, config: TrainConfig, step: int, accelerator: Accelerator
) -> tuple[Tensor, Tensor]:
    """This process's part of the batch: float32 images [b, 6, h, w] in 0..1 and masks [b, 3, h, w]."""
    rank, processes = accelerator.process_index, accelerator.num_processes
    mine = batch_indices(len(images), config.batch_size, step, config.seed, 0)[rank::processes]
    x, y = images[mine].float() / 255, masks[mine].float()
    if config.augment:
        x, y = augment.augment(x, y, generator(config.seed, 1, step, rank), Augmentation())
    return x.contiguous(memory_format=torch.channels_last), y


def _to_tensors(grasps: GraspArrays, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images uint8 [n, 6, h, w] and masks bool [n, 3, h, w] (g, visible, amodal)."""
    images = np.concatenate([grasps.before, grasps.after], -1).transpose(0, 3, 1, 2)
    masks = np.stack([grasps.suction, grasps.visible, grasps.amodal], 1)
    return torch.from_numpy(np.ascontiguousarray(images)).to(device), torch.from_numpy(masks).to(device)


def _record(state: TrainingState, step: int, value: float, rate: float) -> None:
    state.step = step
    row = {"step": step, "loss": value, "lr": rate, "held_out_miou": math.nan, "held_out_error": math.nan}
    state.history.append(row)


def _evaluate(state: TrainingState, segmenter: GraspSegmenter, config: TrainConfig, held_out: GraspArrays) -> None:
    # the first process decides: a tie broken differently would let others wait for it forever
    miou, error = broadcast_object_list(list(evaluate(segmenter, held_out)))
    state.history[-1].update(held_out_miou=miou, held_out_error=error)
    state.stale += 1
    if state.best is None or miou > state.best:
        state.best, state.stale = miou, 0
        if config.patience is not None:
            state.best_weights = {key: value.detach().clone() for key, value in segmenter.state_dict().items()}


def _converged(state: TrainingState, config: TrainConfig) -> bool:
    return config.patience is not None and state.stale >= config.patience


def _name(segmenter: GraspSegmenter, config: TrainConfig, labelled: GraspArrays, held_out: GraspArrays) -> str:
    tensors = dict(segmenter.state_dict())
    for name, grasps in (("labelled", labelled), ("held_out", held_out)):
        for field in dataclasses.fields(grasps):
            tensors[f"{name}.{field.name}"] = torch.from_numpy(getattr(grasps, field.name))
    modules = (backbone, fpn, gated, pooling, schedule, seeds, augment, checkpoint, loss, model)
    files = [Path(module.__file__) for module in modules] + [Path(__file__)]
    settings = [dataclasses.asdict(segmenter.config), dataclasses.asdict(config)]
    return checkpoint.digest(settings, tensors, files)
