"""Gaussians with a diagonal covariance over latent codes (§III-A, §III-B), and what tells whether a code is used."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

LOWEST, HIGHEST = -8.0, 4.0
"""Log-variances are kept in this range: beyond it a code is a point, or noise, and gradients vanish or explode."""
ACTIVE = 0.01
"""A dimension is active if the encoder differs from the prior by so many nats, on average over images."""


@dataclass(frozen=True)
class Gaussian:
    """Gaussian distributions of the codes of b images.

    Attributes:
        mean: Mean of each dimension, [b, d].
        log_variance: Logarithm of the variance of each dimension, [b, d].
    """

    mean: Float[Tensor, "b d"]
    log_variance: Float[Tensor, "b d"]

    @classmethod
    def of(cls, parameters: Float[Tensor, "b e"]) -> Gaussian:
        """From the output of a linear layer with e = 2 d channels, means first.

        Args:
            parameters: Means, then log-variances, [b, 2 d].
        """
        mean, log_variance = parameters.chunk(2, -1)
        return cls(mean, log_variance.clamp(LOWEST, HIGHEST))

    def sample(self, generator: Generator, count: int | None = None) -> Tensor:
        """Codes [b, d], or [b, count, d]; noise is drawn on the CPU and scaled, so gradients reach the parameters.

        Args:
            generator: Source of the noise, on the CPU.
            count: Number of codes for each image; None: one, without a dimension of its own.
        """
        shape = self.mean.shape if count is None else (len(self.mean), count, self.mean.shape[1])
        noise = torch.randn(shape, generator=generator).to(self.mean)
        mean, deviation = self.mean, (self.log_variance / 2).exp()
        if count is not None:
            mean, deviation = mean[:, None], deviation[:, None]
        return mean + deviation * noise


def kl_divergence(q: Gaussian, p: Gaussian) -> Float[Tensor, "b d"]:
    """D_KL(q || p) of equation (1) in nats, dimension by dimension; their sum is that of the whole code.

    log(s_p / s_q) + (s_q^2 + (m_q - m_p)^2) / (2 s_p^2) - 1/2.

    Args:
        q: First distribution, of b images.
        p: Second distribution, of the same images.
    """
    ratio = (q.log_variance - p.log_variance).exp()
    distance = (q.mean - p.mean) ** 2 * (-p.log_variance).exp()
    return 0.5 * (p.log_variance - q.log_variance + ratio + distance - 1)


def active_dimensions(kl: Float[Tensor, "b d"]) -> int:
    """How many dimensions of the code say something about the labels that the image does not (`ACTIVE`).

    Args:
        kl: KL divergence by image and dimension, nats, [b, d].
    """
    return int((kl.mean(0) > ACTIVE).sum())


def beta_at(step: int, steps: int, highest: float, warm_up: tuple[float, float]) -> float:
    """Weight of the KL term in a step (equation (3)): 0, then a linear rise, then `highest`.

    Args:
        step: Number of steps done.
        steps: Number of steps of the whole training.
        highest: Final weight.
        warm_up: Start and end of the rise, as shares of the training, 0..1.
    """
    start, end = (part * steps for part in warm_up)
    return highest * min(1.0, max(0.0, (step - start) / max(1.0, end - start)))
