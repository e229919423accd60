"""How good a trained network is on a split: one call for all that the tables need of a row (§IV-B).

AP is that of Cityscapes: the mean over eight classes of COCO's average precision of each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from jaxtyping import Float, Int

from graspbook.data.cityscapes import CLASSES, Street, Streets
from graspbook.instances.average_precision import IOU_THRESHOLDS, class_average_precision, outside_ranges
from graspbook.instances.matching import Candidates, Matches, Overlaps, match_images
from graspbook.joint.config import ClusterConfig
from graspbook.joint.iou import confusion, mean_iou
from graspbook.joint.network import JointNetwork
from graspbook.joint.segment import Method, SceneSegmentation, segment

LARGE = 1024
"""Pixels: an object of at least so many is large, one of fewer is "medium" in the names of COCO's ranges."""


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Results of a network on N pictures.

    Attributes:
        counts: Confusion matrix of each picture, pixels by true and by found class, [n, c, c].
        matches: Matches of each of the eight classes.
        cities: City or drive of each picture, the units of the bootstrap.
    """

    counts: Int[np.ndarray, "n c c"]
    matches: list[Matches]
    cities: tuple[str, ...]

    def scores(self) -> dict[str, float]:
        """`iou`, `ap50`, `ap`, `ap_large`, `ap_small`, percent."""
        found = {name: float(value[0]) for name, value in instance_scores(self.matches).items()}
        return {"iou": mean_iou(self.counts.sum(0))} | found


def evaluate(
    network: JointNetwork,
    streets: Streets,
    clustering: ClusterConfig,
    compactness: float,
    least_area: int,
    method: Method | None = None,
    square: bool = False,
) -> Evaluation:
    """Segments all pictures of a split and compares the results with the labels.

    Args:
        network: Network in evaluation mode.
        streets: Pictures with labels.
        clustering: Clustering settings.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
        least_area: Least area of objects and detections that count, pixels; smaller ones count neither way.
        method: Clustering method, see `segment`.
        square: Whether square cells replace the superpixels, see `segment`.
    """

    def segmenter(image: np.ndarray) -> SceneSegmentation:
        return segment(network, image, clustering, compactness, method, square)

    return evaluate_by(segmenter, streets, least_area)


def evaluate_by(segmenter: Callable[[np.ndarray], SceneSegmentation], streets: Streets, least_area: int) -> Evaluation:
    """Segments all pictures of a split by any method and compares the results with the labels.

    Args:
        segmenter: Function from an RGB picture, uint8 [H, W, 3], to its segmentation.
        streets: Pictures with labels.
        least_area: Least area of objects and detections that count, pixels; smaller ones count neither way.
    """
    counts, truth, found = np.zeros((len(streets), CLASSES, CLASSES), np.int64), [], []
    for place, street in enumerate(streets):
        scene = segmenter(street.image)
        counts[place] = confusion(scene.classes, street.classes)
        truth.append(street)
        found.append(scene)
    return Evaluation(counts, match_things(truth, found, least_area), streets.cities)


def match_things(truth: Iterable[Street], found: Iterable[SceneSegmentation], least_area: int) -> list[Matches]:
    """Matches detections with objects, for each of the eight classes.

    Objects and detections of fewer pixels than `least_area` count neither way, nor do detections that lie for the most
    part on things of their class that the labels do not tell apart.

    Args:
        truth: Labelled pictures.
        found: Segmentation of each of them.
        least_area: Least area of objects and detections that count, pixels.
    """
    limits = np.array([(least_area, np.inf), (least_area, LARGE - 1), (LARGE, np.inf)])
    pictures = [_Picture.of(street, scene) for street, scene in zip(truth, found, strict=True)]
    return [
        match_images((picture.candidates(number, limits) for picture in pictures), IOU_THRESHOLDS)
        for number in range(1, CLASSES)
    ]


def instance_scores(matches: Sequence[Matches], weights: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """AP, AP50, and AP of large and of smaller objects, percent [R]: means over the classes that have objects.

    Args:
        matches: Matches of each class, from `match_things`.
        weights: How often each of N pictures counts in each of R replicates, [R, N]; None: once.

    Returns:
        `ap50`, `ap`, `ap_large` and `ap_small`, percent, [R] each.
    """
    values = class_average_precision(matches, weights)
    names = {"ap50": "ap50", "ap": "ap", "apl": "ap_large", "apm": "ap_small"}
    return {ours: values[name] for name, ours in names.items()}


@dataclasses.dataclass(frozen=True, eq=False)
class _Picture:
    """P found and G true instances of a picture.

    Attributes:
        overlaps: How they overlap, whatever their classes.
        found: Class of each found instance, [P].
        true: Class of each true instance, [G].
        scores: Confidence of each found instance, 0..1, [P].
        crowd: Pixels of each found instance on things of its class that the labels do not tell apart, [P].
    """

    overlaps: Overlaps
    found: Int[np.ndarray, " P"]
    true: Int[np.ndarray, " G"]
    scores: Float[np.ndarray, " P"]
    crowd: Int[np.ndarray, " P"]

    @classmethod
    def of(cls, street: Street, scene: SceneSegmentation) -> _Picture:
        ids, true = scene.instances.ids.ravel(), street.instances.ravel()
        n_found, n_true = len(scene.instances.classes), int(true.max())
        shared = np.bincount(ids * (n_true + 1) + true, minlength=(n_found + 1) * (n_true + 1))
        shared = shared.reshape(n_found + 1, -1).astype(np.float64)
        classes = np.zeros(n_true + 1, np.int64)
        classes[true] = street.classes.ravel()
        group = (true == 0) & (street.classes.ravel() > 0)
        of_pixel = np.concatenate([[0], scene.instances.classes])[ids]
        crowd = np.bincount(ids[group & (of_pixel == street.classes.ravel())], minlength=n_found + 1)
        overlaps = Overlaps(shared[1:, 1:], shared.sum(1)[1:], shared.sum(0)[1:])
        return cls(overlaps, scene.instances.classes, classes[1:], scene.scores, crowd[1:])

    def candidates(self, number: int, limits: np.ndarray) -> Candidates:
        """The found and true instances of a class; see `match_things`."""
        area = self.overlaps.predicted
        found, true = np.flatnonzero((self.found == number) & (area > 0)), np.flatnonzero(self.true == number)
        found = found[np.argsort(-self.scores[found], kind="stable")]
        area = area[found]
        return Candidates(
            self.overlaps.iou[np.ix_(found, true)],
            self.scores[found],
            outside_ranges(self.overlaps.labelled[true], limits),
            outside_ranges(area, limits) | (2 * self.crowd[found] > area),
        )
