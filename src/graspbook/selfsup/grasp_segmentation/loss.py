"""Loss of the grasp segmentation model: six weighted cross-entropies (`selfsup` paper, §III-A, eqs. 1 and 2).

    CE(m̂, m, w) = -1/n Σ_i w_i (m_i log m̂_i + (1 - m_i) log(1 - m̂_i))                               (1)
    L(m̂, m) = Σ_j CE(m̂, m, w^(j)),   w^(1) = m,   w^(2) = 1 - m,   w^(3..6) = maxpool(m, k)           (2)

Two slips of the printed text are corrected: eq. (1) lacks the minus sign that makes it a loss, and w^(2) is
printed as "-m", where only 1 - m weighs the background.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from graspbook.nn.pooling import max_pool_separable
from graspbook.selfsup.grasp_segmentation.config import Normalise
from graspbook.selfsup.pixels import scaled_kernel

KERNELS = (11, 51, 101, 201)
"""Widths of the max-pooling windows in pixels of a 640x960 image (§III-A)."""


def pixel_weights(
    masks: Float[Tensor, "b c h w"], kernels: tuple[int, ...], normalise: Normalise
) -> Float[Tensor, "b c h w"]:
    """The sum over j of w^(j) / n: what each pixel's cross-entropy is multiplied by in eq. (2).

    Args:
        masks: True masks, 0 or 1; every one of the b * c is weighted by itself.
        kernels: Widths of the max-pooling windows in pixels of these masks, odd.
        normalise: What n is. "pixels": the number of pixels h * w, as printed. Then w^(1) + w^(2) = 1
            everywhere, pixels just inside and just outside the outline weigh the same (5 / n), and only those
            far away weigh less (1 / n). "weight": the sum of w^(j) over the image, so that each of the six
            terms is a mean over the pixels that its weight names, and the object counts as much as the
            background whatever its size (a "balanced weighting", as the paper says of the first two). Then
            the inside of the outline weighs more than its outside, and uncertain masks come out too large.
            A weight that is zero everywhere contributes nothing.
    """
    weights = [masks, 1 - masks, *(max_pool_separable(masks, kernel) for kernel in kernels)]
    if normalise == "pixels":
        return torch.stack(weights).sum(0) / (masks.shape[-2] * masks.shape[-1])
    # an empty weight has the sum 0; the weights are 0 or 1, so any other sum is at least 1
    return torch.stack([weight / weight.sum((-2, -1), keepdim=True).clamp(min=1) for weight in weights]).sum(0)


def grasp_segmentation_loss(
    logits: Float[Tensor, "b c h w"], masks: Float[Tensor, "b c h w"], normalise: Normalise = "pixels"
) -> Float[Tensor, ""]:
    """Eq. (2), summed over the masks of an image (visible, amodal) and averaged over the batch.

    Computed from logits (m̂ = sigmoid(logits)), which stays finite where log m̂ would not.

    Args:
        logits: Predictions before the sigmoid.
        masks: True masks, 0 or 1, of the same shape; they may be empty or full.
        normalise: See `pixel_weights`.
    """
    kernels = tuple(scaled_kernel(kernel, masks.shape[-2]) for kernel in KERNELS)
    weights = pixel_weights(masks, kernels, normalise)
    cross_entropy = F.binary_cross_entropy_with_logits(logits, masks, reduction="none")
    return (weights * cross_entropy).sum() / logits.shape[0]
