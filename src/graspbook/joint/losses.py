"""The losses of the three decoders (§III-A, equations 1 to 5).

The paper gives one image; here each loss is averaged over the images of a batch. What equation (5) sums over, the paper
does not say: as in RetinaNet [16], the sum over the grid is divided by the number of centres.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid

EPSILON = 1.02
"""Of equation (2)."""

Focus = Literal["printed", "background"]
"""Which class alpha weighs in equation (5): the centres, as printed, or the background, as in RetinaNet's own text."""


@dataclasses.dataclass(frozen=True)
class Targets:
    """True outputs of the three decoders for B images, on the grid of superpixels.

    Attributes:
        classes: Class of each element, 0 to C - 1, [b, h, w].
        instances: Instance of each element, 1 to N in each image, 0 for none, [b, h, w].
        centres: Which element is the centre of its instance, [b, h, w].
    """

    classes: Int[Tensor, "b h w"]
    instances: Int[Tensor, "b h w"]
    centres: Bool[Tensor, "b h w"]

    def to(self, device: torch.device) -> Targets:
        """The same targets on another device.

        Args:
            device: Device to copy to.
        """
        return Targets(self.classes.to(device), self.instances.to(device), self.centres.to(device))


def class_weights(frequency: Float[Tensor, c]) -> Float[Tensor, c]:
    """w_c = 1 / log(f_c + 1.02), equation (2); 50.5 for a class that is absent, 1.42 for one that is everywhere.

    Args:
        frequency: Share f_c of the pixels that have each class, 0..1, [c].
    """
    return 1 / torch.log(frequency + EPSILON)


def semantic_loss(
    logits: Float[Tensor, "b c h w"], classes: Int[Tensor, "b h w"], weights: Float[Tensor, c]
) -> Float[Tensor, ""]:
    """Weighted cross-entropy, equation (1), as the weighted mean over the elements.

    Args:
        logits: Class logits of each element, [b, c, h, w].
        classes: True class of each element, [b, h, w].
        weights: Weight w_c of each class, [c].
    """
    return cross_entropy(logits, classes, weights)


def embedding_losses(
    embeddings: Float[Tensor, "b d h w"], targets: Targets, attract: float, repel: float
) -> tuple[Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, ""]]:
    """Attraction (3), repulsion (4) and regularisation of the embeddings.

    Args:
        embeddings: Embedding of each element, [b, d, h, w].
        targets: True instances and their centres; an image without instances costs nothing, one with a single instance
            no repulsion.
        attract: Largest distance delta_a from an element to its centre that costs nothing, in embedding space.
        repel: Least distance delta_r between centres that costs nothing, in embedding space.

    Returns:
        Attraction, repulsion and regularisation, each a scalar averaged over the images.
    """
    pulls, pushes, norms = [], [], []
    for vectors, instances, centres in zip(embeddings, targets.instances, targets.centres, strict=True):
        place = centres.flatten().nonzero()[:, 0]
        if not len(place):
            continue
        flat, owner = vectors.flatten(1).T, instances.flatten()
        middle = flat[place]
        number = torch.full((int(owner.max()) + 1,), -1, device=owner.device)
        number[owner[place]] = torch.arange(len(place), device=owner.device)
        own = torch.where(owner > 0, number[owner], -1)
        inside = own >= 0
        own = own[inside]
        excess = torch.relu(_distance(flat[inside], middle[own]) - attract)
        size = torch.bincount(own, minlength=len(place))
        pulls.append((excess / size[own]).sum() / len(place))
        norms.append(_distance(middle, torch.zeros_like(middle)).mean())
        if len(place) > 1:
            first, second = torch.triu_indices(len(place), len(place), 1, device=middle.device)
            pushes.append(torch.relu(repel - _distance(middle[first], middle[second])).mean())
    nothing, images = embeddings.sum() * 0, len(embeddings)
    pull, push, norm = (sum(parts, nothing) / images for parts in (pulls, pushes, norms))
    return pull, push, norm


def centre_loss(
    logits: Float[Tensor, "b h w"],
    centres: Bool[Tensor, "b h w"],
    alpha: float = 0.01,
    gamma: float = 2.0,
    focus: Focus = "background",
) -> Float[Tensor, ""]:
    """The focal loss (5), summed over the grid, divided by the number of centres (or by 1).

    Args:
        logits: Logits of the confidence that an element is a centre, [b, h, w].
        centres: Which elements are centres, [b, h, w].
        alpha: Weight of the class that `focus` names, 0..1; the other class has 1 - alpha.
        gamma: Focusing exponent: the higher, the less well-classified elements count; 0 gives cross-entropy.
        focus: Class that alpha weighs: "printed" for the centres, "background" for all other elements.
    """
    positive, negative = (alpha, 1 - alpha) if focus == "printed" else (1 - alpha, alpha)
    # log y = logsigmoid(x), log(1 - y) = logsigmoid(-x): no logarithm of 0
    here = -positive * torch.sigmoid(-logits) ** gamma * logsigmoid(logits)
    away = -negative * torch.sigmoid(logits) ** gamma * logsigmoid(-logits)
    return torch.where(centres, here, away).sum() / centres.sum().clamp(min=1)


def _distance(one: Tensor, other: Tensor) -> Tensor:
    """Euclidean distance of rows, whose gradient is 0 where they are equal."""
    squared = (one - other).square().sum(-1)
    apart = squared > 0
    return torch.where(apart, squared, 1.0).sqrt() * apart
