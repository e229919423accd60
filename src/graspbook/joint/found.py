"""How many things have an element that is sure to be a centre: what the loss of the centres (5) is there for."""

from __future__ import annotations

import numpy as np

from graspbook.data.cityscapes import Street
from graspbook.joint.segment import Grids
from graspbook.joint.targets import grid_labels

SURE = 0.7
"""§III-B."""
VISIBLE = 4
"""Elements that a thing must have to be counted."""


def sure_things(grids: Grids, street: Street, k: int, compactness: float) -> tuple[int, int]:
    """Numbers of things of at least `VISIBLE` elements: those with an element above the threshold, and all of them.

    Args:
        grids: Outputs of a network; without a decoder of centres no thing is found.
        street: Picture with its labels.
        k: Pixels along one side of a superpixel.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
    """
    owner = grid_labels(street, k, compactness)[1].ravel()
    size = np.bincount(owner)
    confidence = np.zeros(owner.shape) if grids.confidence is None else grids.confidence.ravel()
    sure = np.bincount(owner[confidence > SURE], minlength=len(size))
    counted = size[1:] >= VISIBLE
    return int((counted & (sure[1:] > 0)).sum()), int(counted.sum())
