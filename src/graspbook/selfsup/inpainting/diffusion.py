"""A small diffusion model that fills in masked parts of an image (`selfsup` paper, §III-B.3, in little).

The paper takes Stable Diffusion, whose weights a laptop without a network does not have. This model is of the same
kind and reads the same things: the noisy image, the image with its masked part blanked out, and the mask. It works on
pixels instead of latents (blocks of them, as channels) and
predicts the clean image, not the noise: a network as narrow as this one has no room for every grain of noise. (Tried:
predicting the velocity ended, after as many steps, nearly twice as far from what was there.)
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from graspbook.core.errors import InputError
from graspbook.nn.weight_file import load_weights, save_weights
from graspbook.selfsup.inpainting.config import InpaintModelConfig

if TYPE_CHECKING:
    from diffusers import DDIMScheduler

FORMAT = "graspbook.selfsup.InpaintModel"
"""Name of the metadata entry that holds a model file's configuration as JSON."""
GROUPS = 8
"""Of group normalisation; every number of channels is a multiple of it."""


class InpaintModel(nn.Module):
    """U-Net that predicts the clean image from a noisy one, the known part of the clean one, and the mask.

    Raises:
        InputError: If a number of channels is not a positive multiple of 8, or there is none.
    """

    def __init__(self, config: InpaintModelConfig):
        super().__init__()
        if not config.channels or any(count < GROUPS or count % GROUPS for count in config.channels):
            raise InputError(f"channels: {list(config.channels)}, expected positive multiples of {GROUPS}")
        # imported here and below: diffusers takes seconds, and most who import this module make no model
        from diffusers import UNet2DModel

        self.config = config
        levels = len(config.channels)
        self.unet = UNet2DModel(
            in_channels=(3 + 3 + 1) * config.block**2,
            out_channels=3 * config.block**2,
            block_out_channels=config.channels,
            layers_per_block=config.layers,
            down_block_types=("DownBlock2D",) * levels,
            up_block_types=("UpBlock2D",) * levels,
            norm_num_groups=GROUPS,
            add_attention=False,
        )

    @property
    def stride(self) -> int:
        """Heights and widths are padded to multiples of this."""
        return self.config.block * 2 ** (len(self.config.channels) - 1)

    def forward(
        self,
        noisy: Float[Tensor, "b 3 h w"],
        level: Int[Tensor, "b"],
        image: Float[Tensor, "b 3 h w"],
        mask: Float[Tensor, "b 1 h w"],
    ) -> Float[Tensor, "b 3 h w"]:
        """Predict the clean image.

        Args:
            noisy: The clean image mixed with noise of the given level.
            level: Noise level of each image, 0 .. noise_levels - 1.
            image: The clean image in -1..1; what it holds inside the mask is not looked at.
            mask: 1 where the image is to be made up, else 0.
        """
        height, width = noisy.shape[-2:]
        x = torch.cat([noisy, image * (1 - mask), mask], 1)
        x = F.pad(x, (0, -width % self.stride, 0, -height % self.stride), mode="replicate")
        x = self.unet(F.pixel_unshuffle(x, self.config.block), level).sample
        return F.pixel_shuffle(x, self.config.block)[..., :height, :width]


def build_inpaint_model(config: InpaintModelConfig, seed: int) -> InpaintModel:
    """A model with random weights; PyTorch's own generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return InpaintModel(config)


def noise_schedule(config: InpaintModelConfig) -> "DDIMScheduler":
    """The schedule for training and for denoising: DDIM, ending in pure noise, where denoising starts.

    Zero signal at the last level and steps that start from it ("trailing") matter when steps are few: with the
    customary ones a remainder of the image shines through the "noise" in training and not when denoising.
    """
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        num_train_timesteps=config.noise_levels,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )


@torch.inference_mode()
def denoise(
    model: InpaintModel,
    images: Float[Tensor, "b 3 h w"],
    masks: Float[Tensor, "b 1 h w"],
    noise: Float[Tensor, "b 3 h w"],
    steps: int,
    strength: float = 1.0,
) -> Float[Tensor, "b 3 h w"]:
    """Make up the masked part of images: from noise to an image in `steps` steps of DDIM.

    Before every step, the known part is put back, noised to that step's level: denoising only ever changes the
    masked part.

    Args:
        model: Trained model.
        images: RGB in -1..1.
        masks: 1 where to make something up, else 0.
        noise: Standard normal; the only randomness.
        steps: Number of denoising steps (paper: 4).
        strength: Share of the noise levels to start from, above 0. At 1 the start is pure noise, and what was
            inside the masks is forgotten; below, a trace of it shows through, as in SDEdit (Meng et al., 2022).

    Returns:
        The images with their masked part replaced, -1..1.

    Raises:
        InputError: If `strength` is not in (0, 1], or `steps` is not from 1 to the number of noise levels.
    """
    if not 0 < strength <= 1:
        raise InputError(f"strength: {strength}, expected more than 0 and at most 1")
    if not 1 <= steps <= strength * model.config.noise_levels:
        raise InputError(f"steps: {steps}, expected 1 to {int(strength * model.config.noise_levels)} denoising steps")
    schedule = noise_schedule(model.config)
    schedule.set_timesteps(round(steps / strength), device=images.device)
    levels = schedule.timesteps[-steps:]
    x, hidden = schedule.add_noise(images, noise, levels[:1]), masks > 0
    for level in levels:
        each = level.expand(len(images))
        x = torch.where(hidden, x, schedule.add_noise(images, noise, each))
        x = schedule.step(model(x, each, images, masks), level, x).prev_sample
    return torch.where(hidden, x.clamp(-1, 1), images)


def save_inpaint_model(model: InpaintModel, path: Path) -> None:
    """Write weights (half precision) and configuration to one safetensors file, whole or not at all."""
    save_weights(model, Path(path), FORMAT, dataclasses.asdict(model.config), half_vectors=True)


def load_inpaint_model(path: Path | str) -> InpaintModel:
    """Read a model that `save_inpaint_model` wrote; on the CPU, float32, in evaluation mode.

    Raises:
        InputError: If the file is missing or is not such a model.
    """

    def build(about: dict) -> InpaintModel:
        return build_inpaint_model(InpaintModelConfig(**about | {"channels": tuple(about["channels"])}), seed=0)

    return load_weights(Path(path), FORMAT, "an inpainting model", build)


def draw_noise(shape: tuple[int, ...], generator: Generator, device: torch.device) -> Tensor:
    """Standard normal noise drawn where the generator lives, so that a GPU gets the same noise as a CPU."""
    return torch.randn(shape, generator=generator, device=generator.device).to(device)
