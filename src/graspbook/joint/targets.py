"""From the labels of pixels to what the decoders should say on the grid of superpixels (§IV-A, Figure 4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from graspbook.data.cityscapes import Street
from graspbook.joint.losses import Targets
from graspbook.joint.superpixels import sample, superpixels


def grid_labels(street: Street, k: int, compactness: float) -> tuple[np.ndarray, np.ndarray]:
    """Classes and instances at the superpixels' centres of mass, int64 [h, w] each.

    Args:
        street: Picture with its labels.
        k: Pixels along one side of a superpixel.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
    """
    labels = superpixels(torch.from_numpy(street.image), k, compactness)
    both = torch.from_numpy(np.stack([street.classes.astype(np.int64), street.instances.astype(np.int64)]))
    classes, instances = sample(both, labels, k).numpy()
    return classes, instances


def find_centres(instances: np.ndarray) -> np.ndarray:
    """The element of each instance that is nearest to its centre of mass (the first of several), bool [h, w].

    Args:
        instances: Instance of each element, 1 to N, 0 for none, [h, w].
    """
    found = np.zeros(instances.shape, bool)
    row, column = np.nonzero(instances)
    if not len(row):
        return found
    values, own = np.unique(instances[row, column], return_inverse=True)
    size = np.bincount(own)
    away = (row - (np.bincount(own, row) / size)[own]) ** 2 + (column - (np.bincount(own, column) / size)[own]) ** 2
    order = np.lexsort((np.arange(len(own)), away, own))
    first = order[np.searchsorted(own[order], np.arange(len(values)))]
    found[row[first], column[first]] = True
    return found


def make_targets(labelled: Sequence[tuple[np.ndarray, np.ndarray]]) -> Targets:
    """Targets of a batch from what `grid_labels` found in each image.

    Args:
        labelled: Classes and instances of each image, from `grid_labels`.
    """
    classes, instances = (np.stack(part) for part in zip(*labelled, strict=True))
    centres = np.stack([find_centres(part) for part in instances])
    return Targets(torch.from_numpy(classes), torch.from_numpy(instances), torch.from_numpy(centres))
