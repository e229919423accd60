"""Training one row (§IV-C): pairs of views, one of the losses, the training loop of the book."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Adam

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import fingerprint
from graspbook.data.bop import RgbdScene
from graspbook.don.augmentations import AugmentConfig
from graspbook.don.config import NetworkConfig, Row, TrainConfig
from graspbook.don.losses import far_from, match_loss, non_match_loss, nt_xent
from graspbook.don.network import Network, build_network, descriptors_at, to_input
from graspbook.don.pairs import Pair, PairSource
from graspbook.don.queries import Query
from graspbook.don.scores import measure_of, score
from graspbook.training.fit import Plan, Step, Trained, fit
from graspbook.training.schedule import cosine_rate

WARM_UP = 0.05
"""Part of the steps in which the learning rate rises."""
SHARED = 25
"""Of the pixelwise loss: so many matches have the same non-matches, which are drawn anew for the next ones."""
PCK_RADIUS = 80
"""The weights with the highest PCK@80 on validation scenes are kept (§IV-C)."""


@dataclasses.dataclass(frozen=True, eq=False)
class Batch:
    """Images and pixels of one step.

    Attributes:
        images: RGB in 0..1, [n, 3, h, w]: A of each pair, B of each pair, then views of other objects, if any.
        pairs: Matches of each pair.
        others: Row-major indices of the other object's pixels, for each pair, if any.
        rng: Source of the non-matches.
    """

    images: Tensor
    pairs: list[Pair]
    others: list[np.ndarray]
    rng: np.random.Generator


def make_batch(source: PairSource, rng: np.random.Generator, device: torch.device | str = "cpu") -> Batch:
    """Draws the batch of one step.

    Args:
        source: Source of image pairs.
        rng: Source of all random draws.
        device: Device for the images.
    """
    pairs = source.batch(rng)
    images, others = [pair.images[side] for side in (0, 1) for pair in pairs], []
    if source.row.cross_object:
        for pair in pairs:
            image, pixels = source.sample_cross_object(pair, rng)
            images.append(image)
            others.append(pixels)
    return Batch(to_input(torch.from_numpy(np.stack(images))).to(device), pairs, others, rng)


def batch_loss(network: Network, batch: Batch, row: Row, train: TrainConfig) -> Float[Tensor, ""]:
    """The loss of a batch: NT-Xent over the matches of all pairs, or the mean of the pairs' pixelwise losses.

    Args:
        network: Network in training.
        batch: Images and pixels of one step.
        row: Loss and its settings.
        train: Margin, and least distance of non-matches.
    """
    cells = network(batch.images)
    count = len(batch.pairs)
    sides = cells[:count], cells[count : 2 * count]
    a, b = (
        [descriptors_at(side[k], _tensor(uv, cells)) for k, uv in enumerate(pixels)]
        for side, pixels in zip(sides, zip(*((p.a, p.b) for p in batch.pairs), strict=True), strict=True)
    )
    if row.loss == "nt-xent":
        negatives = None
        if row.background:
            tables = [(side[k], pair.table[s]) for s, side in enumerate(sides) for k, pair in enumerate(batch.pairs)]
            negatives = torch.cat([descriptors_at(side, _tensor(uv, cells)) for side, uv in tables])
        return nt_xent(torch.cat(a), torch.cat(b), row.temperature, negatives)
    losses = []
    for k, pair in enumerate(batch.pairs):
        loss = match_loss(a[k], b[k])
        size = batch.images.shape[2:]
        for group, share in _groups(pair, row, size):
            drawn = batch.rng.choice(group, (row.matches // SHARED, share))
            loss = loss + _pushed_apart(a[k], sides[1][k], drawn, size, train, pair.b)
        if batch.others:
            drawn = batch.rng.choice(batch.others[k], (row.matches // SHARED, max(1, row.non_matches // 2)))
            loss = loss + _pushed_apart(a[k], cells[2 * count + k], drawn, size, train, None)
        losses.append(loss)
    return torch.stack(losses).mean()


def _groups(pair: Pair, row: Row, size: torch.Size) -> list[tuple[np.ndarray | int, int]]:
    """Which pixels of B non-matches are drawn from, and how many of each group for a match.

    With masks, one half on the object and one half off it, each with a mean of its own ([1]).
    """
    if pair.inside is None or pair.outside is None:
        return [(size[0] * size[1], row.non_matches)]
    return [(group, max(1, row.non_matches // 2)) for group in (pair.inside, pair.outside) if len(group)]


def _pushed_apart(
    a: Float[Tensor, "n d"],
    cells: Float[Tensor, "d k l"],
    drawn: np.ndarray,
    size: torch.Size,
    train: TrainConfig,
    matches: np.ndarray | None,
) -> Float[Tensor, ""]:
    """`non_match_loss` of flat places drawn [g, k]."""
    places = torch.from_numpy(drawn).to(cells.device)
    pixels = torch.stack([places % size[1], places // size[1]], -1).to(cells)
    others = descriptors_at(cells, pixels.flatten(0, 1)).unflatten(0, places.shape)
    if matches is None:
        counted = torch.ones(len(a), places.shape[1], dtype=torch.bool, device=a.device)
    else:
        counted = far_from(_tensor(matches, cells), pixels, train.apart)
    return non_match_loss(a, others, counted, train.margin)


def train_row(
    row: Row,
    seed: int,
    scenes: list[RgbdScene],
    validation: tuple[list[RgbdScene], list[Query]],
    *,
    train: TrainConfig,
    network: NetworkConfig,
    augmentations: AugmentConfig,
    scratch_dir: Path,
) -> Trained[Network]:
    """Train a row with a seed, or go on where a training of it was interrupted, or read one that is over.

    Args:
        row: Row to train.
        seed: Seed of the initial weights, the image pairs and their augmentations.
        scenes: Training scenes of the row's kind; the row takes the first ones.
        validation: Validation scenes, and queries in them, that choose the weights.
        train: Settings that all rows share.
        network: Backbone, and source of its weights.
        augmentations: Strengths of all augmentations.
        scratch_dir: Folder for checkpoints and finished trainings, ignored by git.

    Returns:
        The network, and its history: at each evaluation `pck` (percent) and `auc` (0..1) on validation scenes.

    Raises:
        InputError: There are fewer scenes than the row takes, or they cannot be learned from.
    """
    if (row.scenes or 0) > len(scenes):
        raise InputError(f"{row.title}: {row.scenes} scenes wanted, {len(scenes)} there")
    chosen = scenes[: row.scenes]
    source = PairSource(chosen, row, train, augmentations)
    steps = max(1, (row.pairs or train.pairs) // row.batch)
    model = build_network(network, row.dimensions, seed)

    def batch(step: Step) -> Batch:
        return make_batch(source, np.random.default_rng([seed, 1, step.number, step.part]), step.device)

    def loss(model: Network, batch: Batch, step: Step) -> Tensor:
        return batch_loss(model, batch, row, train)

    def scores(model: Network) -> dict[str, float]:
        found = score(model, validation[0], validation[1], measure_of(row))
        return {"pck": 100 * float((found.errors <= PCK_RADIUS).mean()), "auc": float(found.auc.mean())}

    own = {name: value for name, value in dataclasses.asdict(row).items() if name not in ("title", "seeds", "pairs")}
    settings = [dataclasses.asdict(part) for part in (network, train)]
    settings[1] = {name: value for name, value in settings[1].items() if name not in ("seed", "pairs")}
    strengths = dataclasses.asdict(source.augmentations) if source.augmentations else None
    fields = ("images", "depth", "ids") if source.masked or row.background else ("images", "depth")
    arrays = _arrays(chosen, "train", fields) | _arrays(validation[0], "validation", ("images",))
    for place, query in enumerate(validation[1]):
        where = np.array([query.number, *query.a, *query.b])
        arrays |= {f"query {place}": where, f"pixels {place}": query.pixels, f"answers {place}": query.answers}
    return fit(
        model,
        Plan(
            steps=steps,
            batch_size=1,
            evaluate_every=max(1, steps // train.evaluations),
            keep="best",
        ),
        name=fingerprint([settings, own, strengths, steps, seed], train_row, arrays=arrays),
        scratch_dir=scratch_dir,
        optimiser=lambda model: Adam(
            [p for p in model.parameters() if p.requires_grad], train.learning_rate, weight_decay=train.weight_decay
        ),
        rate=lambda highest, step: cosine_rate(highest, step, steps, WARM_UP),
        batch=batch,
        loss=loss,
        evaluate=scores,
        title=f"{row.title}, seed {seed}",
    )


def _arrays(scenes: list[RgbdScene], name: str, fields: tuple[str, ...]) -> dict[str, np.ndarray]:
    """What a training reads of scenes, for its fingerprint."""
    arrays = {}
    for place, scene in enumerate(scenes):
        for field in fields:
            arrays[f"{name} {place} {field}"] = getattr(scene, field)
        cameras = [[c.fx, c.fy, c.cx, c.cy, *c.world_from_camera.ravel()] for c in scene.cameras]
        arrays[f"{name} {place} cameras"] = np.array(cameras)
    return arrays


def _tensor(array: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(array).to(like)
