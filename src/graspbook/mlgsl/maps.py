"""Between depth images, the network's four maps, and grasps (§III-A)."""

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from graspbook.mlgsl.config import InferenceConfig, Loss, MetricsConfig
from graspbook.world.grippers.jaw.grasp import half_turn

INPUT_SCALE = 10.0
"""The network sees heights in decimetres."""
WIDEST = 0.5
"""W = 1 stands for an opening of half the image's width: the paper's 150 of 300 pixels."""
REFERENCE = 80
"""Constants in pixels hold for images of this size, and grow with it."""
LIKELIHOODS: tuple[Loss, ...] = ("mlgsl", "mlgsl-log")
"""Losses whose Q is a logit of P(p | Q), a softmax over all pixels."""


def to_input(depth: Float32[np.ndarray, "*n h w"]) -> Float32[np.ndarray, "*n h w"]:
    """Depth without gaps as the network takes it: how much nearer than the median pixel, in decimetres.

    Most of the image is table, so the table comes to lie near 0, wherever the camera is.

    Args:
        depth: Depth in metres, float32 [..., H, W], without gaps.

    Returns:
        Heights in decimetres above the median pixel, float32 [..., H, W].
    """
    middle = np.median(depth, axis=(-2, -1), keepdims=True)
    return ((middle - depth) * INPUT_SCALE).astype(np.float32)


def predict(network: torch.nn.Module, depth: Float32[np.ndarray, "n h w"], batch: int = 50) -> np.ndarray:
    """Run a network on depth images.

    Args:
        network: The grasp planning network.
        depth: Depth in metres, float32 [N, H, W], without gaps.
        batch: The number of images that go through the network at once.

    Returns:
        The four maps of each image (Q, sin 2Phi, cos 2Phi, W), float32 [N, 4, H, W].
    """
    device = next(network.parameters()).device
    found = []
    with torch.inference_mode():
        for start in range(0, len(depth), batch):
            images = torch.from_numpy(to_input(depth[start : start + batch]))[:, None].to(device)
            found.append(network(images).float().cpu().numpy())
    return np.concatenate(found)


def quality(q: Float[np.ndarray, "*n h w"], loss: Loss) -> Float[np.ndarray, "*n h w"]:
    """The map Q as a quality in [0, 1], which the paper leaves open.

    Of a likelihood, P(p | Q) over the largest P in the image: 1 is the pixel that is chosen first. Of the other
    losses, Q itself, cut to [0, 1], since they regress to labels of 0 and 1; of "imgbce" its sigmoid.

    Args:
        q: The map Q, float [..., H, W].
        loss: The loss that the network was trained with.

    Returns:
        The quality of each pixel in 0..1, [..., H, W].
    """
    if loss in LIKELIHOODS:
        return np.exp(q - q.max(axis=(-2, -1), keepdims=True))
    if loss == "imgbce":
        return 1 / (1 + np.exp(-np.clip(q, -50, 50)))
    return np.clip(q, 0, 1)


def grasps_at(
    maps: Float[np.ndarray, "4 h w"], column: np.ndarray, row: np.ndarray, size: int | None = None
) -> Float[np.ndarray, "n 4"]:
    """Grasps (u, v, phi, w) with their centres at pixels, phi = atan2(sin 2Phi, cos 2Phi) / 2.

    Args:
        maps: The four maps of one image, float [4, H, W].
        column: The columns of the N pixels, whole numbers [N].
        row: The rows of the N pixels, whole numbers [N].
        size: The width of the images that the network was trained with, in pixels; None: that of the maps.

    Returns:
        Rows (u, v, phi, w), float64 [N, 4]: u, v and w in pixels, phi in radians in [-pi/2, pi/2).
    """
    _, sin, cos, w = maps[:, row, column].astype(np.float64)
    size = maps.shape[-1] if size is None else size
    width = np.clip(w * WIDEST * size, 1.0, size)
    return np.column_stack([column, row, half_turn(np.arctan2(sin, cos) / 2), width])


def best_grasps(
    maps: Float[np.ndarray, "4 h w"],
    loss: Loss,
    count: int,
    config: MetricsConfig | InferenceConfig,
    size: int | None = None,
) -> tuple[Float[np.ndarray, "n 4"], Float[np.ndarray, "n"]]:
    """The grasps of highest quality, best first, no two of them close to each other.

    Args:
        maps: The four maps of one image, float [4, H, W].
        loss: The loss that the network was trained with.
        count: The number of grasps; fewer are found where the image has no room for them.
        config: The settings by which pixels are chosen; `blur` and `apart` are used.
        size: The width of the images that the network was trained with, in pixels; None: that of the maps.

    Returns:
        Rows (u, v, phi, w), [N, 4] in pixels and radians, and their qualities in 0..1, [N].
    """
    scale = (maps.shape[-1] if size is None else size) / REFERENCE
    smooth = quality(maps[0].astype(np.float64), loss)
    if config.blur > 0:
        smooth = cv2.GaussianBlur(smooth, (0, 0), config.blur * scale)
    left, apart = smooth.copy(), max(round(config.apart * scale), 0)
    pixels = []
    while len(pixels) < count and np.isfinite(left).any():
        row, column = np.unravel_index(int(left.argmax()), left.shape)
        pixels.append((int(row), int(column)))
        left[max(row - apart, 0) : row + apart + 1, max(column - apart, 0) : column + apart + 1] = -np.inf
    row, column = np.array(pixels).T
    return grasps_at(maps, column, row, size), smooth[row, column]


def at_labels(maps: Float[Tensor, "b 4 h w"], labels: Float[Tensor, "b k 4"]) -> Float[Tensor, "b 4 k"]:
    """Read maps at the pixels of labels; where a centre lies outside the image, at the rim.

    Args:
        maps: The four maps of each image, float [B, 4, H, W].
        labels: The labels of each image, rows (u, v, phi, w) in pixels and radians, float [B, K, 4].

    Returns:
        The values of the maps, float [B, 4, K].
    """
    return maps.flatten(2).gather(2, pixel_index(labels, maps.shape)[:, None].expand(-1, 4, -1))


def pixel_index(labels: Float[Tensor, "b k 4"], shape: torch.Size) -> Tensor:
    """The place of each label's pixel among the H x W pixels, int64 [B, K]; NaN counts as 0.

    Args:
        labels: The labels of each image, rows (u, v, phi, w) in pixels and radians, float [B, K, 4].
        shape: The shape of the maps, whose last two numbers are H and W.

    Returns:
        The index of each label's pixel, row by row, int64 [B, K].
    """
    height, width = shape[-2:]
    centre = torch.nan_to_num(labels[..., :2]).round().long()
    return centre[..., 1].clamp(0, height - 1) * width + centre[..., 0].clamp(0, width - 1)
