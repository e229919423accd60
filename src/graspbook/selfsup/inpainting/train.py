"""Training the small inpainting model on unlabelled scenes (`selfsup` paper, §III-B.3).

What it has to learn is what outlines of objects look like. Bands along real ones (see `outlined.py`), and bands of
random shapes elsewhere, are blanked out, and what was there is what the model has to predict.

Everything random in step k is drawn from generators seeded by (seed, k), so a training that is killed and resumed
draws what the unbroken one would have drawn.
"""

import dataclasses
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Generator, Tensor

from graspbook import progress as bars
from graspbook.errors import InputError
from graspbook.selfsup.inpainting import diffusion, outlined
from graspbook.selfsup.inpainting.diffusion import InpaintModel, noise_schedule
from graspbook.selfsup.inpainting.outlined import OutlinedImages, band, random_band
from graspbook.training import checkpoint, schedule, seeds
from graspbook.training.checkpoint import Trained, TrainingDiverged
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices, generator

WARM_UP = 0.05
"""Part of the steps in which the learning rate rises from zero."""


@dataclass(frozen=True)
class InpaintTrainConfig:
    """How to train.

    Attributes:
        steps: Steps to take.
        batch_size: Crops per step.
        learning_rate: Of Adam, at its highest; a short linear rise, then half a cosine down to zero.
        crop: Side of a crop in pixels (smaller where the image is): outlines are few and far between, so a crop
            around one teaches as much as the whole image, in a third of the time.
        dilate: How wide bands are: an outline dilated by 1 to 2 * dilate pixels on all sides.
        seed: Of batches, bands and noise.
    """

    steps: int = 12000
    batch_size: int = 8
    learning_rate: float = 2e-3
    crop: int = 64
    dilate: int = 1
    seed: int = 0


def training_batch(
    data: OutlinedImages, config: InpaintTrainConfig, step: int
) -> tuple[Float[Tensor, "b 3 h w"], Float[Tensor, "b 1 h w"]]:
    """Crops in -1..1 and the bands to blank out (1), each with at least one pixel; the same for the same step."""
    rng = np.random.default_rng((config.seed, 1, step))
    crops, bands = [], []
    for index in batch_indices(len(data), config.batch_size, step, config.seed, 0):
        image, mask = _crop(data.images[index], data.masks[index], config.crop, rng)
        hidden = band(mask, int(rng.integers(1, 2 * config.dilate + 1)))
        if not hidden.any() or rng.random() < 0.5:
            hidden |= random_band(*mask.shape, int(rng.integers(1, 2 * config.dilate + 1)), rng)
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
    checkpoint_seconds: float = 60,
) -> Trained[InpaintModel]:
    """Train, or go on with a training of the same model, settings, data and code that was interrupted.

    Runs on the CPU, or on the GPU if there is one.

    Args:
        model: In its initial state; trained in place.
        config: How to train.
        data: What to learn from.
        scratch_dir: Ignored folder; checkpoints go to a subfolder named by a hash of everything that matters.
        checkpoint_seconds: Time between checkpoints; it has no influence on the result.

    Raises:
        InputError: There are fewer images than a batch holds.
        TrainingDiverged: The loss stops being finite.
    """
    if len(data) < config.batch_size:
        raise InputError(f"data: {len(data)} images, expected at least batch_size = {config.batch_size}")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder = scratch_dir / _name(model, config, data)
    model.to(device, memory_format=torch.channels_last).train()
    optimiser = torch.optim.Adam(model.parameters(), config.learning_rate)
    state = checkpoint.load_checkpoint(folder, model, optimiser)
    saved_at = time.monotonic()
    remaining = range(state.step, config.steps)
    for step in bars.progress(remaining, "training to inpaint", total=len(remaining), unit="step"):
        rate = cosine_rate(config.learning_rate, step, config.steps, WARM_UP)
        for group in optimiser.param_groups:
            group["lr"] = rate
        images, masks = (part.to(device) for part in training_batch(data, config, step))
        loss = inpainting_loss(model, images, masks, generator(config.seed, 2, step))
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingDiverged(f"step {step + 1}: the loss is {value}; try a lower learning_rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        state.step = step + 1
        state.history.append({"step": step + 1, "loss": value, "lr": rate})
        if step + 1 == config.steps or time.monotonic() - saved_at >= checkpoint_seconds:
            checkpoint.save_checkpoint(folder, model, optimiser, state)
            saved_at = time.monotonic()
    model.to("cpu", memory_format=torch.contiguous_format).eval()
    return Trained(model, pd.DataFrame(state.history, columns=["step", "loss", "lr"]), folder)


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
    tensors = dict(model.state_dict())
    tensors |= {"images": torch.from_numpy(data.images), "masks": torch.from_numpy(data.masks)}
    files = [Path(module.__file__) for module in (schedule, seeds, diffusion, checkpoint, outlined)] + [Path(__file__)]
    return checkpoint.digest([dataclasses.asdict(model.config), dataclasses.asdict(config)], tensors, files)
