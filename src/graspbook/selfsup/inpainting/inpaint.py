"""Smoothing the outlines of pasted objects by inpainting (`selfsup` paper, §III-B.3): two engines, one interface.

An inpainter takes images, masks and a generator, and makes up what is inside the masks. Pixels outside them are
bit-identical to the input, whatever the engine: they are copied, not decoded.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Generator, Tensor

from graspbook.core.errors import InputError
from graspbook.selfsup.inpainting.config import InpainterConfig
from graspbook.selfsup.inpainting.diffusion import InpaintModel, denoise, draw_noise, load_inpaint_model


class Inpainter(Protocol):
    """What turns pasted images into more realistic ones."""

    def __call__(
        self, images: UInt8[np.ndarray, "b h w 3"], masks: Bool[np.ndarray, "b h w"], generator: Generator
    ) -> UInt8[np.ndarray, "b h w 3"]:
        """Make up the masked pixels.

        Args:
            images: RGB; not changed.
            masks: True where to make something up; an image without any is returned as it is.
            generator: The only source of randomness; it moves on by as much for any masks.

        Returns:
            New images, equal to `images` outside the masks.

        Raises:
            InputError: The arrays do not fit together.
        """
        ...


class BundledInpainter:
    """The small diffusion model of this book.

    Args:
        model: Trained model.
        steps: Denoising steps.
        strength: Share of the noise levels that denoising starts from; see `denoise`.
        device: Where to run; the GPU, if there is one, by default.
    """

    def __init__(
        self,
        model: InpaintModel,
        steps: int,
        strength: float,
        device: torch.device | str | None = None,
    ):
        self.device = _device(device)
        self.strength = strength
        self.model = model.to(self.device, memory_format=torch.channels_last).eval()  # a tenth faster
        self.steps = steps

    def __call__(
        self, images: UInt8[np.ndarray, "b h w 3"], masks: Bool[np.ndarray, "b h w"], generator: Generator
    ) -> UInt8[np.ndarray, "b h w 3"]:
        """See `Inpainter`."""
        _check(images, masks)
        count, height, width = masks.shape
        noise = draw_noise((count, 3, height, width), generator, self.device)
        wanted = np.flatnonzero(masks.any((1, 2)))
        if len(wanted) == 0:
            return images.copy()
        x, mask = _tensors(images[wanted], masks[wanted], self.device)
        made = denoise(
            self.model, 2 * x - 1, mask, noise[torch.from_numpy(wanted).to(self.device)], self.steps, self.strength
        )
        return _merge(images, masks, wanted, (made + 1) / 2)


class StableDiffusionInpainter:
    """Diffusers' inpainting pipeline with weights of the Stable Diffusion family, as in the paper.

    Its variational autoencoder sees blocks of 8x8 pixels, so it wants images of the paper's size: on small ones, a
    band of a few pixels is less than a block. Images are padded to whole blocks by repeating their edge.

    Args:
        location: A folder that holds a pipeline, or a hub name such as
            "stable-diffusion-v1-5/stable-diffusion-inpainting".
        steps: Denoising steps.
        strength: Share of the noise levels that denoising starts from.
        prompt: What to paint; the paper gives none.
        device: Where to run; the GPU, if there is one, by default. On a GPU weights are in half precision.

    Raises:
        InputError: The location is a path without a pipeline, or one that cannot be loaded.
    """

    def __init__(
        self,
        location: Path | str,
        steps: int,
        strength: float,
        prompt: str = "",
        device: torch.device | str | None = None,
    ):
        self.device = _device(device)
        self.steps, self.strength, self.prompt = steps, strength, prompt
        folder = Path(location)
        local = isinstance(location, Path) or folder.exists() or str(location).startswith((".", "/", "~"))
        if local and not (folder / "model_index.json").is_file():
            raise InputError(f"location: {location}: expected a folder with model_index.json, or a hub name")
        from diffusers import StableDiffusionInpaintPipeline  # imported late: it takes seconds

        try:
            self.pipeline = StableDiffusionInpaintPipeline.from_pretrained(
                str(location),
                local_files_only=local,
                use_safetensors=True,
                dtype=torch.float16 if self.device.type == "cuda" else torch.float32,
                # it would black out whole images at a false alarm, and what is painted is a few pixels wide
                safety_checker=None,
                requires_safety_checker=False,
            ).to(self.device)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(f"location: {location}: not a Stable Diffusion inpainting pipeline: {error}") from error
        self.pipeline.set_progress_bar_config(disable=True)

    def __call__(
        self, images: UInt8[np.ndarray, "b h w 3"], masks: Bool[np.ndarray, "b h w"], generator: Generator
    ) -> UInt8[np.ndarray, "b h w 3"]:
        """See `Inpainter`."""
        _check(images, masks)
        _, height, width = masks.shape
        wanted = np.flatnonzero(masks.any((1, 2)))
        block = self.pipeline.vae_scale_factor
        seeds = torch.randint(2**62, (len(images),), generator=generator, device=generator.device).tolist()
        if len(wanted) == 0:
            return images.copy()
        x, mask = (
            F.pad(part, (0, -width % block, 0, -height % block), mode="replicate")
            for part in _tensors(images[wanted], masks[wanted], self.device)
        )
        made = self.pipeline(
            prompt=[self.prompt] * len(wanted),
            image=x,
            mask_image=mask,
            height=x.shape[-2],
            width=x.shape[-1],
            strength=self.strength,
            num_inference_steps=round(self.steps / self.strength),  # of which it takes the last `steps`
            guidance_scale=1.0,  # guidance away from "no prompt" has no meaning where there is none
            generator=[Generator().manual_seed(seeds[place]) for place in wanted],
            output_type="pt",
        ).images
        return _merge(images, masks, wanted, made[..., :height, :width])


def open_inpainter(config: InpainterConfig, bundled: Path | str) -> Inpainter:
    """The inpainter that a parameter file names.

    Args:
        config: Which engine, and how it is used.
        bundled: The safetensors file of the engine "bundled"; not looked at for the other.

    Raises:
        InputError: Nothing usable where the engine's weights should be.
    """
    if config.engine == "bundled":
        return BundledInpainter(load_inpaint_model(bundled), config.denoising_steps, config.strength)
    return StableDiffusionInpainter(config.location, config.denoising_steps, config.strength)


def _device(device: torch.device | str | None) -> torch.device:
    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


def _check(images: np.ndarray, masks: np.ndarray) -> None:
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8:
        raise InputError(f"images: expected uint8 [b, h, w, 3], got {images.dtype} {list(images.shape)}")
    if masks.shape != images.shape[:3] or masks.dtype != np.bool_:
        raise InputError(f"masks: expected bool {list(images.shape[:3])}, got {masks.dtype} {list(masks.shape)}")


def _tensors(images: np.ndarray, masks: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    """Images float32 [b, 3, h, w] in 0..1 and masks float32 [b, 1, h, w]."""
    x = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).to(device).float() / 255
    return x, torch.from_numpy(masks[:, None]).to(device).float()


def _merge(images: np.ndarray, masks: np.ndarray, wanted: np.ndarray, made: Float[Tensor, "n 3 h w"]) -> np.ndarray:
    """The images, with the masked pixels of the images `wanted` taken from `made` (0..1)."""
    pixels = (255 * made.float().clamp(0, 1)).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    result = images.copy()
    inside = masks[wanted]
    part = result[wanted]
    part[inside] = pixels[inside]
    result[wanted] = part
    return result
