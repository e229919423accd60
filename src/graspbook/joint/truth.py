"""True answers in the place of a decoder's (ours): what would the method reach if one of its parts made no mistake?"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np

from graspbook.data.cityscapes import CLASSES, Street
from graspbook.joint.segment import Grids
from graspbook.joint.targets import find_centres, grid_labels

Part = Literal["classes", "centres", "embeddings"]
APART = 100.0
"""Distance of the embeddings of two things where they are true."""


def with_truth(grids: Grids, street: Street, k: int, compactness: float, parts: Collection[Part]) -> Grids:
    """Outputs of the decoders, some of them replaced by the truth.

    Args:
        grids: Outputs of a network.
        street: Picture with its labels.
        k: Pixels along one side of a superpixel.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
        parts: Outputs to replace. True embeddings are equal within a thing and far apart between things.
    """
    classes, instances = grid_labels(street, k, compactness)
    probability, embeddings, confidence = grids.probability, grids.embeddings, grids.confidence
    if "classes" in parts:
        probability = np.eye(CLASSES, dtype=np.float32)[classes].transpose(2, 0, 1)
    if "centres" in parts:
        confidence = find_centres(instances).astype(np.float32)
    if "embeddings" in parts:
        embeddings = (APART * instances[None]).astype(np.float32)
    return Grids(probability, embeddings, confidence)


def all_true(street: Street, k: int, compactness: float) -> Grids:
    """True labels on a grid: what the best of all networks could say there.

    Args:
        street: Picture with its labels.
        k: Pixels along one side of a superpixel.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
    """
    nothing = np.zeros((1, 1, 1), np.float32)
    return with_truth(Grids(nothing, nothing, None), street, k, compactness, ("classes", "centres", "embeddings"))
