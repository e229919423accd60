"""Where object masks come from: the mask sources of the `selfsup` paper, §III-B.1 and §V.

A source segments the grasped object in grasps that nobody labelled, and says which of its masks to keep.
Paste-Subtract cuts with `SubtractSource`, Paste-Grasp-Filter and Paste-Grasp with `ModelSource`, filtered and not.
"""

import dataclasses
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from jaxtyping import Bool, UInt8

from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.selfsup.grasp_segmentation.baselines import Subtract, predict_masks
from graspbook.selfsup.grasp_segmentation.config import FilterThresholds
from graspbook.selfsup.grasp_segmentation.filter import count_contours, keep_by_contours
from graspbook.selfsup.grasp_segmentation.inference import segment_arrays
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter

SCORES = ("occlusion_ratio", "relative_entropy", "n_contours")
"""What the filter looks at; a source that does not predict one leaves it NaN."""


@dataclass(frozen=True)
class FoundMasks:
    """What a source says about B grasps.

    Attributes:
        masks: pixels taken for the grasped object in `before`.
        kept: whether the source keeps the mask; never where it is empty (§IV-C).
        scores: one row per grasp, columns `SCORES`, float64.
    """

    masks: Bool[np.ndarray, "b h w"]
    kept: Bool[np.ndarray, "b"]
    scores: pd.DataFrame


class MaskSource(Protocol):
    """What the sources have in common."""

    def find(
        self,
        before: UInt8[np.ndarray, "b h w 3"],
        after: UInt8[np.ndarray, "b h w 3"],
        suction: Bool[np.ndarray, "b h w"],
    ) -> FoundMasks:
        """Segment the grasped objects of a batch."""

    def key(self) -> str:
        """Hexadecimal name: changes whenever what the source finds may change."""


@dataclass(frozen=True)
class SubtractSource:
    """Image subtraction (§IV-B) with the contour filter, the only one for masks without probabilities.

    Attributes:
        threshold: t, grey levels; chosen on labelled training grasps.
        kernel: width of the blur in pixels at 640x960.
        thresholds: of the filter; only those about contours matter.
    """

    threshold: float
    kernel: int
    thresholds: FilterThresholds

    def find(
        self,
        before: UInt8[np.ndarray, "b h w 3"],
        after: UInt8[np.ndarray, "b h w 3"],
        suction: Bool[np.ndarray, "b h w"],
    ) -> FoundMasks:
        """Segment by image subtraction; the suction mask is not looked at."""
        masks = predict_masks(Subtract(self.threshold, self.kernel), before, after)
        contours = count_contours(masks, self.thresholds)
        kept = keep_by_contours(contours, masks.sum((1, 2)), self.thresholds)
        unknown = np.full(len(masks), np.nan)
        return FoundMasks(masks, kept, _scores(unknown, unknown, contours))

    def key(self) -> str:
        """Of the settings and the code."""
        return fingerprint(dataclasses.asdict(self), *classes_of(self))


@dataclass(frozen=True)
class ModelSource:
    """A grasp segmentation model (§III-A), with or without the filters of §III-B.1.

    Attributes:
        segmenter: trained model.
        thresholds: of the filters.
        filtered: whether the filters choose; if not, every mask that is not empty is kept.
    """

    segmenter: GraspSegmenter
    thresholds: FilterThresholds
    filtered: bool

    def find(
        self,
        before: UInt8[np.ndarray, "b h w 3"],
        after: UInt8[np.ndarray, "b h w 3"],
        suction: Bool[np.ndarray, "b h w"],
    ) -> FoundMasks:
        """Segment with the model; masks are its visible predictions."""
        found = segment_arrays(self.segmenter, before, after, suction, self.thresholds)
        kept = found.kept if self.filtered else found.visible.any((1, 2))
        scores = found.scores
        return FoundMasks(
            found.visible, kept, _scores(scores.occlusion_ratio, scores.relative_entropy, scores.n_contours)
        )

    def key(self) -> str:
        """Of weights, settings and code."""
        settings = [dataclasses.asdict(self.thresholds), self.filtered, dataclasses.asdict(self.segmenter.config)]
        return fingerprint(settings, *classes_of(self), arrays=self.segmenter.state_dict())


def _scores(occlusion: np.ndarray, entropy: np.ndarray, contours: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(dict(zip(SCORES, (occlusion, entropy, contours), strict=True)), dtype=np.float64)
