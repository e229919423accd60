"""Pictures of instances and of suction cups on an enlarged image."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from graspbook.reporting import plotting

SCALE = 3
"""Pictures are so many times as large as images."""


def draw_masks(image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "n h w"], scale: int = SCALE) -> np.ndarray:
    """An image with masks, each in a colour of its own, the first ones on top.

    Args:
        image: RGB image, uint8 [h, w, 3].
        masks: Masks of instances, bool [n, h, w], in the order of their colours; colours repeat after the palette's
            last.
        scale: Factor of enlargement.

    Returns:
        RGB picture, uint8 [scale h, scale w, 3].
    """
    size = image.shape[1] * scale, image.shape[0] * scale
    picture = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    for number in reversed(range(len(masks))):
        mask = cv2.resize(masks[number].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        picture = plotting.overlay(picture, mask, plotting.PALETTE[number % len(plotting.PALETTE)])
    return picture


def draw_cups(
    picture: UInt8[np.ndarray, "H W 3"],
    centres: Float[np.ndarray, "c 2"],
    sealed: Bool[np.ndarray, " c"],
    radius: float,
) -> np.ndarray:
    """A picture with suction cups as rings: one colour where a cup seals, another where it leaks.

    Args:
        picture: RGB picture from `draw_masks`, uint8 [H, W, 3].
        centres: Centres of the cups (u, v) in pixels of the picture, [c, 2].
        sealed: Which cups seal, bool [c].
        radius: Radius of a cup, pixels of the picture.
    """
    result = picture.copy()
    for (u, v), good in zip(centres, sealed, strict=True):
        colour = tuple(round(255 * part) for part in (plotting.CUP_COLOUR if good else plotting.WRONG_COLOUR))
        cv2.circle(result, (round(float(u)), round(float(v))), max(1, round(radius)), colour, 2, cv2.LINE_AA)
    return result
