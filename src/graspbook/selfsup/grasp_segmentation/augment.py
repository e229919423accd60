"""Augmentation of labelled grasps: crops, resizes, blurs and colour (`selfsup` paper, §III-A).

The paper names the kinds and no strengths; those here are ours, and so are flips and small rotations, which
the bin allows because it has no up. Geometry, blur and exposure act alike on both images, as one camera took
them; gain and tint also differ a little between the two, because light does between two photographs.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from graspbook.selfsup.pixels import NATIVE_HEIGHT


@dataclass(frozen=True)
class Augmentation:
    """Strengths of the random changes; a zero (for `zoom`, (1, 1)) turns one off.

    Attributes:
        flip: Probability of each of the two mirrorings.
        rotation: Largest rotation, degrees, either way.
        zoom: Smallest and largest magnification, drawn log-uniformly. Above 1 a part of the image is cropped
            out and enlarged; below 1 the image shrinks, and what lies beyond its edge is black.
        blur: Largest standard deviation of the Gaussian blur, pixels of a 640x960 image; half of the grasps
            stay sharp.
        gamma: Standard deviation of the logarithm of the exponent, alike in both images.
        gain: Of the logarithm of the gain, alike in both images.
        tint: Of the logarithm of each colour's gain, alike in both images.
        gain_difference: Of the logarithm of the gain, drawn anew for each image.
        tint_difference: Of the logarithm of each colour's gain, drawn anew for each image.
    """

    flip: float = 0.5
    rotation: float = 15.0
    zoom: tuple[float, float] = (0.8, 1.5)
    blur: float = 4.0
    gamma: float = 0.15
    gain: float = 0.2
    tint: float = 0.08
    gain_difference: float = 0.05
    tint_difference: float = 0.02


def augment(
    images: Float[Tensor, "b 6 h w"],
    masks: Float[Tensor, "b m h w"],
    generator: Generator,
    strengths: Augmentation,
) -> tuple[Float[Tensor, "b 6 h w"], Float[Tensor, "b m h w"]]:
    """Change every grasp of a batch at random, each in its own way.

    Args:
        images: i_b and i_a, RGB in 0..1.
        masks: 0 or 1; the first is g, whose centre always stays in the picture. They are moved like the
            images and stay 0 or 1, and a mask that lay within another still does.
        generator: On the CPU: the same seed gives the same changes on every device.
        strengths: How much.

    Returns:
        Images (in 0..1) and masks of the same shapes.
    """
    transform = _affine(masks[:, 0], generator, strengths).to(images.device)
    # one sampling for images and masks: bilinear for all, then masks are cut at one half
    moved = F.grid_sample(
        torch.cat([images, masks], 1),
        F.affine_grid(transform, [len(images), 1, *images.shape[-2:]], align_corners=False),
        align_corners=False,
    )
    images, masks = moved[:, :6], (moved[:, 6:] > 0.5).to(masks.dtype)
    return _recolour(_blur(images, generator, strengths), generator, strengths), masks


def _affine(suction: Float[Tensor, "b h w"], generator: Generator, strengths: Augmentation) -> Tensor:
    """[b, 2, 3]: where each output pixel reads from, in coordinates from -1 to 1 along both axes."""
    count, height, width = suction.shape
    uniform = torch.rand(count, 6, generator=generator, dtype=torch.float64)
    low, high = (math.log(bound) for bound in strengths.zoom)
    scale = torch.exp(-(low + (high - low) * uniform[:, 0]))  # > 1 shows more than the image
    angle = math.radians(strengths.rotation) * (2 * uniform[:, 1] - 1)
    mirror = 1 - 2 * (uniform[:, 2:4] < strengths.flip).double()
    cos, sin, aspect = scale * torch.cos(angle), scale * torch.sin(angle), width / height
    # rotation in pixels, expressed along axes of different length
    linear = torch.stack([torch.stack([cos, -sin / aspect], 1), torch.stack([sin * aspect, cos], 1)], 1)
    linear = linear * mirror[:, None, :]

    # the crop's centre, in the image: anywhere the crop does not leave it (a shrunken image: moves within the
    # frame), but never so far that the centre of g leaves the crop
    spare = (1 - scale).abs()[:, None]
    centre = spare * (2 * uniform[:, 4:6] - 1)
    grasp = _centre(suction.double().cpu())
    offset = torch.linalg.solve(linear, grasp - centre)  # of g's centre, in the output
    limit = grasp.abs().clamp(min=0.8)  # no closer to the edge than 0.8, unless it was
    inside = torch.maximum(torch.minimum(offset, limit), -limit)
    centre = grasp - torch.einsum("bij,bj->bi", linear, inside)
    return torch.cat([linear, centre[:, :, None]], 2).float()


def _centre(mask: Tensor) -> Tensor:
    """[b, 2]: centre (x, y) of each mask in coordinates from -1 to 1; the image's own where it is empty."""
    height, width = mask.shape[1:]
    total = mask.sum((1, 2))
    x = (mask.sum(1) * ((2 * torch.arange(width) + 1) / width - 1)).sum(1)
    y = (mask.sum(2) * ((2 * torch.arange(height) + 1) / height - 1)).sum(1)
    return torch.stack([x, y], 1) / total.clamp(min=1)[:, None]


def _blur(images: Tensor, generator: Generator, strengths: Augmentation) -> Tensor:
    """Gaussian blur, rows then columns, of another width for each grasp; none for half of them."""
    count, channels, height, width = images.shape
    largest = strengths.blur * height / NATIVE_HEIGHT
    sigma = largest * (2 * torch.rand(count, generator=generator) - 1)
    half = math.ceil(2 * largest)
    if half == 0:
        return images
    taps = torch.arange(-half, half + 1)
    # below a twentieth of a pixel, negative ones included, nothing but the middle tap is left
    kernel = torch.exp(-0.5 * (taps / sigma.clamp(min=0.05)[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0).to(images)
    x = images.reshape(1, count * channels, height, width)
    x = F.pad(x, (half, half, half, half), mode="replicate")
    x = F.conv2d(x, kernel[:, None, None, :], groups=count * channels)
    x = F.conv2d(x, kernel[:, None, :, None], groups=count * channels)
    return x.reshape(images.shape)


def _recolour(images: Tensor, generator: Generator, strengths: Augmentation) -> Tensor:
    count = len(images)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, 1, 1, generator=generator).to(images.device)

    exponent = torch.exp(strengths.gamma * normal(1))
    log_gain = strengths.gain * normal(1, 1) + strengths.tint * normal(1, 3)
    log_gain = log_gain + strengths.gain_difference * normal(2, 1) + strengths.tint_difference * normal(2, 3)
    # the power first, so that a difference in light between the two images stays a plain gain
    return (images.clamp(0, 1) ** exponent * torch.exp(log_gain).reshape(count, 6, 1, 1)).clamp(0, 1)
