"""Pictures of how close every pixel is to a point that is looked for."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from matplotlib import colormaps

from graspbook.don.figures.colours import FOUND_COLOUR, MATCH_COLOUR
from graspbook.don.figures.pictures import ENLARGED, enlarge, mark
from graspbook.don.find import Match

SHOWN = 60.0
"""The closest pixels are drawn in colour: from this percentile on."""


def heat_picture(
    image: UInt8[np.ndarray, "h w 3"], heat: Float[np.ndarray, "h w"], enlarged: int = ENLARGED
) -> UInt8[np.ndarray, "H W 3"]:
    """A grey picture under the heat map: the closer a pixel's descriptor, the brighter its colour.

    Args:
        image: RGB image, uint8 [h, w, 3].
        heat: Closeness of each pixel, higher is closer, [h, w].
        enlarged: Factor of enlargement.
    """
    low, high = np.percentile(heat, SHOWN), heat.max()
    part = np.clip((heat - low) / max(high - low, 1e-9), 0, 1)[..., None]
    grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    colours = 255 * colormaps["inferno"](0.15 + 0.85 * part[..., 0])[..., :3]
    return enlarge(np.rint((1 - 0.8 * part) * grey + 0.8 * part * colours).astype(np.uint8), enlarged)


def match_picture(
    reference: UInt8[np.ndarray, "h w 3"], picture: UInt8[np.ndarray, "k l 3"], match: Match
) -> UInt8[np.ndarray, "H W 3"]:
    """The reference with the point, the picture with the best match, and its heat map, side by side.

    Args:
        reference: RGB picture with the point, uint8 [h, w, 3].
        picture: RGB picture that was searched, uint8 [k, l, 3].
        match: Best match from `find_point`.
    """
    marked = mark(reference, np.array([match.point]), MATCH_COLOUR)
    found = mark(picture, np.array([match.found], float), FOUND_COLOUR)
    parts = [marked, found, heat_picture(picture, match.heat)]
    height = max(len(part) for part in parts)
    return np.concatenate([np.pad(part, ((0, height - len(part)), (0, 0), (0, 0))) for part in parts], 1)
