"""Segmenting a grasp without learning: image and background subtraction (`selfsup` paper, §IV-B).

How a background model, made for video, sees a single pair is not said in the paper. Here the image *after*
the grasp is the background, because the grasped object is not in it, and the image *before* the grasp is the
frame to be segmented: its foreground is then where the object was. One photograph is all the background
there is; showing it many times would add nothing but lower the model's variance, which the sensitivity
parameter of each method sets directly. While the frame is segmented the model does not learn from it.

Each method is a frozen dataclass whose first field, `threshold`, is its sensitivity parameter: a larger
value gives a smaller mask. All else stays at OpenCV's defaults. Images are uint8 RGB [H, W, 3].
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, UInt8

from graspbook.core.errors import InputError
from graspbook.data.grasps import GraspSample
from graspbook.selfsup.grasp_segmentation.metrics import iou, relative_error
from graspbook.selfsup.pixels import NATIVE_HEIGHT, scaled_kernel, scaled_length

Image = UInt8[np.ndarray, "h w 3"]
Mask = Bool[np.ndarray, "h w"]


class Baseline(Protocol):
    """What the four methods have in common."""

    threshold: float

    def mask(self, before: Image, after: Image) -> Mask:
        """The pixels taken for the grasped object."""


@dataclass(frozen=True)
class Subtract:
    """Image subtraction, |G(I_a) - G(I_b)| > t with G(I) = GaussianBlur(Greyscale(I)).

    Attributes:
        threshold: t, in grey levels.
        kernel: width of the blur in pixels at 640x960 (our choice, the paper prints none); scales with the
            image, as does its standard deviation, a sixth of it (OpenCV's own choice for a width of 21).
    """

    threshold: float
    kernel: int

    def mask(self, before: Image, after: Image) -> Mask:
        """The pixels whose blurred grey level changes by more than t."""
        return np.abs(self.blurred_grey(after) - self.blurred_grey(before)) > self.threshold

    def blurred_grey(self, image: Image) -> Float[np.ndarray, "h w"]:
        """G(I), float32 grey levels 0..255."""
        width = scaled_kernel(self.kernel, image.shape[0])
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        deviation = self.kernel / 6 * image.shape[0] / NATIVE_HEIGHT
        return cv2.GaussianBlur(grey.astype(np.float32), (width, width), deviation)


@dataclass(frozen=True)
class Mog:
    """Mixture of Gaussians [17].

    OpenCV's model starts with a standard deviation of 30 grey levels and lowers it with every frame that
    looks the same, down to `noiseSigma`. The background is therefore shown twice, the second time with a
    learning rate of almost 1, which takes the model to that floor at once. A pixel is then foreground when
    its colour differs by more than 2.5 noiseSigma (root mean square over the channels).

    Attributes:
        threshold: noiseSigma, in grey levels.
    """

    threshold: float

    def mask(self, before: Image, after: Image) -> Mask:
        """The pixels of `before` that the background model of `after` does not explain."""
        model = cv2.bgsegm.createBackgroundSubtractorMOG(noiseSigma=self.threshold)
        model.apply(after)
        model.apply(after, learningRate=1 - 1e-6)  # at 1 the model would start anew
        return model.apply(before, learningRate=0) > 0


@dataclass(frozen=True)
class Mog2:
    """Adaptive mixture of Gaussians with shadow detection [18].

    Shown one frame, the model has a variance of 15 squared grey levels. A pixel is foreground when its
    squared colour distance exceeds varThreshold times that, unless it looks like a shadow: the background's
    colour, darker. OpenCV's shadow detection is on by default and marks those pixels apart; here they are
    background.

    Attributes:
        threshold: varThreshold, without unit (16 is OpenCV's default).
    """

    threshold: float

    def mask(self, before: Image, after: Image) -> Mask:
        """The pixels of `before` that the background model of `after` does not explain, shadows apart."""
        model = cv2.createBackgroundSubtractorMOG2(varThreshold=self.threshold, detectShadows=True)
        model.apply(after)
        return model.apply(before, learningRate=0) == 255


@dataclass(frozen=True)
class Lsbp:
    """Local SVD binary patterns [19].

    A pixel is background when both its colour and its binary pattern (which neighbours on a circle have a
    similar texture) are near a sample of the background. OpenCV then fills and removes specks below 0.04 and
    0.08 % of the image and smooths the mask with a 5x5 filter, whatever the image's size: at 128x192 it takes
    off corners of about 10 pixels of the native size.

    Attributes:
        threshold: R, the largest colour distance that is still background: the sum of the three channels'
            differences, on a scale where white is 1 in each. OpenCV fixes it at 0.1 and then multiplies it by
            1 + Rincdec once per frame; as our model sees two frames, Rincdec sets it.
        radius: of the pattern's circle, in pixels at 640x960; scales with the image. (OpenCV's default of 16
            pixels, whatever the image's size, would be a quarter of the width of an object at 128x192.)
    """

    threshold: float
    radius: int = 16

    def mask(self, before: Image, after: Image) -> Mask:
        """The pixels of `before` that the background model of `after` does not explain."""
        model = cv2.bgsegm.createBackgroundSubtractorLSBP(
            # The samples of a pixel all come from the one background image, so two tell what twenty would.
            nSamples=2,
            LSBPRadius=scaled_length(self.radius, before.shape[0]),
            Rincdec=float(np.sqrt(self.threshold / 0.1) - 1),
            # This model ignores `learningRate`: it replaces samples at random, each with probability 1 / T, T
            # within these limits, drawing from all of OpenCV's threads at once. So that it does not learn
            # from the frame, and gives the same mask every time, that never happens.
            Tlower=1e30,
            Tupper=2e30,
        )
        model.apply(after)
        return model.apply(before) > 0


def predict_masks(
    baseline: Baseline, before: UInt8[np.ndarray, "b h w 3"], after: UInt8[np.ndarray, "b h w 3"]
) -> Bool[np.ndarray, "b h w"]:
    """The method's masks of B grasps."""
    return np.stack([baseline.mask(b, a) for b, a in zip(before, after, strict=True)])


def choose_threshold(
    method: Callable[[float], Baseline], grid: Sequence[float], samples: Iterable[GraspSample]
) -> tuple[float, pd.DataFrame]:
    """The sensitivity that gives the highest mean IoU, which must be chosen on training grasps only.

    Args:
        method: makes the baseline for a threshold, such as the class `Subtract`.
        grid: thresholds to try.
        samples: labelled grasps of the training split; read once, one in memory at a time.

    Returns:
        The best threshold (the first of several that are equally good), and one row per threshold of the
        grid, in its order: threshold, miou, error in percent. All samples count, empty predictions too.

    Raises:
        InputError: no threshold, no sample, or a sample without a label.
    """
    if not len(grid):
        raise InputError("grid: expected at least one threshold to try")
    baselines = [method(threshold) for threshold in grid]
    scores = []
    for sample in samples:
        if sample.visible is None or not sample.visible.any():
            raise InputError(f"samples: grasp {sample.grasp_id} has no visible mask to choose a threshold by")
        masks = np.stack([baseline.mask(sample.before, sample.after) for baseline in baselines])
        truth = np.broadcast_to(sample.visible, masks.shape)
        scores.append((iou(masks, truth), relative_error(masks, truth)))
    if not scores:
        raise InputError("samples: expected at least one labelled grasp to choose a threshold by")
    mean_iou, mean_error = np.mean(scores, axis=0)
    curve = pd.DataFrame({"threshold": grid, "miou": 100 * mean_iou, "error": 100 * mean_error})
    return float(grid[int(np.argmax(mean_iou))]), curve
