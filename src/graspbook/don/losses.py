"""What pulls the descriptors of one point together and pushes others apart (§III-C; Florence et al. [1]).

NT-Xent, equation (1), takes N pairs of descriptors, all pairs of a batch together, and counts every other descriptor
among the 2N as a negative. The pixelwise contrastive loss takes matches, and for each match some pixels of the other
image that do not match.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def nt_xent(
    a: Float[Tensor, "n d"],
    b: Float[Tensor, "n d"],
    temperature: float,
    negatives: Float[Tensor, "m d"] | None = None,
) -> Float[Tensor, ""]:
    """Equation (1) with the cosine similarity (2).

    The paper sums over the 2N descriptors; here they are averaged, so that one learning rate fits every N.

    Args:
        a: Descriptors of N pixels in the first views of a batch, [n, d].
        b: Descriptors of the matching pixels in the second views, [n, d].
        temperature: Temperature tau, which divides the cosine similarities.
        negatives: Descriptors of M pixels that match none of the others, further negatives, [m, d] (ours).

    Returns:
        The mean loss over the 2N descriptors, a scalar.
    """
    descriptors = normalize(torch.cat([a, b]), dim=1)
    similarity = descriptors @ descriptors.T / temperature
    similarity.fill_diagonal_(-torch.inf)  # k = i is left out of the sum
    if negatives is not None:
        similarity = torch.cat([similarity, descriptors @ normalize(negatives, dim=1).T / temperature], 1)
    partner = torch.arange(len(descriptors), device=a.device).roll(len(a))
    return cross_entropy(similarity, partner)


def match_loss(a: Float[Tensor, "n d"], b: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """Mean squared Euclidean distance of matching descriptors ([1], the matches' part).

    Args:
        a: Descriptors of N pixels in the first view, [n, d].
        b: Descriptors of the matching pixels in the second view, [n, d].
    """
    return ((a - b) ** 2).sum(1).mean()


def non_match_loss(
    a: Float[Tensor, "n d"],
    others: Float[Tensor, "g k d"],
    counted: Bool[Tensor, "n k"],
    margin: float,
) -> Float[Tensor, ""]:
    """Squared hinge on the distance to descriptors of other points ([1], the non-matches' part).

    It is divided by the number of hard negatives, those closer than the margin, not by the number of non-matches:
    else the few that are still wrong would be lost among the many that are right.

    Args:
        a: Descriptors of N pixels, [n, d].
        others: Descriptors, [g, k, d], of K pixels that do not show the same point: for each of the N (g = n), or for
            each of G groups of n / g pixels that follow one another.
        counted: Which non-matches count, [n, k]; False leaves a pixel out, such as one too near to the true match.
        margin: Distance in descriptor space from which on a non-match costs nothing.
    """
    grouped = a.reshape(len(others), -1, a.shape[1])
    products = grouped @ others.transpose(1, 2)
    squared = (grouped**2).sum(2)[:, :, None] + (others**2).sum(2)[:, None] - 2 * products
    distance = (squared.clamp(min=0) + 1e-9).sqrt().flatten(0, 1)  # the gradient of a root at 0 is infinite
    cost = (margin - distance).clamp(min=0) ** 2 * counted
    return cost.sum() / (cost > 0).sum().clamp(min=1)


def far_from(match: Float[Tensor, "n 2"], pixels: Float[Tensor, "g k 2"], radius: float) -> Bool[Tensor, "n k"]:
    """Which pixels are at least `radius` pixels from the true match: nearer ones show nearly the same point.

    Groups as in `non_match_loss`.

    Args:
        match: Pixel coordinates (u, v) of the true match of each of N pixels, [n, 2].
        pixels: Pixel coordinates (u, v) of the K non-matches of each of G groups, [g, k, 2].
        radius: Smallest distance from the true match, pixels.
    """
    apart = match.reshape(len(pixels), -1, 1, 2) - pixels[:, None]
    return ((apart**2).sum(3) >= radius**2).flatten(0, 1)
