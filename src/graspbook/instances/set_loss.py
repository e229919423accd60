"""Robust set loss (`selfsup` paper, §V-A.2; Pathak et al., "Learning instance segmentation by interaction", 2018).

A mask from a grasp may be wrong at some of its pixels. The robust loss therefore does not ask for the mask
itself, but for any mask t close enough to it, IoU(t, m) >= margin, and compares the prediction with the one of
these that is closest to it: the t of least cross-entropy.

Finding t looks like a search over 2^P masks, but t is m with r pixels removed and a pixels added, and

    IoU(t, m) = (n - r) / (n + a),  n = |m|,

depends on r and a alone. Changing pixel p changes the cross-entropy by the prediction's logit x_p: removing it
gains -x_p, adding it gains x_p. So for each r the best t removes the r pixels of least logit and adds the
floor((n - r) / margin) - n pixels of highest logit (fewer where that gains nothing), and the best r is found by
trying them all with prefix sums.
"""

from fractions import Fraction

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from graspbook.core.errors import InputError


@torch.no_grad()
def robust_target(
    logits: Float[Tensor, "... p"], target: Bool[Tensor, "... p"], margin: float
) -> Bool[Tensor, "... p"]:
    """The mask within the margin of `target` that is closest to the prediction.

    Exact; of several masks that are equally good it gives one that changes no pixel without a gain.

    Args:
        logits: The predicted logits of P pixels, float [..., P].
        target: The mask m at the same pixels, bool [..., P]. An empty mask has no IoU, so it stays as it is.
        margin: The lowest IoU that the result has with `target`, above 0 and at most 1; at 1 the result is `target`.

    Returns:
        The mask t, bool [..., P], with IoU(t, m) >= margin and the least cross-entropy of `logits`.

    Raises:
        InputError: The shapes differ, or the margin is outside (0, 1].
    """
    if logits.shape != target.shape:
        raise InputError(f"target: expected the shape of the logits {tuple(logits.shape)}, got {tuple(target.shape)}")
    if not 0 < margin <= 1:
        raise InputError(f"margin: expected above 0, at most 1, got {margin}")
    if target.numel() == 0:
        return target.clone()
    x, m = logits.reshape(-1, logits.shape[-1]).float(), target.reshape(-1, target.shape[-1])
    n = m.sum(1)
    pixels, most = x.shape[1], int(n.max())
    # no more than these can ever change
    # 0.7 is not a binary fraction, and 7/10 must count as being within the margin 0.7: in whole numbers it does
    least = max(Fraction(str(margin)).limit_denominator(10**9), Fraction(1, 10**9))
    above, below = least.numerator, least.denominator
    n_removals = min(pixels, most * (below - above) // below)
    n_additions = min(pixels, most * below // above - most)

    lowest = torch.finfo(x.dtype).min
    removal, removed = torch.where(m, -x, lowest).topk(n_removals, 1)
    addition, added = torch.where(m, lowest, x).topk(n_additions, 1)
    # a change that gains nothing is not made, so the sums never fall
    removal_sum, addition_sum = _prefix_sums(removal.clamp(min=0)), _prefix_sums(addition.clamp(min=0))

    r = torch.arange(n_removals + 1, device=x.device)
    room = (n[:, None] - r) * below // above - n[:, None]
    gain = removal_sum + addition_sum.gather(1, room.clamp(0, n_additions))
    best = torch.where(room >= 0, gain, lowest).argmax(1)
    room = room.gather(1, best[:, None]).clamp(min=0)

    places = torch.arange(max(n_removals, n_additions), device=x.device)
    remove = (places[:n_removals] < best[:, None]) & (removal > 0)
    add = (places[:n_additions] < room) & (addition > 0)
    flip = torch.zeros_like(m).scatter(1, removed, remove)
    flip |= torch.zeros_like(m).scatter(1, added, add)
    return (m ^ flip).reshape(target.shape)


def _prefix_sums(gains: Tensor) -> Tensor:
    """Sums of the first 0, 1, ..., k gains [b, k], float64 [b, k + 1]."""
    return torch.nn.functional.pad(gains.double().cumsum(1), (1, 0))
