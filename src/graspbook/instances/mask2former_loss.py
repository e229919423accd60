"""Mask2Former's criterion: how its queries learn (Cheng et al. 2022, §3.3; `selfsup` paper, §V-A).

Hungarian matching gives every object one query; class, cross-entropy and Dice loss say how far the query is from it.
Two things are added to the usual criterion:

- An image may be *single*: it has one known mask among unknown objects. Then only the matched query learns;
  the others are not told that there is no object (`selfsup` paper, §V-A.1).
- With a `robust_margin`, masks are compared with the closest one within the margin (Pathak et al. 2018; §V-A.2).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from graspbook.instances.model import Batch
from graspbook.instances.set_loss import robust_target
from graspbook.nn.mask_loss import mask_losses

OBJECT, NOTHING = 0, 1
"""The two outputs of the class head."""
CLASS_WEIGHT, MASK_WEIGHT, DICE_WEIGHT = 2.0, 5.0, 5.0
"""Weights of the three losses, in the matching's cost too, as in the original."""
NOTHING_WEIGHT = 0.1
"""Weight of a query without an object in the class loss, as in the original."""
OVERSAMPLE, IMPORTANT = 3, 0.75
"""Points are chosen among three times as many; three in four are the least sure of them, as in the original."""


class Labels:
    """The objects of a batch, laid out for the criterion.

    Attributes:
        masks: The masks of all objects of the batch, float [n, 1, h, w], 0 or 1.
        counts: The number of objects of each image.
        single: Whether each image shows objects without a mask, bool [b]; see `Batch`.
    """

    def __init__(self, batch: Batch):
        self.masks = torch.cat(list(batch.masks))[:, None].float()
        self.counts = [len(masks) for masks in batch.masks]
        self.single = batch.single


def layer_loss(
    classes: Float[Tensor, "b q 2"],
    masks: Float[Tensor, "b q h4 w4"],
    labels: Labels,
    n_points: int,
    robust_margin: float | None,
    generator: Generator,
) -> Tensor:
    """Class, cross-entropy and Dice loss of one layer's predictions.

    Args:
        classes: The logits of `OBJECT` and `NOTHING` of each query, float [b, q, 2].
        masks: The logits of each query's mask, float [b, q, h/4, w/4].
        labels: The objects of the batch.
        n_points: The number of points at which each object's mask is compared.
        robust_margin: The lowest IoU that the robust set loss allows, above 0 and at most 1; None for the usual loss.
        generator: The source of the random points, on the CPU.

    Returns:
        The weighted sum of the three losses, a scalar.
    """
    image, query, label = hungarian_match(classes, masks, labels, n_points, generator)
    target = torch.full(classes.shape[:2], NOTHING, device=classes.device)
    target[labels.single] = -100  # left out: nobody knows
    target[image, query] = OBJECT
    weight = torch.tensor([1.0, NOTHING_WEIGHT], device=classes.device)
    each = F.cross_entropy(classes.transpose(1, 2), target, weight, reduction="none", ignore_index=-100)
    weights = torch.where(target == OBJECT, 1.0, NOTHING_WEIGHT) * (target != -100)
    total = CLASS_WEIGHT * each.sum() / weights.sum().clamp(min=NOTHING_WEIGHT)
    if not len(image):
        return total + 0 * masks.sum()
    predicted, wanted = masks[image, query][:, None], labels.masks[label]
    if robust_margin is not None:
        wanted = _within_margin(predicted, wanted, robust_margin)
    points = uncertain_points(predicted, n_points, generator)
    x, y = sample(predicted, points), sample(wanted, points)
    entropy, dice = mask_losses(x, y)
    return total + MASK_WEIGHT * entropy + DICE_WEIGHT * dice


@torch.no_grad()
def hungarian_match(
    classes: Float[Tensor, "b q 2"],
    masks: Float[Tensor, "b q h4 w4"],
    labels: Labels,
    n_points: int,
    generator: Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Hungarian matching: of each image, every object with another query (all queries, if there are fewer).

    Args:
        classes: The logits of `OBJECT` and `NOTHING` of each query, float [b, q, 2].
        masks: The logits of each query's mask, float [b, q, h/4, w/4].
        labels: The objects of the batch.
        n_points: The number of random points at which masks are compared.
        generator: The source of the random points, on the CPU.

    Returns:
        For each pair the numbers of its image, its query and its object (the place in `labels.masks`), three int64
        arrays.
    """
    from scipy.optimize import linear_sum_assignment  # most who import this module train nothing

    pairs, start = [], 0
    points = torch.rand(1, n_points, 2, generator=generator).to(masks.device)
    sampled = sample(masks.flatten(0, 1)[:, None], points.expand(masks.shape[0] * masks.shape[1], -1, -1))
    sampled = sampled.view(*masks.shape[:2], n_points)
    wanted = sample(labels.masks, points.expand(len(labels.masks), -1, -1))
    for image, count in enumerate(labels.counts):
        x, y = sampled[image], wanted[start : start + count]
        p = x.sigmoid()
        # softplus(-x) for pixels inside, softplus(x) = softplus(-x) + x outside
        entropy = (F.softplus(x).sum(1, keepdim=True) - x @ y.T) / n_points
        dice = 1 - (2 * p @ y.T + 1) / (p.sum(1, keepdim=True) + y.sum(1) + 1)
        chance = classes[image].softmax(-1)[:, OBJECT, None]
        cost = MASK_WEIGHT * entropy + DICE_WEIGHT * dice - CLASS_WEIGHT * chance
        # a diverging model must reach the check of its loss, not an error of the matching
        query, label = linear_sum_assignment(torch.nan_to_num(cost, 1e9, 1e9, -1e9).float().cpu())
        pairs += [(image, q, start + k) for q, k in zip(query.tolist(), label.tolist(), strict=True)]
        start += count
    return tuple(torch.tensor(pairs, dtype=torch.long, device=masks.device).reshape(-1, 3).unbind(1))


@torch.no_grad()
def uncertain_points(logits: Float[Tensor, "n 1 h w"], count: int, generator: Generator) -> Float[Tensor, "n p 2"]:
    """Points (x, y) in 0..1 where each mask is to be compared: mostly where its logit is near zero.

    Args:
        logits: The logits of n masks, float [n, 1, h, w].
        count: The number of points for each mask.
        generator: The source of the random points, on the CPU.
    """
    points = torch.rand(len(logits), OVERSAMPLE * count, 2, generator=generator).to(logits.device)
    n_important = int(IMPORTANT * count)
    nearest = sample(logits, points).abs().topk(n_important, 1, largest=False, sorted=False).indices
    important = points.gather(1, nearest[..., None].expand(-1, -1, 2))
    others = torch.rand(len(logits), count - n_important, 2, generator=generator).to(logits.device)
    return torch.cat([important, others], 1)


def sample(maps: Float[Tensor, "n 1 h w"], points: Float[Tensor, "n p 2"]) -> Float[Tensor, "n p"]:
    """Read maps at points, bilinearly.

    Args:
        maps: The maps, float [n, 1, h, w].
        points: The points (x, y) of each map in 0..1, from its left and upper edge to its right and lower one, float
            [n, p, 2].

    Returns:
        The values, float [n, p].
    """
    return F.grid_sample(maps, 2 * points[:, :, None] - 1, align_corners=False)[:, 0, :, 0]


@torch.no_grad()
def _within_margin(logits: Float[Tensor, "n 1 h4 w4"], masks: Float[Tensor, "n 1 h w"], margin: float) -> Tensor:
    """The masks that the robust set loss asks for, at the labels' size, where one pixel is one pixel of IoU."""
    grown = F.interpolate(logits, masks.shape[-2:], mode="bilinear", align_corners=False)
    target = robust_target(grown.flatten(1), masks.flatten(1) > 0.5, margin)
    return target.view(masks.shape).float()
