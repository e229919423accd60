"""Double picks and pickable area, measured in images (§V-D, Figure 5).

The gripper is a disc in the image. Where a disc lies within one predicted mask, the robot would pick there; if the disc
meets more than one instance, it would pick two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from graspbook.latent.segmentation import Instances, Segmentation


@dataclass(frozen=True, eq=False)
class PickCounts:
    """What can be picked in each of N images.

    Attributes:
        picks: circles within one predicted mask.
        doubles: those of them that meet more than one instance.
        predicted: pixels of all predicted masks together; where some overlap, pixels count once.
        labelled: pixels of all instances.
    """

    picks: Int[np.ndarray, " N"]
    doubles: Int[np.ndarray, " N"]
    predicted: Int[np.ndarray, " N"]
    labelled: Int[np.ndarray, " N"]

    def double_pick_rate(self, weights: Float[np.ndarray, "R N"] | None = None) -> Float[np.ndarray, " R"]:
        """Doubles over picks, percent, for each weighting of the images; NaN where nothing is picked."""
        return self._share(self.doubles, self.picks, weights)

    def pickable_area(self, weights: Float[np.ndarray, "R N"] | None = None) -> Float[np.ndarray, " R"]:
        """Predicted pixels over labelled pixels, percent; NaN where nothing is labelled."""
        return self._share(self.predicted, self.labelled, weights)

    @staticmethod
    def _share(part: np.ndarray, whole: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        weights = np.ones((1, len(part))) if weights is None else weights
        total = weights @ whole
        return 100 * np.divide(weights @ part, total, out=np.full(len(weights), np.nan), where=total > 0)


def disc(radius: float) -> Bool[np.ndarray, "s s"]:
    """The pixels whose centres are at most `radius` from the middle one's."""
    reach = int(radius)
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    return x**2 + y**2 <= radius**2


def count_picks(
    found: Sequence[Segmentation],
    truth: Sequence[Instances],
    radius: float,
    circles: int,
    rng: np.random.Generator,
) -> PickCounts:
    """Drop random circles on images and see where they land.

    Args:
        found: predictions of each image, those that are believed.
        truth: instances of the same images.
        radius: of the gripper, pixels.
        circles: on each image, their centres drawn from all of its pixels. A disc that reaches out of the image lies
            within no mask.
        rng: source of the centres; in equal order for equal images, whatever is predicted.
    """
    rows = []
    for predictions, labels in zip(found, truth, strict=True):
        places = rng.integers(0, labels.size[0] * labels.size[1], circles)
        inside, double = landing(predictions, labels, radius)
        within = inside.ravel()[places]
        area = int(predictions.masks.any(0).sum()), int(labels.masks.sum())
        rows.append((int(within.sum()), int((within & double.ravel()[places]).sum()), *area))
    return PickCounts(*np.array(rows, np.int64).reshape(-1, 4).T)


def landing(found: Segmentation, truth: Instances, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """For a circle around each pixel: whether it lies within one predicted mask, and meets more than one instance.

    Returns:
        Two bool [H, W].
    """
    kernel = disc(radius).astype(np.uint8)
    inside, met = np.zeros(truth.size, bool), np.zeros(truth.size, np.int64)
    for mask in found.masks:
        inside |= cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    for mask in truth.masks:
        met += cv2.dilate(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return inside, met > 1


def shrunk(found: Segmentation, radius: float) -> Segmentation:
    """Predictions eroded by a disc: the control that §V-E argues against in words. Masks without a pixel vanish."""
    kernel = disc(radius).astype(np.uint8)
    masks = [
        cv2.erode(m.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0 for m in found.masks
    ]
    masks = np.stack(masks) if masks else found.masks
    return Segmentation(masks, found.classes, found.scores).chosen(masks.any((1, 2)))
