"""Wall time of answers, one kind after another on each image, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np


def milliseconds(
    kinds: Mapping[str, Callable[[np.ndarray], object]], images: Sequence[np.ndarray]
) -> dict[str, np.ndarray]:
    """Time that each kind of answer takes on each image, milliseconds, [n] each.

    Args:
        kinds: Functions of an image, by name.
        images: RGB images, uint8 [H, W, 3] each; the first one also serves for an untimed warm-up.
    """
    for answer in kinds.values():
        answer(images[0])
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for image in images:
        for name, answer in kinds.items():
            start = time.perf_counter()
            answer(image)
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: np.array(own) for name, own in times.items()}
