"""How good a trained network is on a split: one call for all that the tables need of a row (§IV-B)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Int

from graspbook.data.cityscapes import CLASSES, Streets
from graspbook.instances.average_precision import Matches
from graspbook.joint.config import ClusterConfig
from graspbook.joint.iou import confusion, mean_iou
from graspbook.joint.network import JointNetwork
from graspbook.joint.scores import instance_scores, match_pictures
from graspbook.joint.segment import Method, Segmentation, segment


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

    def segmenter(image: np.ndarray) -> Segmentation:
        return segment(network, image, clustering, compactness, method, square)

    return evaluate_by(segmenter, streets, least_area)


def evaluate_by(segmenter: Callable[[np.ndarray], Segmentation], streets: Streets, least_area: int) -> Evaluation:
    """Segments all pictures of a split by any method and compares the results with the labels.

    Args:
        segmenter: Function from an RGB picture, uint8 [H, W, 3], to its segmentation.
        streets: Pictures with labels.
        least_area: Least area of objects and detections that count, pixels; smaller ones count neither way.
    """
    counts, truth, found = np.zeros((len(streets), CLASSES, CLASSES), np.int64), [], []
    for place, street in enumerate(streets):
        said = segmenter(street.image)
        counts[place] = confusion(said.classes, street.classes)
        truth.append(street)
        found.append(said)
    return Evaluation(counts, match_pictures(truth, found, least_area), streets.cities)
