"""Masks for large photographs from a grasp segmentation model that looks at small ones (ours, for §III-B of `selfsup`).

What is pasted and inpainted at a larger size than a model was trained at needs masks of that size. The model sees the
photographs shrunk; its probabilities, not its masks, are enlarged, so that an outline runs between pixels.
"""

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from jaxtyping import Bool, UInt8

from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.data.coco import resize_image, resize_mask
from graspbook.data.grasps import GraspArrays
from graspbook.selfsup.grasp_segmentation.config import FilterThresholds
from graspbook.selfsup.grasp_segmentation.filter import score_masks
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter, predict_grasps
from graspbook.selfsup.pasting.sources import SCORES, FoundMasks


def shrink_grasps(grasps: GraspArrays, height: int) -> GraspArrays:
    """Grasps at a smaller size: area means of the photographs, masks where they cover more than half of a pixel.

    Args:
        grasps: of any size.
        height: of the result, pixels; the width follows.
    """
    rows, columns = grasps.suction.shape[1:]
    size = (height, round(columns * height / rows))
    pixels = {
        name: np.stack([(resize_image if array.ndim == 4 else resize_mask)(each, size) for each in array])
        for name, array in grasps.pixels().items()
    }
    return GraspArrays(grasps.grasp_ids, **({"visible": None, "amodal": None} | pixels))


@dataclass(frozen=True)
class SmallModelSource:
    """A grasp segmentation model (§III-A) that sees shrunken photographs; every mask that is not empty is kept.

    Attributes:
        segmenter: trained model.
        height: of what it sees, pixels.
        thresholds: of the filters, for the scores alone.
    """

    segmenter: GraspSegmenter
    height: int
    thresholds: FilterThresholds

    def find(
        self,
        before: UInt8[np.ndarray, "b h w 3"],
        after: UInt8[np.ndarray, "b h w 3"],
        suction: Bool[np.ndarray, "b h w"],
    ) -> FoundMasks:
        """Segment with the model; masks, of the photographs' size, are where the enlarged probability exceeds 1/2."""
        names = tuple(map(str, range(len(before))))
        small = shrink_grasps(GraspArrays(names, before, after, suction, None, None), self.height)
        visible, amodal = predict_grasps(self.segmenter, small.before, small.after, small.suction).transpose(1, 0, 2, 3)
        size = before.shape[2], before.shape[1]
        masks = np.stack([cv2.resize(one, size, interpolation=cv2.INTER_LINEAR) > 0.5 for one in visible])
        scores = score_masks(visible, amodal, self.thresholds)
        table = pd.DataFrame({name: getattr(scores, name) for name in SCORES}, dtype=np.float64)
        return FoundMasks(masks, masks.any((1, 2)), table)

    def key(self) -> str:
        """Of weights, settings and code."""
        settings = [self.height, dataclasses.asdict(self.thresholds), dataclasses.asdict(self.segmenter.config)]
        return fingerprint(settings, *classes_of(self), arrays=self.segmenter.state_dict())
