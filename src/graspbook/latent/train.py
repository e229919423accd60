"""Training one row: a common Mask R-CNN first, then the row itself, through the book's training loop (§III-B).

The common start is a training of its own, kept like every other, so that all rows of a data set share it: what a
latent row has over a plain one is then the code, not a longer schedule. Whether the code is used is looked at on
held-out images (`look`): the loss with another image's code minus that with the own one. The KL divergence does not
tell: it can be high while the decoder ignores the code.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim import AdamW

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.instances.config import MaskRCNNSettings
from graspbook.instances.model import ClassBatch
from graspbook.latent.config import LatentSettings, Row, TrainConfig
from graspbook.latent.dataset import LabelledImages
from graspbook.latent.gaussian import active_dimensions, beta_at
from graspbook.latent.model import Code, LatentMaskRCNN
from graspbook.nn.weights import Pretrained
from graspbook.training.fit import CHECKPOINT_SECONDS, Plan, Step, Trained, fit
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices, generator

WARM_UP = 0.05
"""Part of the steps in which the learning rate rises."""
BATCHES, MIRRORS, DRAWS, WEIGHTS, LOOKS = range(5)
"""Streams of random numbers of a seed."""
START = Row(title="common start", model="plain", seeds=1)
"""The row that a common start is."""


def latent_of(row: Row, common: LatentSettings) -> LatentSettings | None:
    """The settings of a row's code; None for a plain Mask R-CNN.

    Args:
        row: Row to train.
        common: Settings that all rows share.
    """
    if row.model == "plain":
        return None
    own = {name: getattr(row, name) for name in ("dimensions", "coordinates")}
    return dataclasses.replace(common, **{name: value for name, value in own.items() if value is not None})


def train_of(row: Row, common: TrainConfig) -> TrainConfig:
    """The settings of a row's training.

    Args:
        row: Row to train.
        common: Settings that all rows share.
    """
    own = {name: getattr(row, name) for name in ("steps", "encoder_rate", "beta", "calibrate")}
    return dataclasses.replace(common, **{name: value for name, value in own.items() if value is not None})


def build_model(
    config: MaskRCNNSettings, latent: LatentSettings | None, classes: int, pretrained: Pretrained | None, seed: int
) -> LatentMaskRCNN:
    """A model ready for training, its random weights drawn from a seed.

    Args:
        config: Settings of Mask R-CNN.
        latent: Settings of the code; None: a plain Mask R-CNN.
        classes: Number of classes of instances.
        pretrained: Weights of the backbone; None: random ones.
        seed: Seed of the random weights.

    Raises:
        InputError: The pretrained weights are of another backbone.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, WEIGHTS).initial_seed())
        model = LatentMaskRCNN(config, latent, classes)
    if pretrained is not None:
        model.load_pretrained(pretrained)
    # channels last in memory: a twentieth less time a step on a CPU
    return model.train().to(memory_format=torch.channels_last)


def train_row(
    row: Row,
    seed: int,
    images: LabelledImages,
    held_out: LabelledImages,
    *,
    train: TrainConfig,
    mask_rcnn: MaskRCNNSettings,
    latent: LatentSettings,
    pretrained: Pretrained | None,
    scratch_dir: Path,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Trained[LatentMaskRCNN]:
    """Train a row with a seed, or go on where a training of it was interrupted, or read one that is over.

    Args:
        row: Row to train.
        seed: Seed of the initial weights, the batches and the codes. The common start has the first seed of `train`,
            whatever the row's, unless the row has a start of its own.
        images: Training images, labelled as the row wants it.
        held_out: Images of other scenes, for evaluation only.
        train: Settings that all rows share; the row may differ.
        mask_rcnn: Settings of Mask R-CNN.
        latent: Settings of the code; the row may differ.
        pretrained: Weights of the backbone; None: random ones.
        scratch_dir: Folder for checkpoints and finished trainings, ignored by git.
        checkpoint_seconds: Time between checkpoints, seconds.

    Returns:
        The model, and its history with the results of `look` at each evaluation.

    Raises:
        InputError: There are fewer images than a batch or the calibration needs.
    """
    settings, code = train_of(row, train), latent_of(row, latent)
    if len(images) < max(train.batch_size, settings.calibrate):
        raise InputError(f"{row.title}: {len(images)} images, batches of {train.batch_size}")
    classes = 1 + max(int(own.max(initial=0)) for own in images.classes)
    model = build_model(mask_rcnn, code, classes, pretrained, seed)
    if train.start_steps:
        start_seed = train.seed if row.same_start else seed
        start = build_model(mask_rcnn, None, classes, pretrained, start_seed)
        schedule = dataclasses.replace(train, steps=train.start_steps)
        begun = _fit(start, START, schedule, start_seed, images, held_out, scratch_dir, checkpoint_seconds)
        model.load_state_dict(begun.model.state_dict(), strict=code is None)
    if code is not None and settings.calibrate:
        first = range(0, settings.calibrate, train.batch_size)
        model.calibrate([images.batch(range(k, min(k + train.batch_size, settings.calibrate))) for k in first])
    return _fit(model, row, settings, seed, images, held_out, scratch_dir, checkpoint_seconds)


def _fit(
    model: LatentMaskRCNN,
    row: Row,
    train: TrainConfig,
    seed: int,
    images: LabelledImages,
    held_out: LabelledImages,
    scratch_dir: Path,
    checkpoint_seconds: float,
) -> Trained[LatentMaskRCNN]:
    """The training loop; its name is made of what it reads: settings, initial weights, images, labels."""

    def batch(step: Step) -> ClassBatch:
        places = batch_indices(len(images), train.batch_size, step.number, seed, BATCHES)[step.part :: step.parts]
        mirror = np.random.default_rng([seed, MIRRORS, step.number, step.part]).random((len(places), 2)) < 0.5
        return images.batch(places, mirror).to(step.device)

    def loss(model: LatentMaskRCNN, batch: ClassBatch, step: Step) -> Tensor:
        beta = beta_at(step.number, train.steps, train.beta, train.warm_up)
        return model.loss(batch, generator(seed, DRAWS, step.number, step.part), beta)

    used = ("steps", "batch_size", "learning_rate", "backbone_rate", "weight_decay", "clip", "evaluate_every")
    if model.latent is not None:
        used += ("encoder_rate", "beta", "warm_up")  # the calibration is in the initial weights
    settings = [{name: getattr(train, name) for name in used}, seed, dataclasses.asdict(model.config)]
    settings += [None if model.latent is None else dataclasses.asdict(model.latent), len(held_out)]
    arrays = {"images": images.images, "ids": images.ids, "held out": held_out.images, "labels": held_out.ids}
    arrays |= {"classes": np.concatenate(images.classes)} | model.state_dict()
    return fit(
        model,
        Plan(steps=train.steps, batch_size=train.batch_size, evaluate_every=train.evaluate_every, clip=train.clip),
        name=fingerprint(settings, _fit, *classes_of(model), arrays=arrays),
        scratch_dir=scratch_dir,
        optimiser=lambda model: _optimiser(model, train),
        rate=lambda highest, step: cosine_rate(highest, step, train.steps, WARM_UP),
        batch=batch,
        loss=loss,
        evaluate=lambda model: look(model, held_out, train.batch_size, seed),
        checkpoint_seconds=checkpoint_seconds,
        title=f"{row.title}, seed {seed}",
    )


def _optimiser(model: LatentMaskRCNN, train: TrainConfig) -> AdamW:
    """AdamW with slower backbone and encoder."""
    slow = {id(p): train.backbone_rate for p in model.backbone_parameters()}
    if model.latent is not None:
        slow |= {id(p): train.encoder_rate for p in model.encoder.parameters()}
    groups: dict[float, list] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups.setdefault(slow.get(id(parameter), 1.0), []).append(parameter)
    return AdamW(
        [{"params": some, "lr": share * train.learning_rate} for share, some in groups.items()],
        weight_decay=train.weight_decay,
        fused=True,  # a tenth less time a step on a CPU
    )


@torch.no_grad()
def look(model: LatentMaskRCNN, images: LabelledImages, batch_size: int, seed: int) -> dict[str, float]:
    """Measures on held-out images whether the code is used.

    The same anchors and regions are compared for every code, so that differences are the code's alone.

    Args:
        model: Model in any mode, which it keeps.
        images: At least two images with their instances.
        batch_size: Images in each batch, at least two: for "other", each gets the code of the image before it.
        seed: Seed of all random draws.

    Returns:
        `score`: minus the loss with the code that needs no labels (the prior's mean; a plain model has none); and for a
        latent model `used`: loss with another image's code minus loss with the own one; `own`: loss with the encoder's
        mean; `kl` in nats; `active` dimensions.
    """
    was_training, device = model.training, next(model.parameters()).device
    model.train()  # in evaluation mode torchvision gives no losses; batch normalisation is frozen anyway
    codes: tuple[Code, ...] = ("prior",) if model.latent is None else ("prior", "own", "other")
    totals, divergences, count = dict.fromkeys(codes, 0.0), [], 0
    for number, start in enumerate(range(0, len(images) - 1, batch_size)):
        batch = images.batch(range(start, min(start + batch_size, len(images)))).to(device)
        if len(batch.images) < 2:
            continue
        count += len(batch.images)
        for code in codes:
            losses, kl = model.losses(batch, generator(seed, LOOKS, number), code)
            totals[code] += len(batch.images) * float(sum(losses.values()))
        if kl is not None:
            divergences.append(kl)
    model.train(was_training)
    means = {code: total / max(1, count) for code, total in totals.items()}
    result = {"score": -means["prior"]}
    if model.latent is not None:
        kl = torch.cat(divergences)
        result |= {"used": means["other"] - means["own"], "own": means["own"]}
        result |= {"kl": float(kl.sum(1).mean()), "active": float(active_dimensions(kl))}
    return result
