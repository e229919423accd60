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

from graspbook.instances.types import Instances


@dataclass(frozen=True, eq=False)
class PickCounts:
    """Picks in each of N images.

    Attributes:
        picks: Circles within one predicted mask, [N].
        doubles: Those of them that meet more than one instance, [N].
        predicted: Area of all predicted masks together, pixels, [N]; overlaps count once.
        labelled: Area of all instances, pixels, [N].
    """

    picks: Int[np.ndarray, " N"]
    doubles: Int[np.ndarray, " N"]
    predicted: Int[np.ndarray, " N"]
    labelled: Int[np.ndarray, " N"]

    def double_pick_rate(self, weights: Float[np.ndarray, "R N"] | None = None) -> Float[np.ndarray, " R"]:
        """Double picks over picks, percent, [R]; NaN where nothing is picked.

        Args:
            weights: How often each of N images counts in each of R replicates, [R, N]; None: once (then R is 1).
        """
        return self._share(self.doubles, self.picks, weights)

    def pickable_area(self, weights: Float[np.ndarray, "R N"] | None = None) -> Float[np.ndarray, " R"]:
        """Predicted area over labelled area, percent, [R]; NaN where nothing is labelled.

        Args:
            weights: How often each of N images counts in each of R replicates, [R, N]; None: once (then R is 1).
        """
        return self._share(self.predicted, self.labelled, weights)

    @staticmethod
    def _share(part: np.ndarray, whole: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        weights = np.ones((1, len(part))) if weights is None else weights
        total = weights @ whole
        return 100 * np.divide(weights @ part, total, out=np.full(len(weights), np.nan), where=total > 0)


def disc(radius: float) -> Bool[np.ndarray, "s s"]:
    """Mask of a disc: the pixels whose centres are at most `radius` from the middle one's.

    Args:
        radius: Radius of the disc, pixels.
    """
    reach = int(radius)
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    return x**2 + y**2 <= radius**2


def count_picks(
    found: Sequence[Instances],
    truth: Sequence[Instances],
    radius: float,
    circles: int,
    rng: np.random.Generator,
) -> PickCounts:
    """Drops random circles on images and counts picks and double picks.

    Args:
        found: Predictions of each image that are picked from.
        truth: Instances of the same images.
        radius: Radius of the gripper's disc, pixels.
        circles: Circles on each image, their centres drawn from all of its pixels; a disc that reaches out of the image
            lies within no mask.
        rng: Source of the centres; they do not depend on what is predicted.
    """
    rows = []
    for predictions, labels in zip(found, truth, strict=True):
        places = rng.integers(0, labels.size[0] * labels.size[1], circles)
        inside, double = landing(predictions, labels, radius)
        within = inside.ravel()[places]
        area = int(predictions.masks.any(0).sum()), int(labels.masks.sum())
        rows.append((int(within.sum()), int((within & double.ravel()[places]).sum()), *area))
    return PickCounts(*np.array(rows, np.int64).reshape(-1, 4).T)


def landing(found: Instances, truth: Instances, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Whether a circle around each pixel lies within one predicted mask, and whether it meets more than one instance.

    Args:
        found: Predictions of an image.
        truth: Instances of the same image.
        radius: Radius of the circle, pixels.

    Returns:
        Two masks, bool [H, W] each.
    """
    kernel = disc(radius).astype(np.uint8)
    inside, met = np.zeros(truth.size, bool), np.zeros(truth.size, np.int64)
    for mask in found.masks:
        inside |= cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    for mask in truth.masks:
        met += cv2.dilate(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return inside, met > 1


def shrunk(found: Instances, radius: float) -> Instances:
    """Predictions eroded by a disc: the control that §V-E argues against in words. Empty masks are left out.

    Args:
        found: Predictions of an image.
        radius: Radius of the disc, pixels.
    """
    kernel = disc(radius).astype(np.uint8)
    masks = [
        cv2.erode(m.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0 for m in found.masks
    ]
    masks = np.stack(masks) if masks else found.masks
    return Instances(masks, found.classes, found.scores).select(masks.any((1, 2)))
