"""Training one row (§IV): batches of turned and zoomed images, one of the losses, the training loop of the book."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim import Adam

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import fingerprint
from graspbook.mlgsl.config import MetricsConfig, NetworkConfig, Row, TrainConfig
from graspbook.mlgsl.grasp_data.dataset import GraspImages
from graspbook.mlgsl.grasp_data.transform import draw_similarity, inside, transform_image, transform_labels
from graspbook.mlgsl.losses import grasp_loss, needs_targets
from graspbook.mlgsl.maps import to_input
from graspbook.mlgsl.metrics.success import evaluate_network
from graspbook.mlgsl.model import GraspNetwork, build_network
from graspbook.mlgsl.targets import cos_outside, padded_targets
from graspbook.training.fit import Plan, Step, Trained, fit
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices

WARM_UP = 0.1
"""Part of the steps in which the learning rate rises."""

JUDGED_BY = ("iou", "angle", "jaw", "blur", "apart")
"""Settings of the metrics that a training depends on; others say how its results are reported."""

Batch = tuple[Tensor, Tensor, Tensor | None]
"""Images [b, 1, h, w], labels [b, k, 4] with rows of NaN where there is none, label images [b, 4, h, w] or None."""


def rows_of(labels: tuple[np.ndarray, ...]) -> np.ndarray:
    """Labels of N images as one array; rows of NaN where an image has fewer than K.

    Args:
        labels: The labels of each image, rows (u, v, phi, w), [K_i, 4].

    Returns:
        The labels, float32 [N, K, 4], where K is the largest K_i.
    """
    packed = np.full((len(labels), max(map(len, labels)), 4), np.nan, np.float32)
    for rows, own in zip(packed, labels, strict=True):
        rows[: len(own)] = own
    return packed


def augmented(
    depth: np.ndarray, labels: np.ndarray, config: TrainConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A batch with each image turned, zoomed, mirrored at random, with its labels, and with noise on its depth.

    Args:
        depth: Depth in metres, float32 [b, h, h].
        labels: The labels of each image, rows (u, v, phi, w) in pixels and radians, float32 [b, k, 4]; those that leave
            the image become NaN.
        config: The strengths of the changes.
        rng: The random generator that draws the changes, then the noise.

    Returns:
        The changed depth in metres, float32 [b, h, h], and its labels, float32 [b, k, 4].
    """
    images, rows = np.empty_like(depth), np.empty_like(labels)
    for place in range(len(depth)):
        change = draw_similarity(rng, config.rotate, config.zoom, config.mirror)
        images[place] = transform_image(depth[place], change)
        rows[place] = transform_labels(labels[place], change, depth.shape[-1])
    rows[~inside(rows, depth.shape[-1])] = np.nan
    return images + rng.normal(0, config.noise, images.shape).astype(np.float32), rows


def train_row(
    row: Row,
    seed: int,
    images: GraspImages,
    validation: GraspImages,
    *,
    train: TrainConfig,
    network: NetworkConfig,
    metrics: MetricsConfig,
    scratch_dir: Path,
) -> Trained[GraspNetwork]:
    """Train a row with a seed, or go on where a training of it was interrupted, or read one that is over.

    Args:
        row: The row to train: its loss, its labels, its images.
        seed: The seed of the weights, the batches and their changes; which labels are kept does not depend on it.
        images: All training images with all their labels.
        validation: The images of other objects on which weights are compared; the row ends in the weights with the
            highest Top-1 on them (§IV-C trains "to select the best one").
        train: The settings of the training.
        network: The sizes of the paper's network.
        metrics: The settings by which the evaluation judges grasps.
        scratch_dir: The folder of checkpoints and finished trainings, which git ignores.

    Returns:
        The network, and its history; where a step ended in an evaluation, with `top_1` and `top_5` in per cent.

    Raises:
        InputError: There are fewer images than the row or a batch takes.
    """
    wanted = row.images or len(images)
    if not train.batch_size <= wanted <= len(images):
        raise InputError(f"{row.title}: {wanted} images wanted, {len(images)} there, batches of {train.batch_size}")
    chosen = images.subset(range(wanted)).with_labels(row.labels, train.label_seed)
    labels, steps = rows_of(chosen.labels), row.steps or train.steps
    model = build_network(network, seed, row.attention, row.architecture)

    def batch(step: Step) -> Batch:
        places = batch_indices(len(chosen), train.batch_size, step.number, seed, 0)[step.part :: step.parts]
        rng = np.random.default_rng([seed, 1, step.number, step.part])
        depth, rows = augmented(chosen.depth[places], labels[places], train, rng)
        tensors = [torch.from_numpy(to_input(depth))[:, None], torch.from_numpy(rows)]
        if needs_targets(row.loss):
            targets = padded_targets(rows, images.size, metrics.jaw, cos_outside(row.loss), row.padding)
            tensors.append(torch.from_numpy(targets))
        x, y, *t = (tensor.to(step.device) for tensor in tensors)
        return x, y, t[0] if t else None

    def loss(model: GraspNetwork, batch: Batch, step: Step) -> Tensor:
        x, y, targets = batch
        return grasp_loss(row.loss, model(x), y, targets)

    def scores(model: GraspNetwork) -> dict[str, float]:
        found = evaluate_network(model, validation, row.loss, metrics)
        return {name: 100 * float(found[name].mean()) for name in ("top_1", "top_5")}

    settings = [dataclasses.asdict(part) for part in (train, network)] + [getattr(metrics, name) for name in JUDGED_BY]
    own = {name: value for name, value in dataclasses.asdict(row).items() if name not in ("title", "seeds")}
    arrays = {"depth": chosen.depth, "labels": labels, "validation": validation.depth}
    arrays["known"] = rows_of(validation.labels)
    return fit(
        model,
        Plan(steps=steps, batch_size=train.batch_size, evaluate_every=train.evaluate_every, keep="best"),
        name=fingerprint([settings, own, seed], train_row, arrays=arrays),
        scratch_dir=scratch_dir,
        optimiser=lambda model: Adam(model.parameters(), train.learning_rate),
        rate=lambda highest, step: cosine_rate(highest, step, steps, WARM_UP),
        batch=batch,
        loss=loss,
        evaluate=scores,
        title=f"{row.title}, seed {seed}",
    )
