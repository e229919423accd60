"""Augmentation that every row of Table II gets, with or without pasting (`selfsup` paper, §V-A).

The paper trains with Mask2Former's defaults, whose data pipeline flips and rescales at random; strengths here are
ours, as the images are. Image and labels move together; colour changes touch the image alone. Rotations are left out
on purpose: they are part of what pasting brings (§III-B.2), and rows without pasting shall not get it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from graspbook.core.errors import InputError


@dataclass(frozen=True)
class InstanceAugmentation:
    """Strengths of the random changes; a zero (for `zoom`, (1, 1)) turns one off.

    Attributes:
        flip: probability of each of the two mirrorings; the bin has no up.
        zoom: smallest and largest magnification, drawn log-uniformly. Above 1 a random part of the image is cropped
            out and enlarged; below 1 the image shrinks, and what lies beyond its edge is black and background.
        gamma: standard deviation of the logarithm of the exponent.
        gain: of the logarithm of the gain.
        tint: of the logarithm of each colour's gain.
    """

    flip: float = 0.5
    zoom: tuple[float, float] = (0.8, 1.25)
    gamma: float = 0.1
    gain: float = 0.15
    tint: float = 0.05

    def __post_init__(self):
        if not 0 < self.zoom[0] <= self.zoom[1]:
            raise InputError(f"zoom: expected 0 < smallest <= largest, got {self.zoom}")


def augment_instances(
    image: np.ndarray, ids: np.ndarray, rng: np.random.Generator, strengths: InstanceAugmentation | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Change one labelled image at random.

    Args:
        image: uint8 RGB [H, W, 3].
        ids: uint16 [H, W], 0 background; or one mask as 0 and 1.
        rng: the only source of randomness; it always advances by as much, whatever the strengths.
        strengths: how much; the defaults of `InstanceAugmentation` by default.

    Returns:
        New image and ids of the same shapes and types. Objects may lose pixels at the edges, or all of them.
    """
    strengths = strengths or InstanceAugmentation()
    uniform, normal = rng.random(5), rng.standard_normal(5)
    height, width = ids.shape
    low, high = np.log(strengths.zoom)
    scale = np.exp(-(low + (high - low) * uniform[0]))  # > 1 shows more than the image
    mirror = np.where(uniform[1:3] < strengths.flip, -1.0, 1.0)
    if scale != 1 or (mirror < 0).any():
        # where each pixel reads from; the crop lies anywhere within the image (a shrunken one within the frame)
        middle = np.array([width - 1, height - 1]) / 2
        offset = middle + abs(1 - scale) * (2 * uniform[3:5] - 1) * np.array([width, height]) / 2
        source = np.column_stack([np.diag(scale * mirror), offset - scale * mirror * middle])
        image, ids = (
            cv2.warpAffine(array, source, (width, height), flags=how | cv2.WARP_INVERSE_MAP)
            for array, how in ((image, cv2.INTER_LINEAR), (ids, cv2.INTER_NEAREST))
        )
    log_gain = strengths.gain * normal[1] + strengths.tint * normal[2:5]
    level = (np.arange(256) / 255) ** np.exp(strengths.gamma * normal[0])
    table = np.rint(255 * (level[:, None] * np.exp(log_gain)).clip(0, 1)).astype(np.uint8)
    return cv2.LUT(image, table[:, None, :]), ids.copy()
