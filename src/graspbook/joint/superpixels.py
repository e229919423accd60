"""Superpixels on a grid (§III-C): one SLIC iteration without a new place for the centres, and labels up and down it.

An image of H x W pixels has a grid of ceil(H / k) x ceil(W / k) cells; where k does not divide a side, the last row or
column of pixels is repeated until it does. Each cell's centre c keeps its place and has the mean colour of its cell.
A pixel i belongs to the centre in its 2k x 2k neighbourhood (of four centres, those nearest to it) with the smallest

    ||Lab(i) - Lab(c)|| + alpha ||xy(i) - xy(c)||,        alpha = compactness / k.

The grid stays a grid, so that a network's output, one value per cell, can be spread over the pixels (`spread`).
Grey pictures are taken as RGB with equal channels, 16-bit ones at 8 bits (`as_rgb`).
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from graspbook.core.errors import InputError

COMPACTNESS = 10.0
"""SLIC's usual weight of the distance in the image plane; the paper does not print its alpha."""

STRIPE = 32
"""Rows that are assigned at a time on a CPU: what they need stays in a core's cache, which halves the time."""

_CODES = torch.arange(256) / 255
_LINEAR = torch.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)
_XYZ = torch.tensor([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_WHITE = torch.tensor([0.950456, 1.0, 1.088754])
_EDGE = 0.008856


def as_rgb(image: np.ndarray) -> UInt8[np.ndarray, "h w 3"]:
    """Converts any picture to 8-bit RGB.

    Args:
        image: Picture, uint8 or uint16 [H, W], [H, W, 1] or [H, W, 3]; 16 bits are rounded to 8.

    Raises:
        InputError: The picture has another shape or type, or no pixel.
    """
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[2] not in (1, 3) or image.dtype not in (np.uint8, np.uint16) or not image.size:
        raise InputError(f"picture: expected uint8 or uint16 [h, w(, 1 or 3)], got {image.dtype} {list(image.shape)}")
    if image.dtype == np.uint16:
        image = np.round(image / 257).astype(np.uint8)
    return np.ascontiguousarray(image if image.shape[2] == 3 else image.repeat(3, 2))


def to_lab(rgb: UInt8[Tensor, "h w 3"]) -> Float[Tensor, "3 h w"]:
    """CIE Lab of sRGB, white point D65: L in 0..100.

    Args:
        rgb: sRGB image, uint8 [H, W, 3].
    """
    device = rgb.device
    linear = _LINEAR.to(device).index_select(0, rgb.permute(2, 0, 1).flatten().int()).view(3, -1)
    xyz = (_XYZ / _WHITE[:, None]).to(device) @ linear
    f = torch.where(xyz > _EDGE, xyz.clamp(min=_EDGE).pow(1 / 3), 7.787 * xyz + 16 / 116)
    lab = torch.stack([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
    return lab.view(3, *rgb.shape[:2])


def grid_size(height: int, width: int, k: int) -> tuple[int, int]:
    """Rows and columns of the grid of superpixels.

    Args:
        height: Height of the picture, pixels.
        width: Width of the picture, pixels.
        k: Pixels along one side of a cell.
    """
    return -(-height // k), -(-width // k)


def superpixels(rgb: UInt8[Tensor, "h w 3"], k: int, compactness: float = COMPACTNESS) -> Int[Tensor, "h w"]:
    """The superpixel of each pixel: number of its cell in the grid, row by row.

    Args:
        rgb: RGB picture, uint8 [H, W, 3], on any device.
        k: Pixels along one side of a cell, the stride of the superpixel grid; 1: each pixel is its own superpixel.
        compactness: Weight of the distance in the image plane, in units of Lab per k pixels.

    Raises:
        InputError: k is below 1 or larger than the picture's shorter side.
    """
    height, width = rgb.shape[:2]
    if not 1 <= k <= min(height, width):
        raise InputError(f"k: expected 1 to {min(height, width)}, the picture's shorter side, got {k}")
    rows, columns = grid_size(height, width, k)
    if k == 1:
        return torch.arange(height * width, device=rgb.device).view(height, width)
    lab = to_lab(rgb)
    padded = torch.nn.functional.pad(lab[None], (0, columns * k - width, 0, rows * k - height), mode="replicate")[0]
    centres = padded.view(3, rows, k, columns, k).mean((2, 4))
    down, right = (_candidates(size, count, k, rgb.device) for size, count in ((height, rows), (width, columns)))
    lines = [centres.index_select(2, column) for column, _ in right]
    nearest = torch.empty(height, width, dtype=torch.long, device=rgb.device)
    step = STRIPE if rgb.device.type == "cpu" else height
    for stripe in (slice(top, top + step) for top in range(0, height, step)):
        best = None
        for row, dy in ((row[stripe], dy[stripe]) for row, dy in down):
            for (column, dx), line in zip(right, lines, strict=True):
                away = (lab[:, stripe] - line.index_select(1, row)).square_().sum(0).sqrt_()
                away += compactness / k * (dy[:, None] + dx).sqrt_()
                number = row[:, None] * columns + column
                if best is None:
                    best, nearest[stripe] = away, number
                    continue
                nearest[stripe] = torch.where(away < best, number, nearest[stripe])
                best = torch.minimum(best, away)
    return nearest


def _candidates(size: int, count: int, k: int, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """For each pixel of an axis the two centres within k, the own cell's first, and the squared distances to them."""
    pixel = torch.arange(size, device=device)
    own = pixel // k
    other = (own + torch.where(2 * (pixel % k) < k, -1, 1)).clamp(0, count - 1)
    return [(cell, (pixel - cell * k - (k - 1) / 2).square()) for cell in (own, other)]


def centres_of_mass(labels: Int[Tensor, "h w"], k: int) -> Int[Tensor, "2 n"]:
    """Row and column of the pixel nearest to each superpixel's centre of mass; of the cell's middle if it is empty.

    Args:
        labels: Superpixel of each pixel, [h, w].
        k: Pixels along one side of a cell.

    Returns:
        Row and column of one pixel for each superpixel, int [2, n].
    """
    height, width = labels.shape
    rows, columns = grid_size(height, width, k)
    cells, flat = rows * columns, labels.flatten()
    count = torch.bincount(flat, minlength=cells)
    cell = torch.arange(cells, device=labels.device)
    found = []
    for places, middle, size in (
        (torch.arange(height, device=labels.device)[:, None], cell // columns, height),
        (torch.arange(width, device=labels.device)[None], cell % columns, width),
    ):
        weights = places.expand(height, width).flatten().double()
        mean = torch.bincount(flat, weights, cells) / count.clamp(min=1)
        empty = (middle * k + k // 2).double()
        found.append(torch.where(count > 0, mean, empty).round().long().clamp(0, size - 1))
    return torch.stack(found)


def sample(values: Tensor, labels: Int[Tensor, "h w"], k: int) -> Tensor:
    """Brings labels of pixels down to the grid: an element takes that at its superpixel's centre of mass (Figure 4).

    Args:
        values: Labels of pixels, [..., H, W].
        labels: Superpixel of each pixel, [H, W].
        k: Pixels along one side of a cell.

    Returns:
        Labels of elements, [..., h, w].
    """
    row, column = centres_of_mass(labels, k)
    return values[..., row, column].view(*values.shape[:-2], *grid_size(*labels.shape, k))


def spread(grid: Tensor, labels: Int[Tensor, "h w"]) -> Tensor:
    """Gives every pixel the value of its superpixel.

    Args:
        grid: Values on the grid, [..., h, w].
        labels: Superpixel of each pixel, [H, W].

    Returns:
        Values on pixels, [..., H, W].
    """
    return grid.flatten(-2)[..., labels]


def under_segmentation_error(labels: Int[Tensor, "h w"], truth: Int[Tensor, "h w"]) -> float:
    """Share of the pixels that leak out of the true segment that their superpixel belongs to, 0..1.

    A superpixel belongs to the segment with most of its pixels; the others are lost whatever a network says of it.
    This is the "corrected" error of Van den Bergh et al.; 0 is best.

    Args:
        labels: Superpixel of each pixel, [h, w].
        truth: True segment of each pixel, [h, w].
    """
    counts = _contingency(labels, truth)
    return float(1 - counts.amax(1).sum() / counts.sum())


def boundary_recall(labels: Int[Tensor, "h w"], truth: Int[Tensor, "h w"], within: int = 1) -> float:
    """Share of the true boundary with a superpixel's boundary at most `within` pixels away; 1 if there is none.

    Args:
        labels: Superpixel of each pixel, [h, w].
        truth: True segment of each pixel, [h, w].
        within: Largest chessboard distance between the two boundaries, pixels.
    """
    wanted, found = boundary(truth), boundary(labels)
    near = torch.nn.functional.max_pool2d(found[None].float(), 2 * within + 1, 1, within)[0] > 0
    return float((near & wanted).sum() / wanted.sum()) if wanted.any() else 1.0


def boundary(labels: Int[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
    """Pixels whose right or lower neighbour has another label.

    Args:
        labels: Label of each pixel, [h, w].
    """
    edge = torch.zeros_like(labels, dtype=torch.bool)
    edge[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    edge[:-1] |= labels[1:] != labels[:-1]
    return edge


def _contingency(labels: Tensor, truth: Tensor) -> Tensor:
    """Pixels by superpixel and segment, [S, T]; only those that occur."""
    first, second = (torch.unique(part, return_inverse=True) for part in (labels, truth))
    size = len(first[0]), len(second[0])
    return torch.bincount((first[1] * size[1] + second[1]).flatten(), minlength=size[0] * size[1]).view(size)
