"""The losses that the paper compares (§III-B, §IV-B).

All but ImgMSE look at the labelled pixels only. A label (p, phi, w) of an image has, with the maps read at p,

    selection:  -log P(p | Q) = -log softmax(Q)_p, over all pixels of the image;
    angle:      MSE(phi) = ((sin - sin 2 phi)^2 + (cos - cos 2 phi)^2) / 2;
    width:      MSE(w) = (W - w / widest)^2.

Equation (3) sums them over the k labels of an image. Here they are averaged, over labels and over images, so that one
learning rate fits every k. Rows of NaN are no labels: an image may have fewer than the batch has room for.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax

from graspbook.core.errors import InputError
from graspbook.mlgsl.config import Loss
from graspbook.mlgsl.maps import WIDEST, at_labels, pixel_index

SMALLEST = 1e-4
"""Added to squared errors before their logarithm is taken, which would be minus infinity at 0."""


def mlgsl(maps: Float[Tensor, "b 4 h w"], labels: Float[Tensor, "b k 4"]) -> Float[Tensor, ""]:
    """Maximum likelihood grasp sampling loss, equation (3).

    Args:
        maps: The network's maps Q (a logit), sin 2Phi, cos 2Phi and W, float [B, 4, H, W].
        labels: The successful grasps of each image, rows (u, v, phi, w) in pixels and radians, float [B, K, 4]; rows of
            NaN are none.

    Returns:
        The loss, a scalar.
    """
    return _mean(selection(maps, labels) + angle_error(maps, labels) + width_error(maps, labels), labels)


def mlgsl_log(maps: Float[Tensor, "b 4 h w"], labels: Float[Tensor, "b k 4"]) -> Float[Tensor, ""]:
    """MLGSL+Log (§IV-B.2): with the logarithm of the squared errors, as (2c) has it.

    Args:
        maps: The network's maps Q (a logit), sin 2Phi, cos 2Phi and W, float [B, 4, H, W].
        labels: The successful grasps of each image, as `mlgsl` takes them.

    Returns:
        The loss, a scalar.
    """
    angle = torch.log(angle_error(maps, labels) + SMALLEST)
    width = torch.log(width_error(maps, labels) + SMALLEST)
    return _mean(selection(maps, labels) + angle + width, labels)


def pixmse(maps: Float[Tensor, "b 4 h w"], labels: Float[Tensor, "b k 4"]) -> Float[Tensor, ""]:
    """PixMSE (§IV-B.3): Q is regressed to 1 at labelled pixels, and nothing is said of the others.

    Args:
        maps: The network's maps Q, sin 2Phi, cos 2Phi and W, float [B, 4, H, W].
        labels: The successful grasps of each image, as `mlgsl` takes them.

    Returns:
        The loss, a scalar.
    """
    squared = (at_labels(maps, labels)[:, 0] - 1) ** 2
    return _mean(squared + angle_error(maps, labels) + width_error(maps, labels), labels)


def imgmse(
    maps: Float[Tensor, "b 4 h w"], targets: Float[Tensor, "b 4 h w"], masked: bool = False
) -> Float[Tensor, ""]:
    """ImgMSE (§IV-B.1, [15]): every map is regressed to a label image.

    Args:
        maps: The network's maps Q, sin 2Phi, cos 2Phi and W, float [B, 4, H, W].
        targets: The label images of the same maps, float [B, 4, H, W], as `graspbook.mlgsl.targets.padded_targets`
            makes them.
        masked: Whether angle and width are learned inside labels (Q = 1) only, an ablation of ours.

    Returns:
        The loss, a scalar.
    """
    squared = (maps - targets) ** 2
    if not masked:
        return squared.mean((0, 2, 3)).sum()
    return squared[:, 0].mean() + _inside(squared, targets)


def imgmse_narrow(maps: Float[Tensor, "b 4 h w"], targets: Float[Tensor, "b 4 h w"]) -> Float[Tensor, ""]:
    """An ablation, ours: ImgMSE whose width is learned inside labels only, at the weight that it has in ImgMSE.

    `imgmse` with `masked` averages over few pixels instead, so that angle and width weigh more than Q does.

    Args:
        maps: The network's maps Q, sin 2Phi, cos 2Phi and W, float [B, 4, H, W].
        targets: The label images of the same maps, float [B, 4, H, W].

    Returns:
        The loss, a scalar.
    """
    squared = (maps - targets) ** 2
    return squared[:, :3].mean((0, 2, 3)).sum() + (squared[:, 3] * targets[:, 0]).mean()


def imgbce(maps: Float[Tensor, "b 4 h w"], targets: Float[Tensor, "b 4 h w"]) -> Float[Tensor, ""]:
    """A control, ours: a spatial cross-entropy instead of the squared error of Q, and else as ImgMSE inside labels.

    It calls unlabelled pixels failures as ImgMSE does, but with a likelihood, as MLGSL has one.

    Args:
        maps: The network's maps Q (a logit), sin 2Phi, cos 2Phi and W, float [B, 4, H, W].
        targets: The label images of the same maps, float [B, 4, H, W].

    Returns:
        The loss, a scalar.
    """
    entropy = binary_cross_entropy_with_logits(maps[:, 0], targets[:, 0])
    return entropy + _inside((maps - targets) ** 2, targets)


def selection(maps: Float[Tensor, "b 4 h w"], labels: Float[Tensor, "b k 4"]) -> Float[Tensor, "b k"]:
    """-log P(p | Q) of each label's pixel; P is a softmax over all pixels of the image.

    Args:
        maps: The network's maps, float [B, 4, H, W], of which Q (a logit) is used.
        labels: The labels of each image, float [B, K, 4]; rows of NaN give a value without a meaning.

    Returns:
        The negative log-likelihood of each label, float [B, K].
    """
    likelihood = log_softmax(maps[:, 0].flatten(1), dim=1)
    return -likelihood.gather(1, pixel_index(labels, maps.shape))


def angle_error(maps: Float[Tensor, "b 4 h w"], labels: Float[Tensor, "b k 4"]) -> Float[Tensor, "b k"]:
    """Mean squared error of (sin 2 phi, cos 2 phi) at each label; a grasp and its half-turn have the same.

    Args:
        maps: The network's maps, float [B, 4, H, W], of which sin 2Phi and cos 2Phi are used.
        labels: The labels of each image, float [B, K, 4]; rows of NaN give a value without a meaning.

    Returns:
        The mean of the two squared errors at each label, float [B, K].
    """
    read, double = at_labels(maps, labels), 2 * torch.nan_to_num(labels[..., 2])
    return ((read[:, 1] - torch.sin(double)) ** 2 + (read[:, 2] - torch.cos(double)) ** 2) / 2


def width_error(maps: Float[Tensor, "b 4 h w"], labels: Float[Tensor, "b k 4"]) -> Float[Tensor, "b k"]:
    """Squared error of the opening at each label; 1 is half the image's width.

    Args:
        maps: The network's maps, float [B, 4, H, W], of which W is used.
        labels: The labels of each image, float [B, K, 4]; rows of NaN give a value without a meaning.

    Returns:
        The squared error at each label, float [B, K].
    """
    return (at_labels(maps, labels)[:, 3] - torch.nan_to_num(labels[..., 3]) / (WIDEST * maps.shape[-1])) ** 2


def needs_targets(loss: Loss) -> bool:
    """Whether a loss compares with label images, not with labels.

    Args:
        loss: The name of the loss.
    """
    return loss.startswith("img")


def grasp_loss(
    loss: Loss | str, maps: Float[Tensor, "b 4 h w"], labels: Float[Tensor, "b k 4"], targets: Tensor | None
) -> Float[Tensor, ""]:
    """Compute the loss of a name.

    Args:
        loss: The name of the loss.
        maps: The network's maps, float [B, 4, H, W].
        labels: The labels of each image, rows (u, v, phi, w) in pixels and radians, float [B, K, 4]; rows of NaN are
            none.
        targets: The label images, float [B, 4, H, W]; None for losses that do not need them.

    Returns:
        The loss, a scalar.

    Raises:
        InputError: There is no such loss, or the label images are missing.
    """
    match loss:
        case "mlgsl":
            return mlgsl(maps, labels)
        case "mlgsl-log":
            return mlgsl_log(maps, labels)
        case "pixmse":
            return pixmse(maps, labels)
        case "imgmse" | "imgmse-zero" | "imgmse-narrow" | "imgmse-masked" | "imgbce":
            if targets is None:
                raise InputError(f"loss '{loss}' needs label images")
            if loss == "imgbce":
                return imgbce(maps, targets)
            if loss == "imgmse-narrow":
                return imgmse_narrow(maps, targets)
            return imgmse(maps, targets, masked=loss == "imgmse-masked")
    raise InputError(f"loss: there is no '{loss}'")


def _mean(values: Float[Tensor, "b k"], labels: Float[Tensor, "b k 4"]) -> Float[Tensor, ""]:
    """The mean over each image's labels, then over the images that have any."""
    there = ~torch.isnan(labels).any(-1)
    count = there.sum(1)
    means = torch.where(there, values, 0.0).sum(1) / count.clamp(min=1)
    return means.sum() / (count > 0).sum().clamp(min=1)


def _inside(squared: Float[Tensor, "b 4 h w"], targets: Float[Tensor, "b 4 h w"]) -> Float[Tensor, ""]:
    """The mean squared error of sin, cos and W over the pixels inside labels."""
    inside = targets[:, :1]
    return (squared[:, 1:] * inside).sum() / (3 * inside.sum().clamp(min=1))
