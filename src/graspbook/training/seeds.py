"""Randomness that depends on a key alone, so that what is interrupted and resumed draws what the unbroken run would."""

import numpy as np
import torch
from torch import Generator


def generator(*key: int) -> Generator:
    """A generator on the CPU, seeded by a key such as (seed, purpose, step).

    Args:
        key: The key, non-negative integers.
    """
    return Generator().manual_seed(int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1)))


def batch_indices(count: int, batch_size: int, step: int, *key: int) -> list[int]:
    """Which samples make the batch of a step: successive parts of one shuffle after another.

    Args:
        count: The number of samples.
        batch_size: The number of samples in a batch.
        step: The number of steps done before, from 0.
        key: The key that seeds the shuffles, non-negative integers.

    Returns:
        The numbers of the samples, from 0.
    """
    places = range(step * batch_size, (step + 1) * batch_size)
    orders = {
        epoch: torch.randperm(count, generator=generator(*key, epoch)).tolist()
        for epoch in {place // count for place in places}
    }
    return [orders[place // count][place % count] for place in places]
