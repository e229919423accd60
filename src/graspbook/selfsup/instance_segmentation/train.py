"""Training a model of instance segmentation (`selfsup` paper, §III-B.4, §V-A).

One loop for every row of Table II and every model: rows differ in the supply of batches alone. Everything random
in step k is drawn from generators seeded by (seed, k), so a training that is killed and resumed ends in the same
weights as the unbroken one on the same machine. The weights of the best validation AP are the result ("early
stopping to prevent overfitting", §V).
"""

import dataclasses
import inspect
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
from torch import Generator, Tensor, nn

from graspbook import progress as bars
from graspbook.data.coco import CocoScenes
from graspbook.errors import InputError
from graspbook.instances import average_precision as instance_ap
from graspbook.instances import model as instance_model
from graspbook.instances.average_precision import average_precision, match_detections
from graspbook.instances.detections import tabulate
from graspbook.instances.model import Batch, InstanceModel, predict_instances
from graspbook.selfsup.inpainting import inpaint
from graspbook.selfsup.instance_segmentation import augment as augment_instances
from graspbook.selfsup.instance_segmentation import batches as supply
from graspbook.selfsup.instance_segmentation import set_loss
from graspbook.selfsup.instance_segmentation.batches import BatchSampler
from graspbook.selfsup.pasting import bank, paste
from graspbook.training import checkpoint, schedule, seeds
from graspbook.training.checkpoint import Trained, TrainingDiverged, TrainingState
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import generator


@dataclass(frozen=True)
class SegmentTrainConfig:
    """How to train; Mask2Former's defaults, which the paper has (§III-B.4), in brackets.

    Attributes:
        steps: steps to take, or at most to take where `patience` is given.
        learning_rate: of AdamW at its highest, for what starts at random (1e-4).
        backbone_factor: the pretrained backbone's learning rate is that times this (0.1).
        weight_decay: of AdamW, on matrices and filters only (0.05).
        warm_up: part of the steps in which the learning rate rises from zero; then it falls along half a
            cosine. (Ours; the original cuts it by ten twice, late in a training 100 times as long.)
        clip: largest norm of the gradient (0.01, which suits weights that are already trained).
        evaluate_every: steps between evaluations on the validation images; the last step ends in one.
        patience: training stops after as many evaluations without a higher validation AP; None: it takes all
            steps. Either way the weights of the highest AP are the result.
        precision: "bfloat16" for automatic mixed precision.
        seed: of the points where masks are compared; the supply has its own.
    """

    steps: int = 1500
    learning_rate: float = 1e-3
    backbone_factor: float = 0.5
    weight_decay: float = 0.05
    warm_up: float = 0.05
    clip: float = 1.0
    evaluate_every: int = 150
    patience: int | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: int = 0


class _Loss(nn.Module):
    """A model's loss as a forward pass, which is where processes that train together meet."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, batch: Batch, generator: Generator) -> Tensor:
        return self.model.loss(batch, generator)


def train_instance_model(
    model: InstanceModel,
    config: SegmentTrainConfig,
    batches: BatchSampler,
    validation: CocoScenes,
    scratch_dir: Path,
    checkpoint_seconds: float = 60,
) -> Trained[InstanceModel]:
    """Train, or go on with a training of the same model, settings, data and code that was interrupted.

    On a CPU, call `torch.set_flush_denormal(True)` before torch does anything else.

    Args:
        model: in its initial state; it is trained in place.
        config: how to train.
        batches: what to learn from.
        validation: labelled images to evaluate on.
        scratch_dir: ignored folder; checkpoints go to a subfolder named by a hash of everything that matters.
        checkpoint_seconds: time between checkpoints; it has no influence on the result.

    Returns:
        The model, and a history of step, loss, lr, and `validation_ap` in percent where the step ended in an
        evaluation, else NaN.

    Raises:
        InputError: no validation image shows an object, or a batch cannot be shared among the processes.
        TrainingDiverged: the loss is no longer finite; the message says at which step.
    """
    truth = validation.truth()
    if not truth["annotations"]:
        raise InputError("validation: expected at least one labelled object")
    accelerator = Accelerator()
    if batches.batch_size % accelerator.num_processes:
        raise InputError(f"batch_size: {batches.batch_size} is no multiple of {accelerator.num_processes} processes")
    folder = scratch_dir / _name(model, config, batches, validation)
    model.to(accelerator.device, memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(_groups(model, config), config.learning_rate, fused=True)
    highest = [group["lr"] for group in optimiser.param_groups]
    state = checkpoint.load_checkpoint(folder, model, optimiser)
    loss = accelerator.prepare_model(_Loss(model))
    rank, processes = accelerator.process_index, accelerator.num_processes
    saved_at = time.monotonic()
    remaining = range(state.step, config.steps)
    if accelerator.is_main_process:
        remaining = bars.progress(remaining, "training", total=len(remaining), unit="step")
    for step in remaining:
        if _converged(state, config):
            break
        factor = learning_rate(config, step) / config.learning_rate
        for group, rate in zip(optimiser.param_groups, highest, strict=True):
            group["lr"] = rate * factor
        batch = batches(step, rank, processes).to(accelerator.device)
        with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=config.precision == "bfloat16"):
            value = loss(batch, generator(config.seed, step, rank))
        batch_loss = accelerator.reduce(value.detach(), "mean").item()
        if not math.isfinite(batch_loss):
            raise TrainingDiverged(f"step {step + 1}: the loss is {batch_loss}; try a lower learning_rate")
        optimiser.zero_grad(set_to_none=True)
        accelerator.backward(value)
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimiser.step()
        state.step = step + 1
        row = {"step": step + 1, "loss": batch_loss, "lr": factor * config.learning_rate, "validation_ap": math.nan}
        state.history.append(row)
        if (step + 1) % config.evaluate_every == 0 or step + 1 == config.steps:
            _evaluate(state, model, validation, truth)
        last = step + 1 == config.steps or _converged(state, config)
        if accelerator.is_main_process and (last or time.monotonic() - saved_at >= checkpoint_seconds):
            checkpoint.save_checkpoint(folder, model, optimiser, state)
            saved_at = time.monotonic()
    model.load_state_dict(state.best_weights)
    model.to("cpu", memory_format=torch.contiguous_format).eval()
    return Trained(model, pd.DataFrame(state.history), folder)


def learning_rate(config: SegmentTrainConfig, step: int) -> float:
    """Learning rate of the step after `step` steps, of what starts at random."""
    return cosine_rate(config.learning_rate, step, config.steps, config.warm_up)


def validation_ap(model: InstanceModel, scenes: CocoScenes, truth: dict | None = None) -> float:
    """Average precision on labelled images, in percent; NaN where they show no object.

    Args:
        model: any model.
        scenes: the images, read one by one.
        truth: `scenes.truth()`, if it is at hand.
    """
    found = (predict_instances(model, scene.image[None])[0] for scene in scenes)
    return float(average_precision(match_detections(truth or scenes.truth(), tabulate(scenes.names, found)))["ap"][0])


def _groups(model: InstanceModel, config: SegmentTrainConfig) -> list[dict]:
    """Parameters by learning rate and weight decay."""
    pretrained = {id(parameter) for parameter in model.backbone_parameters()}
    parts: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            rate = config.learning_rate * (config.backbone_factor if id(parameter) in pretrained else 1)
            parts.setdefault((rate, config.weight_decay if parameter.ndim > 1 else 0.0), []).append(parameter)
    return [{"params": part, "lr": rate, "weight_decay": decay} for (rate, decay), part in parts.items()]


def _evaluate(state: TrainingState, model: InstanceModel, validation: CocoScenes, truth: dict) -> None:
    # the first process decides: a tie broken differently would let others wait for it forever
    ap = broadcast_object_list([validation_ap(model, validation, truth)])[0]
    state.history[-1]["validation_ap"] = ap
    state.stale += 1
    if state.best is None or ap > state.best:
        state.best, state.stale = ap, 0
        state.best_weights = {key: value.detach().clone() for key, value in model.state_dict().items()}


def _converged(state: TrainingState, config: SegmentTrainConfig) -> bool:
    return config.patience is not None and state.stale >= config.patience


def _name(model: InstanceModel, config: SegmentTrainConfig, batches: BatchSampler, validation: CocoScenes) -> str:
    tensors = dict(model.state_dict())
    for scene in validation:
        tensors[f"validation.{scene.name}.image"] = torch.from_numpy(scene.image)
        tensors[f"validation.{scene.name}.ids"] = torch.from_numpy(scene.ids.astype(np.int32))
    modules = (schedule, seeds, augment_instances, bank, checkpoint, inpaint, instance_ap, instance_model, paste)
    files = [Path(module.__file__) for module in (*modules, set_loss, supply)]
    files += [Path(__file__), Path(inspect.getfile(type(model)))]
    settings = [type(model).__name__, dataclasses.asdict(model.config), dataclasses.asdict(config), batches.digest()]
    return checkpoint.digest(settings, tensors, files)
