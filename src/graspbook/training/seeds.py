"""Randomness that depends on a key alone, so that what is interrupted and resumed draws what the unbroken run would."""

import numpy as np
import torch
from torch import Generator


def generator(*key: int) -> Generator:
    """A generator on the CPU, seeded by a key such as (seed, purpose, step): non-negative integers."""
    return Generator().manual_seed(int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1)))


def batch_indices(count: int, batch_size: int, step: int, *key: int) -> list[int]:
    """Which of `count` samples make the batch of a step: successive parts of one shuffle after another."""
    places = range(step * batch_size, (step + 1) * batch_size)
    orders = {
        epoch: torch.randperm(count, generator=generator(*key, epoch)).tolist()
        for epoch in {place // count for place in places}
    }
    return [orders[place // count][place % count] for place in places]
