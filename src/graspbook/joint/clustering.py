"""From the decoders' grids to instances (§III-B), and two ways without centres to compare with.

All of them go through the classes one by one: the semantic decoder masks embeddings and centres. `cluster_by_centres`
compares each element with the few centres of its class, `cluster_all_to_all` with all elements of its class, and
`connected_components` looks at no embedding at all: the control that the paper lacks.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import ndimage

from graspbook.core.errors import InputError
from graspbook.instances.types import LabelMap
from graspbook.joint.config import ClusterConfig, Score

NEIGHBOURS = np.ones((3, 3))
"""Elements that touch at a corner are connected."""
CHUNK = 2048
"""Rows of the all-to-all similarity matrix that are held at once."""
HALFWAY = 64
"""An instance of so many elements has the size score 1/2."""


def cluster_by_centres(
    classes: Int[np.ndarray, "h w"],
    embeddings: Float[np.ndarray, "d h w"],
    confidence: Float[np.ndarray, "h w"],
    config: ClusterConfig,
) -> LabelMap:
    """The paper's post-processing.

    Args:
        classes: Class of each element; 0: background, [h, w].
        embeddings: Embedding of each element, [d, h, w].
        confidence: Confidence that each element is a centre, 0..1, [h, w].
        config: Confidence threshold and distances in embedding space; in the paper both distances are delta_a.
    """
    ids, found = np.zeros(classes.shape, np.int32), []
    flat = embeddings.reshape(len(embeddings), -1).T
    for number in np.unique(classes[classes > 0]):
        mask = classes == number
        centres = find_centres(mask & (confidence > config.threshold), confidence, flat, config.duplicates)
        if not len(centres):
            continue
        elements = np.flatnonzero(mask)
        away = distances(flat[elements], flat[centres])
        nearest = away.argmin(1)
        inside = away[np.arange(len(elements)), nearest] <= config.assign
        ids.ravel()[elements[inside]] = nearest[inside] + 1 + len(found)
        found += [number] * len(centres)
    return _kept(ids, found, config.least)


def find_centres(
    sure: np.ndarray, confidence: np.ndarray, flat: Float[np.ndarray, "n d"], duplicates: float
) -> Int[np.ndarray, k]:
    """The centres among the elements of a class: flat indices, the surest first.

    Each connected component of sure elements gives the one of its elements that is nearest to its centre of mass. One
    whose embedding is nearer than `duplicates` to that of a surer one is left out.

    Args:
        sure: Elements of one class above the confidence threshold, bool [h, w].
        confidence: Confidence that each element is a centre, 0..1, [h, w].
        flat: Embedding of each element, row by row, [n, d].
        duplicates: Distance in embedding space below which a centre is a duplicate of a more confident one.

    Returns:
        Row-major indices of the centres, the most confident first, int64 [k].
    """
    blobs, count = ndimage.label(sure, NEIGHBOURS)
    if count == 0:
        return np.zeros(0, np.int64)
    place = np.flatnonzero(blobs)
    own = blobs.ravel()[place] - 1
    row, column = np.divmod(place, sure.shape[1])
    size = np.bincount(own)
    away = (row - (np.bincount(own, row) / size)[own]) ** 2 + (column - (np.bincount(own, column) / size)[own]) ** 2
    order = np.lexsort((place, away, own))
    middle = place[order[np.searchsorted(own[order], np.arange(count))]]
    peak = ndimage.maximum(confidence, blobs, np.arange(1, count + 1))
    middle = middle[np.argsort(-np.asarray(peak), kind="stable")]
    near = distances(flat[middle], flat[middle]) < duplicates
    kept: list[int] = []
    for candidate in range(count):
        if not near[candidate, kept].any():
            kept.append(candidate)
    return middle[kept]


def cluster_all_to_all(
    classes: Int[np.ndarray, "h w"], embeddings: Float[np.ndarray, "d h w"], config: ClusterConfig
) -> LabelMap:
    """Mean shift of the embeddings of each class, as in [5]: every element against every other one.

    In each round an element moves to the mean of all embeddings within `radius`; at the end the first element that has
    no instance yet takes all within half the radius of where it has come to, until none is left.

    Args:
        classes: Class of each element; 0: background, [h, w].
        embeddings: Embedding of each element, [d, h, w].
        config: Radius of the mean shift in embedding space, and number of its rounds.
    """
    ids, found = np.zeros(classes.shape, np.int32), []
    flat = embeddings.reshape(len(embeddings), -1).T
    for number in np.unique(classes[classes > 0]):
        elements = np.flatnonzero(classes == number)
        still = torch.from_numpy(np.ascontiguousarray(flat[elements]))
        moved = still.clone()
        for _ in range(config.shifts):
            moved = torch.cat([_shifted(part, still, config.radius) for part in moved.split(CHUNK)])
        left = torch.arange(len(moved))
        while len(left):
            near = (moved[left] - moved[left[0]]).norm(dim=1) <= config.radius / 2
            found.append(number)
            ids.ravel()[elements[left[near].numpy()]] = len(found)
            left = left[~near]
    return _kept(ids, found, config.least)


def connected_components(classes: Int[np.ndarray, "h w"], config: ClusterConfig) -> LabelMap:
    """Each connected component of a class is an instance: what the semantics alone can do.

    Args:
        classes: Class of each element; 0: background, [h, w].
        config: Clustering settings, of which the least size of an instance is used.
    """
    ids, found = np.zeros(classes.shape, np.int32), []
    for number in np.unique(classes[classes > 0]):
        blobs, count = ndimage.label(classes == number, NEIGHBOURS)
        ids = np.where(blobs > 0, blobs + len(found), ids).astype(np.int32)
        found += [number] * count
    return _kept(ids, found, config.least)


def score_instances(
    instances: LabelMap,
    probability: Float[np.ndarray, "c h w"],
    confidence: Float[np.ndarray, "h w"] | None,
    kind: Score,
) -> Float[np.ndarray, n]:
    """How sure each instance is, 0..1: average precision ranks by it, and the paper does not say how.

    Args:
        instances: Instances on the grid.
        probability: Probability of each class at each element, 0..1, [c, h, w].
        confidence: Confidence that each element is a centre, 0..1, [h, w]; None where there is no such decoder.
        kind: Score: "confidence" is the highest in the instance; "certainty" the mean probability of its class; "size"
            n / (n + 64) for n elements; "product" certainty x size.

    Raises:
        InputError: `kind` is "confidence", and `confidence` is None.
    """
    count = len(instances.classes)
    own = instances.ids.ravel()
    if kind == "confidence":
        if confidence is None:
            raise InputError("score: 'confidence' needs a decoder of centres; use 'size', 'certainty' or 'product'")
        return np.asarray(ndimage.maximum(confidence, instances.ids, np.arange(1, count + 1)), np.float64)
    elements = np.bincount(own, minlength=count + 1)[1:]
    size = elements / (elements + HALFWAY)
    if kind == "size":
        return size
    place = np.flatnonzero(own)
    named = probability.reshape(len(probability), -1)[instances.classes[own[place] - 1], place]
    certainty = np.bincount(own[place] - 1, named, count) / np.maximum(elements, 1)
    return certainty if kind == "certainty" else certainty * size


def distances(one: Float[np.ndarray, "n d"], other: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "n k"]:
    """Euclidean distances of all pairs.

    Args:
        one: First vectors, [n, d].
        other: Second vectors, [k, d].
    """
    squared = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    return np.sqrt(np.maximum(squared, 0))


def _shifted(moved: torch.Tensor, still: torch.Tensor, radius: float) -> torch.Tensor:
    near = (torch.cdist(moved, still) <= radius).to(still.dtype)
    return near @ still / near.sum(1, keepdim=True).clamp(min=1)


def _kept(ids: np.ndarray, found: list[int], least: int) -> LabelMap:
    """Instances of at least `least` elements, numbered anew in their order."""
    kept = np.bincount(ids.ravel(), minlength=len(found) + 1) >= least
    kept[0] = False
    number = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return LabelMap(number[ids], np.array(found, np.int64)[kept[1:]])
