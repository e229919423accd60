"""Pictures of views, of matches between them, and of descriptors."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from matplotlib import colormaps
from torch import Tensor

from graspbook.don.figures.colours import MATCH_COLOUR
from graspbook.reporting.plotting import Colour

ENLARGED = 2
"""A pixel of a view of 160 pixels is drawn as so many."""


def enlarge(image: UInt8[np.ndarray, "h w 3"], enlarged: int = ENLARGED) -> UInt8[np.ndarray, "H W 3"]:
    """Draws each pixel as a square.

    Args:
        image: RGB image, uint8 [h, w, 3].
        enlarged: Factor of enlargement.
    """
    return np.kron(image, np.ones((enlarged, enlarged, 1), np.uint8))


def mark(
    image: UInt8[np.ndarray, "h w 3"], pixels: Float[np.ndarray, "n 2"], colour: Colour, enlarged: int = ENLARGED
) -> UInt8[np.ndarray, "H W 3"]:
    """The enlarged picture with a ring around each pixel (u, v).

    Args:
        image: RGB image, uint8 [h, w, 3].
        pixels: Pixel coordinates (u, v) in the image, [n, 2].
        colour: RGB in 0..1.
        enlarged: Factor of enlargement.
    """
    picture = np.ascontiguousarray(enlarge(image, enlarged))
    for centre in np.rint((pixels + 0.5) * enlarged - 0.5).astype(int).tolist():
        cv2.circle(picture, centre, 4, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.circle(picture, centre, 4, [255 * part for part in colour], 2, cv2.LINE_AA)
    return picture


def side_by_side(
    images: tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w 3"]],
    a: Float[np.ndarray, "n 2"],
    b: Float[np.ndarray, "n 2"],
    enlarged: int = ENLARGED,
) -> UInt8[np.ndarray, "H W 3"]:
    """Two views, and a line from each pixel of A to the one that matches it in B.

    Args:
        images: RGB images A and B, uint8 [h, w, 3] each.
        a: Pixel coordinates (u, v) in A, [n, 2].
        b: Pixel coordinates (u, v) of the matches in B, [n, 2].
        enlarged: Factor of enlargement.
    """
    picture = np.concatenate(
        [mark(image, uv, MATCH_COLOUR, enlarged) for image, uv in zip(images, (a, b), strict=True)], 1
    )
    picture = np.ascontiguousarray(picture)
    shift = np.array([images[0].shape[1] * enlarged, 0])
    ends = np.stack([(a + 0.5) * enlarged - 0.5, (b + 0.5) * enlarged - 0.5 + shift], 1)
    colours = (255 * colormaps["turbo"](np.linspace(0, 1, len(ends)))[:, :3]).round().tolist()
    for (start, end), colour in zip(np.rint(ends).astype(int).tolist(), colours, strict=True):
        cv2.line(picture, start, end, colour, 1, cv2.LINE_AA)
    return picture


def main_axes(described: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], Float[Tensor, "d 3"]]:
    """Mean and three main axes of descriptors, each axis over its spread; the sign is that of its largest part.

    Args:
        described: Descriptors, [n, d].
    """
    mean = described.mean(0)
    _, spread, axes = torch.linalg.svd(described - mean, full_matrices=False)
    axes = axes[:3] * torch.sign(axes[:3].gather(1, axes[:3].abs().argmax(1, keepdim=True)))
    return mean, (axes / (spread[:3, None] / len(described) ** 0.5).clamp(min=1e-9)).T


def descriptor_picture(
    described: Float[Tensor, "p d"], size: tuple[int, int], axes: tuple[Tensor, Tensor]
) -> UInt8[np.ndarray, "h w 3"]:
    """A descriptor image in three colours: its three main axes (`main_axes`), two standard deviations either way.

    Args:
        described: Descriptors of all pixels, row by row, [p, d].
        size: Height and width of the image, pixels.
        axes: Mean and axes from `main_axes`.
    """
    mean, directions = axes
    colours = ((described - mean) @ directions / 4 + 0.5).clamp(0, 1)
    return (255 * colours).round().byte().reshape(*size, -1).numpy()
