"""Pictures of depth and of grasps."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from matplotlib import colormaps

from graspbook.mlgsl.figures.colours import LABEL_COLOUR
from graspbook.reporting.plotting import Colour

ENLARGED = 4
"""A pixel of an image of 80 pixels is drawn as so many."""
FINGER = 6.0
"""Length of the bars that stand for fingers, pixels of the image."""


def depth_picture(depth: Float[np.ndarray, "h w"], enlarged: int = ENLARGED) -> UInt8[np.ndarray, "H W 3"]:
    """Depth in grey: the nearest pixel is white, the table dark.

    Args:
        depth: Depth in metres, float [h, w], without gaps.
        enlarged: The number of pixels of the picture, along each axis, for one of the image.

    Returns:
        The picture, uint8 RGB [H, W, 3], with H = enlarged * h and W = enlarged * w.
    """
    near, far = float(depth.min()), float(np.median(depth))
    height = np.clip((far - depth) / max(far - near, 0.02), -0.2, 1)
    return _enlarge(np.round(255 * (0.2 + height) / 1.2).astype(np.uint8)[..., None].repeat(3, 2), enlarged)


def map_picture(
    values: Float[np.ndarray, "h w"], low: float, high: float, colours: str = "magma", enlarged: int = ENLARGED
) -> UInt8[np.ndarray, "H W 3"]:
    """A map in colours, from `low` to `high`.

    Args:
        values: The map, float [h, w].
        low: The value that is drawn in the lowest colour.
        high: The value that is drawn in the highest colour.
        colours: The name of a colour map of matplotlib.
        enlarged: The number of pixels of the picture, along each axis, for one of the map.

    Returns:
        The picture, uint8 RGB [H, W, 3], with H = enlarged * h and W = enlarged * w.
    """
    scaled = np.clip((values - low) / (high - low), 0, 1)
    return _enlarge(np.round(255 * colormaps[colours](scaled)[..., :3]).astype(np.uint8), enlarged)


def draw_grasps(
    picture: UInt8[np.ndarray, "H W 3"],
    grasps: Float[np.ndarray, "n 4"],
    colour: Colour = LABEL_COLOUR,
    enlarged: int = ENLARGED,
    thickness: int = 1,
) -> UInt8[np.ndarray, "H W 3"]:
    """The picture with grasps: a line along the opening, and a bar for each finger.

    Args:
        picture: The picture, uint8 RGB [H, W, 3], which is not changed.
        grasps: Rows (u, v, phi, w), in pixels of the image and radians, [N, 4].
        colour: The colour of the lines, RGB in 0..1.
        enlarged: The number of pixels of the picture, along each axis, for one of the image.
        thickness: The thickness of the lines, in pixels of the picture.

    Returns:
        The new picture, uint8 RGB [H, W, 3].
    """
    drawn, paint = np.ascontiguousarray(picture).copy(), [round(255 * part) for part in colour]
    for u, v, phi, w in np.asarray(grasps, float):
        along = np.array([np.cos(phi), np.sin(phi)])
        across, middle = np.array([-along[1], along[0]]) * FINGER / 2, np.array([u, v])
        ends = [middle - along * w / 2, middle + along * w / 2]
        for start, stop in (ends, *((end - across, end + across) for end in ends)):
            first, last = (
                tuple(np.round(((point + 0.5) * enlarged) * 8).astype(int).tolist()) for point in (start, stop)
            )
            cv2.line(drawn, first, last, paint, thickness, cv2.LINE_AA, shift=3)
    return drawn


def _enlarge(picture: np.ndarray, enlarged: int) -> np.ndarray:
    return np.ascontiguousarray(picture.repeat(enlarged, 0).repeat(enlarged, 1))
