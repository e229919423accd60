"""Training a model of instance segmentation (`selfsup` paper, §III-B.4, §V-A).

One training for every row of Table II and every model: rows differ in the supply of batches alone. The weights of
the best validation AP are the result ("early stopping to prevent overfitting", §V).
"""

import dataclasses
from pathlib import Path

from torch import nn
from torch.optim import AdamW

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.data.coco import CocoScenes
from graspbook.instances.average_precision import average_precision, match_detections
from graspbook.instances.detection_table import tabulate
from graspbook.instances.model import InstanceModel, predict_instances
from graspbook.selfsup.instance_segmentation.areas import object_areas
from graspbook.selfsup.instance_segmentation.batches import BatchSampler
from graspbook.selfsup.instance_segmentation.config import SegmentTrainConfig
from graspbook.training.fit import CHECKPOINT_SECONDS, Plan, Trained, fit
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import generator


def train_instance_model(
    model: InstanceModel,
    config: SegmentTrainConfig,
    batches: BatchSampler,
    validation: CocoScenes,
    scratch_dir: Path,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Trained[InstanceModel]:
    """Train, or go on with a training of the same model, settings, data and code; see `graspbook.training.fit`.

    On a CPU, call `torch.set_flush_denormal(True)` before torch does anything else.

    Args:
        model: in its initial state; it is trained in place.
        config: how to train.
        batches: what to learn from.
        validation: labelled images to evaluate on.
        scratch_dir: ignored folder.
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
    return fit(
        model,
        Plan(
            steps=config.steps,
            batch_size=batches.batch_size,
            evaluate_every=config.evaluate_every,
            patience=config.patience,
            keep="best",
            clip=config.clip,
            precision=config.precision,
        ),
        name=_name(model, config, batches, validation),
        scratch_dir=scratch_dir,
        optimiser=lambda model: AdamW(_groups(model, config), config.learning_rate, fused=True),
        rate=lambda highest, step: highest * (learning_rate(config, step) / config.learning_rate),
        batch=lambda step: batches(step.number, step.part, step.parts).to(step.device),
        loss=lambda model, batch, step: model.loss(batch, generator(config.seed, step.number, step.part)),
        evaluate=lambda model: {"validation_ap": validation_ap(model, validation, truth)},
        checkpoint_seconds=checkpoint_seconds,
    )


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
    matches = match_detections(truth or scenes.truth(), tabulate(scenes.names, found), object_areas(scenes.size[0]))
    return float(average_precision(matches)["ap"][0])


def _groups(model: InstanceModel, config: SegmentTrainConfig) -> list[dict]:
    """Parameters by learning rate and weight decay."""
    pretrained = {id(parameter) for parameter in model.backbone_parameters()}
    parts: dict[tuple[float, float], list[nn.Parameter]] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            rate = config.learning_rate * (config.backbone_factor if id(parameter) in pretrained else 1)
            parts.setdefault((rate, config.weight_decay if parameter.ndim > 1 else 0.0), []).append(parameter)
    return [{"params": part, "lr": rate, "weight_decay": decay} for (rate, decay), part in parts.items()]


def _name(model: InstanceModel, config: SegmentTrainConfig, batches: BatchSampler, validation: CocoScenes) -> str:
    arrays = dict(model.state_dict())
    for scene in validation:
        arrays |= {f"validation.{scene.name}.image": scene.image, f"validation.{scene.name}.ids": scene.ids}
    settings = [dataclasses.asdict(model.config), dataclasses.asdict(config), batches.digest()]
    return fingerprint(settings, train_instance_model, *classes_of(model), arrays=arrays)
