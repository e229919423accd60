"""Training the small inpainting model on unlabelled scenes (`selfsup` paper, §III-B.3).

What it has to learn is what outlines of objects look like. Bands along real ones (see `outlined.py`), and bands of
random shapes elsewhere, are blanked out, and what was there is what the model has to predict.
"""

import dataclasses
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Generator, Tensor
from torch.optim import Adam

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.selfsup.inpainting import diffusion
from graspbook.selfsup.inpainting.config import InpaintTrainConfig
from graspbook.selfsup.inpainting.diffusion import InpaintModel, noise_schedule
from graspbook.selfsup.inpainting.outlined import OutlinedImages, band, random_band
from graspbook.selfsup.pixels import scaled_length
from graspbook.training.fit import CHECKPOINT_SECONDS, Plan, Step, Trained, fit
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices, generator

WARM_UP = 0.05
"""Part of the steps in which the learning rate rises from zero."""


def training_batch(
    data: OutlinedImages, config: InpaintTrainConfig, step: int
) -> tuple[Float[Tensor, "b 3 h w"], Float[Tensor, "b 1 h w"]]:
    """Crops in -1..1 and the bands to blank out (1), each with at least one pixel; the same for the same step."""
    rng = np.random.default_rng((config.seed, 1, step))
    height = data.images.shape[1]
    side, dilate = scaled_length(config.crop, height), scaled_length(config.dilate, height)
    crops, bands = [], []
    for index in batch_indices(len(data), config.batch_size, step, config.seed, 0):
        image, mask = _crop(data.images[index], data.masks[index], side, rng)
        hidden = band(mask, int(rng.integers(1, 2 * dilate + 1)))
        if not hidden.any() or rng.random() < 0.5:
            hidden |= random_band(*mask.shape, int(rng.integers(1, 2 * dilate + 1)), rng)
        if not hidden.any():  # a random shape outside the crop: rare
            hidden[tuple(side // 2 for side in hidden.shape)] = True
        crops.append(image)
        bands.append(hidden)
    x = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return x.contiguous(), torch.from_numpy(np.stack(bands)[:, None]).float()


def inpainting_loss(
    model: InpaintModel, images: Float[Tensor, "b 3 h w"], masks: Float[Tensor, "b 1 h w"], generator: Generator
) -> Float[Tensor, ""]:
    """Mean squared error of the predicted clean image over the masked pixels, at a random noise level per image."""
    noise = diffusion.draw_noise(tuple(images.shape), generator, images.device)
    levels = torch.randint(model.config.noise_levels, (len(images),), generator=generator, device=generator.device)
    levels = levels.to(images.device)
    noisy = noise_schedule(model.config).add_noise(images, noise, levels)
    error = (model(noisy, levels, images, masks) - images).square() * masks
    return error.sum() / (images.shape[1] * masks.sum())


def train_inpainter(
    model: InpaintModel,
    config: InpaintTrainConfig,
    data: OutlinedImages,
    scratch_dir: Path,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Trained[InpaintModel]:
    """Train, or go on with a training of the same model, settings, data and code; see `graspbook.training.fit`.

    Args:
        model: In its initial state; trained in place.
        config: How to train.
        data: What to learn from.
        scratch_dir: Ignored folder.
        checkpoint_seconds: Time between checkpoints; it has no influence on the result.

    Raises:
        InputError: There are fewer images than a batch holds.
        TrainingDiverged: The loss stops being finite.
    """
    if len(data) < config.batch_size:
        raise InputError(f"data: {len(data)} images, expected at least batch_size = {config.batch_size}")

    def batch(step: Step) -> tuple[Tensor, Tensor]:
        images, masks = training_batch(data, config, step.number)
        return tuple(part[step.part :: step.parts].to(step.device) for part in (images, masks))

    def loss(model: InpaintModel, batch: tuple[Tensor, Tensor], step: Step) -> Tensor:
        return inpainting_loss(model, *batch, generator(config.seed, 2, step.number, step.part))

    return fit(
        model,
        Plan(steps=config.steps, batch_size=config.batch_size, clip=1.0),
        name=_name(model, config, data),
        scratch_dir=scratch_dir,
        optimiser=lambda model: Adam(model.parameters(), config.learning_rate),
        rate=lambda highest, step: cosine_rate(highest, step, config.steps, WARM_UP),
        batch=batch,
        loss=loss,
        checkpoint_seconds=checkpoint_seconds,
        title="training to inpaint",
    )


def _crop(
    image: UInt8[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"], side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A square part around a random pixel of the mask (of the image where it is empty), flipped at random."""
    places = np.argwhere(mask)
    target = places[rng.integers(len(places))] if len(places) else [rng.integers(size) for size in mask.shape]
    slices = []
    for centre, size in zip(target, mask.shape, strict=True):
        part = min(side, size)
        start = int(np.clip(centre - rng.integers(part // 4, part - part // 4 + 1), 0, size - part))
        slices.append(slice(start, start + part))
    flips = tuple(slice(None, None, int(rng.choice((-1, 1)))) for _ in range(2))
    return image[tuple(slices)][flips], np.ascontiguousarray(mask[tuple(slices)][flips])


def _name(model: InpaintModel, config: InpaintTrainConfig, data: OutlinedImages) -> str:
    arrays = dict(model.state_dict()) | {"images": data.images, "masks": data.masks}
    settings = [dataclasses.asdict(model.config), dataclasses.asdict(config)]
    return fingerprint(settings, train_inpainter, *classes_of(model), arrays=arrays)
