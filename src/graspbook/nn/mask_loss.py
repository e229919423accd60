"""How far a predicted mask is from the wanted one: Mask2Former's two losses."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def mask_losses(logits: Float[Tensor, "n p"], wanted: Float[Tensor, "n p"]) -> tuple[Tensor, Tensor]:
    """Mean binary cross-entropy over all points, and mean Dice loss over the masks; both NaN without a mask.

    Args:
        logits: The logits of N predicted masks at P points each, float [N, P].
        wanted: The wanted masks at the same points, float [N, P] in 0..1.

    Returns:
        Cross-entropy and Dice loss, two scalars. The Dice loss adds one to both parts of its fraction, so that an empty
        mask has one too.
    """
    p = logits.sigmoid()
    dice = 1 - (2 * (p * wanted).sum(1) + 1) / (p.sum(1) + wanted.sum(1) + 1)
    return F.binary_cross_entropy_with_logits(logits, wanted), dice.mean()
