"""Learning rates over a training."""

import math


def cosine_rate(highest: float, step: int, steps: int, warm_up: float) -> float:
    """Learning rate of the step after `step` of `steps` steps: a linear rise, then half a cosine down to zero.

    Args:
        highest: The learning rate at the end of the rise.
        step: The number of steps done, 0 to `steps` - 1.
        steps: The number of steps of the whole training.
        warm_up: The fraction of the steps in which the rate rises, 0..1; it rises in one step at least.
    """
    rise = max(1, round(warm_up * steps))
    if step < rise:
        return highest * (step + 1) / rise
    return highest * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))
