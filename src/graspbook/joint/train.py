"""Training one row (§III-A, §IV-A): labels brought down to superpixels, three losses, the training loop of the book."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim import AdamW

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import fingerprint
from graspbook.data.cityscapes import CLASSES, Street, Streets
from graspbook.joint.iou import confusion, mean_iou
from graspbook.joint.losses import Targets, centre_loss, class_weights, embedding_losses, semantic_loss
from graspbook.joint.network import JointNetwork, Prediction, build_network
from graspbook.joint.superpixels import spread, superpixels
from graspbook.joint.targets import grid_labels, make_targets
from graspbook.joint.training_config import NetworkConfig, Row, TrainConfig
from graspbook.training.fit import Plan, Step, Trained, fit
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices

WARM_UP = 0.05
"""Part of the steps in which the learning rate rises."""
SURE = 0.7
"""§III-B: confidence from which an element can be a centre; here only for the history of a training."""
VISIBLE = 4
"""Elements that an instance must have to be counted in the history of a training."""

Batch = tuple[Tensor, Targets]


class TrainingPictures:
    """Pictures and their mirror images with labels on the grid, which are kept once they are made.

    Args:
        streets: Training pictures with labels.
        k: Pixels along one side of a superpixel.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
    """

    def __init__(self, streets: Streets, k: int, compactness: float) -> None:
        self.streets, self._k, self._compactness = streets, k, compactness
        self._labels: dict[tuple[int, bool], tuple[np.ndarray, np.ndarray]] = {}

    def get(self, place: int, mirrored: bool) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """A picture, uint8 [H, W, 3], and its classes and instances on the grid, int64 [h, w] each.

        Args:
            place: Index of the picture.
            mirrored: Whether to flip it left to right.
        """
        street = self.streets[place]
        if mirrored:
            parts = (street.image, street.classes, street.instances)
            street = Street(*(np.ascontiguousarray(part[:, ::-1]) for part in parts))
        if (place, mirrored) not in self._labels:
            classes, instances = grid_labels(street, self._k, self._compactness)
            self._labels[place, mirrored] = classes.astype(np.uint8), instances.astype(np.uint16)
        classes, instances = self._labels[place, mirrored]
        return street.image, (classes.astype(np.int64), instances.astype(np.int64))


def class_frequency(streets: Streets) -> Tensor:
    """Share of the pixels that each class has, float32 [9]: f_c of equation (2).

    Args:
        streets: Pictures with labels.
    """
    counts = np.sum([np.bincount(street.classes.ravel(), minlength=CLASSES) for street in streets], axis=0)
    return torch.from_numpy(counts / counts.sum()).float()


def recoloured(images: np.ndarray, contrast: float, brightness: float, rng: np.random.Generator) -> np.ndarray:
    """Scales images to 0..1 and changes their colours at random, float32 [b, 3, H, W].

    Args:
        images: RGB images, uint8 [b, H, W, 3].
        contrast: Standard deviation of the relative change of each colour channel.
        brightness: Standard deviation of the offset on all colour channels, whose range is 0..1.
        rng: Source of the draws.
    """
    count = len(images)
    scaled = np.moveaxis(images, -1, 1).astype(np.float32) / 255
    scaled *= 1 + rng.normal(0, contrast, (count, 3, 1, 1)).astype(np.float32)
    return np.clip(scaled + rng.normal(0, brightness, (count, 1, 1, 1)).astype(np.float32), 0, 1)


def total_loss(
    outputs: Prediction, targets: Targets, weights: Tensor, config: TrainConfig, row: Row
) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted sum of the three losses, and its terms: semantic, attract, repel, regularise, centres.

    Args:
        outputs: Outputs of the network.
        targets: True outputs for the same images.
        weights: Weight of each class, [c].
        config: Margins delta_a and delta_r, alpha, gamma, and the weights of the losses.
        row: Focus and gamma of the centre loss.
    """
    attract, repel, norm = embedding_losses(outputs.embeddings, targets, config.attract, config.repel)
    terms = {
        "semantic": semantic_loss(outputs.classes, targets.classes, weights),
        "attract": attract,
        "repel": repel,
        "regularise": norm,
    }
    of_classes, of_embeddings, of_centres = config.weights
    loss = of_classes * terms["semantic"] + of_embeddings * (attract + repel + config.regularise * norm)
    if outputs.centres is not None:
        gamma = config.gamma if row.gamma is None else row.gamma
        terms["centres"] = centre_loss(outputs.centres, targets.centres, config.alpha, gamma, row.focus)
        loss = loss + of_centres * terms["centres"]
    return loss, terms


@torch.inference_mode()
def grid_scores(network: JointNetwork, streets: Streets, count: int, compactness: float) -> dict[str, float]:
    """Scores by which a training is watched, percent; they depend on no setting of the post-processing.

    Args:
        network: Network in evaluation mode.
        streets: Pictures with labels.
        count: Largest number of pictures, the first ones.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.

    Returns:
        `miou`: mean IoU of the things on pixels. `told_apart`: elements whose embedding is nearer to their own
        instance's centre than to any other true centre of the class. `found`: instances with a sure element, where
        there is a decoder of centres.
    """
    device = next(network.parameters()).device
    counts = np.zeros((CLASSES, CLASSES), np.int64)
    right, elements, sure, instances = 0, 0, 0, 0
    for place in range(min(count, len(streets))):
        street = streets[place]
        outputs = network(torch.from_numpy(street.image).to(device).permute(2, 0, 1)[None].float() / 255)
        labels = superpixels(torch.from_numpy(street.image), network.k, compactness)
        counts += confusion(spread(outputs.classes[0].argmax(0).cpu(), labels).numpy(), street.classes)
        true = make_targets([grid_labels(street, network.k, compactness)])
        flat, owner = outputs.embeddings[0].flatten(1).T.cpu(), true.instances.flatten()
        middles = true.centres.flatten().nonzero()[:, 0]
        if not len(middles):
            continue
        inside = (owner > 0).nonzero()[:, 0]
        away = torch.cdist(flat[inside], flat[middles])
        of_class = true.classes.flatten()
        away[of_class[inside][:, None] != of_class[middles]] = torch.inf
        right += int((owner[middles][away.argmin(1)] == owner[inside]).sum())
        elements += len(inside)
        if outputs.centres is not None:
            confident = torch.sigmoid(outputs.centres[0]).flatten().cpu() > SURE
            size = torch.bincount(owner)
            seen = torch.bincount(owner[confident], minlength=len(size))
            large = (size >= VISIBLE)[1:]
            instances += int(large.sum())
            sure += int((seen[1:] > 0)[large].sum())
    scores = {"miou": mean_iou(counts), "told_apart": 100 * right / max(elements, 1)}
    if network.centre is not None:
        scores["found"] = 100 * sure / max(instances, 1)
    return scores


def train_row(
    row: Row,
    seed: int,
    streets: Streets,
    validation: Streets,
    *,
    train: TrainConfig,
    network: NetworkConfig,
    compactness: float,
    scratch_dir: Path,
    data_dir: Path = Path("data"),
) -> Trained[JointNetwork]:
    """Train a row with a seed, or go on where a training of it was interrupted, or read one that is over.

    Args:
        row: Encoder, stride and decoders.
        seed: Seed of the initial weights and the batches.
        streets: Training pictures.
        validation: Pictures of other drives, for the history only; the last weights are kept.
        train: Settings that all rows share.
        network: Settings of encoders and decoders.
        compactness: Compactness of the superpixels that labels are brought down to, in units of Lab per k pixels.
        scratch_dir: Folder for checkpoints and finished trainings, ignored by git.
        data_dir: Folder with the bundled weights.

    Returns:
        The network, and its history with the results of `grid_scores` at each evaluation.

    Raises:
        InputError: There are fewer pictures than a batch needs.
    """
    if len(streets) < train.batch_size:
        raise InputError(f"{row.title}: {len(streets)} pictures, batches of {train.batch_size}")
    # channels last in memory: 1.5 times as fast on a CPU
    model = build_network(row, network, seed, data_dir).to(memory_format=torch.channels_last)
    pictures, steps = TrainingPictures(streets, row.k, compactness), row.steps or train.steps
    weights = class_weights(class_frequency(streets))

    def batch(step: Step) -> Batch:
        places = batch_indices(len(streets), train.batch_size, step.number, seed, 0)[step.part :: step.parts]
        rng = np.random.default_rng([seed, 1, step.number, step.part])
        chosen = [pictures.get(place, bool(rng.random() < 0.5)) for place in places]
        images = recoloured(np.stack([image for image, _ in chosen]), train.contrast, train.brightness, rng)
        rgb = torch.from_numpy(images).to(step.device, memory_format=torch.channels_last)
        return rgb, make_targets([grid for _, grid in chosen]).to(step.device)

    def loss(model: JointNetwork, batch: Batch, step: Step) -> Tensor:
        images, targets = batch
        return total_loss(model(images), targets, weights.to(step.device), train, row)[0]

    def optimiser(model: JointNetwork) -> AdamW:
        inner = {id(parameter) for parameter in model.encoder.parameters()}
        factor = train.encoder_factor if row.encoder_factor is None else row.encoder_factor
        groups = [
            {"params": list(model.encoder.parameters()), "lr": factor * train.learning_rate},
            {"params": [part for part in model.parameters() if id(part) not in inner], "lr": train.learning_rate},
        ]
        return AdamW(groups, weight_decay=train.weight_decay)

    own = {name: value for name, value in dataclasses.asdict(row).items() if name not in ("title", "seeds")}
    # of the network's settings all but the stride show in its initial weights
    settings = [dataclasses.asdict(train), network.encoder_stride, own, seed, compactness]
    data = [streets.digest(), validation.digest()]
    return fit(
        model,
        Plan(steps=steps, batch_size=train.batch_size, evaluate_every=train.evaluate_every, clip=train.clip),
        name=fingerprint([settings, data], train_row, arrays=model.state_dict()),
        scratch_dir=scratch_dir,
        optimiser=optimiser,
        rate=lambda highest, step: cosine_rate(highest, step, steps, WARM_UP),
        batch=batch,
        loss=loss,
        evaluate=lambda model: grid_scores(model, validation, train.evaluated, compactness),
        title=f"{row.title}, seed {seed}",
    )
