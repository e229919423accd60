"""Scores of instance segmentation (§IV-B): AP as Cityscapes defines it.

AP is the mean over eight classes of COCO's average precision of each; thresholds 0.50 to 0.95 in steps of 0.05.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from graspbook.data.cityscapes import CLASSES, Street
from graspbook.instances.average_precision import AREAS, Matches, average_precision, match_image
from graspbook.joint.segment import Segmentation

LARGE = 1024
"""Pixels: an object of at least so many is large, one of fewer is "medium" in the names of COCO's ranges."""


def match_pictures(truth: Iterable[Street], found: Iterable[Segmentation], least_area: int) -> list[Matches]:
    """Matches detections with objects, for each of the eight classes.

    Objects and detections of fewer pixels than `least_area` count neither way, nor do detections that lie for the most
    part on things of their class that nobody told apart.

    Args:
        truth: Labelled pictures.
        found: Segmentation of each of them.
        least_area: Least area of objects and detections that count, pixels.
    """
    limits = np.array([(least_area, np.inf), (least_area, LARGE - 1), (LARGE, np.inf)])
    pictures = [_overlaps(street, said) for street, said in zip(truth, found, strict=True)]
    return [_match_class(number, pictures, limits) for number in range(1, CLASSES)]


def instance_scores(matches: Sequence[Matches], weights: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """AP, AP50, and AP of large and of smaller objects, percent [R]: means over the classes that have objects.

    Args:
        matches: Matches of each class, from `match_pictures`.
        weights: How often each of N pictures counts in each of R replicates, [R, N]; None: once.

    Returns:
        `ap50`, `ap`, `ap_large` and `ap_small`, percent, [R] each.
    """
    single = [average_precision(part, weights) for part in matches if part.n_objects[0].any()]
    names = {"ap50": "ap50", "ap": "ap", "apl": "ap_large", "apm": "ap_small"}
    return {ours: _mean(np.array([part[name] for part in single])) for name, ours in names.items()}


def _overlaps(street: Street, said: Segmentation) -> tuple[np.ndarray, ...]:
    """Pixels by found and true instance, classes of both, scores, pixels of each on things that nobody told apart."""
    ids, true = said.instances.ids.ravel(), street.instances.ravel()
    n_found, n_true = len(said.instances.classes), int(true.max())
    shared = np.bincount(ids * (n_true + 1) + true, minlength=(n_found + 1) * (n_true + 1)).reshape(n_found + 1, -1)
    classes = np.zeros(n_true + 1, np.int64)
    classes[true] = street.classes.ravel()
    group = (true == 0) & (street.classes.ravel() > 0)
    own = np.concatenate([[0], said.instances.classes])[ids]
    crowd = np.bincount(ids[group & (own == street.classes.ravel())], minlength=n_found + 1)
    return shared, said.instances.classes, classes[1:], said.scores, crowd[1:]


def _match_class(number: int, pictures: list[tuple[np.ndarray, ...]], limits: np.ndarray) -> Matches:
    n_objects = np.zeros((len(AREAS), len(pictures)), np.int64)
    parts = []
    for place, (shared, found, true, scores, crowd) in enumerate(pictures):
        area_found, area_true = shared.sum(1)[1:], shared.sum(0)[1:]
        mine = np.flatnonzero((found == number) & (area_found > 0))
        mine = mine[np.argsort(-scores[mine], kind="stable")]
        theirs = np.flatnonzero(true == number)
        outside = _outside(area_true[theirs], limits)
        n_objects[:, place] = (~outside).sum(1)
        both = shared[1:, 1:][np.ix_(mine, theirs)]
        overlap = both / np.maximum(area_found[mine][:, None] + area_true[theirs] - both, 1)
        ignored = _outside(area_found[mine], limits) | (2 * crowd[mine] > area_found[mine])
        hit, ignored = match_image(overlap, outside, ignored)
        parts.append((np.full(len(mine), place), scores[mine], hit, ignored))
    image, score, hit, ignored = (np.concatenate(part, -1) for part in zip(*parts, strict=True))
    ranking = np.argsort(-score, kind="stable")
    image, score = image[ranking], score[ranking]
    begins = (np.diff(image, prepend=-1) != 0) | (np.diff(score, prepend=2.0) != 0)
    return Matches(image, begins.cumsum() - 1, hit[..., ranking], ignored[..., ranking], n_objects)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is there; NaN where nothing is."""
    there = ~np.isnan(values)
    count = there.sum(0)
    return np.where(count > 0, np.where(there, values, 0).sum(0) / np.maximum(count, 1), np.nan)


def _outside(area: np.ndarray, limits: np.ndarray) -> np.ndarray:
    return (area < limits[:, :1]) | (area > limits[:, 1:])
