"""A film strip: the robot empties a bin, with what its model sees drawn in (`selfsup` paper, §VI).

Each attempt takes three frames: all masks that the model found; the one that was chosen, with the cups that sealed as
light green discs and the others as dark red rings; and the bin afterwards, with how it went.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from matplotlib.colors import to_hex
from PIL import Image, ImageDraw, ImageFont

from graspbook.instances.types import of_one_class
from graspbook.reporting import plotting
from graspbook.selfsup.figures.colours import CHOSEN_COLOUR
from graspbook.selfsup.figures.figure_4 import draw_detections
from graspbook.world.bin.picking import Pick

DURATIONS = (700, 900, 600)
"""Milliseconds that the three frames of an attempt are shown."""
BAR = 28
"""Height of the caption below the picture, pixels."""
GREY = (235, 235, 235)
"""Colour of the caption's ground."""
QUALITY = 80
"""Of the film, 0..100: the grain of the pictures goes, outlines and letters stay."""


def frames(picks: Iterable[Pick], scale: int = 3) -> list[list[UInt8[np.ndarray, "h w 3"]]]:
    """For each attempt its three frames; two where the tool never pressed.

    Masks and objects are told apart: one object may have several masks, and a mask may lie on none.

    Args:
        picks: attempts in the order in which they were made.
        scale: enlargement of the camera's picture.
    """
    drawn, placed = [], 0
    for pick in picks:
        placed += pick.outcome == "success"
        image, found = _enlarged(pick.image, scale), pick.detections
        masks = _enlarged_masks(found.masks, scale)
        caption = f"{_count(len(masks), 'mask')} of {_count(pick.n_objects, 'object')}"
        shots = [_captioned(draw_detections(image, of_one_class(masks, found.scores)), caption)]
        if pick.grasp is not None:
            aimed = plotting.outlined(image, masks[pick.chosen], CHOSEN_COLOUR)
            cups = f"{int(pick.cup_sealed.sum())} of {len(pick.cup_sealed)} cups hold"
            shots.append(_captioned(_with_cups(aimed, pick, scale), cups))
        after = image if pick.grasp is None else _enlarged(pick.grasp.after, scale)
        shots.append(_captioned(after, f"{pick.outcome.replace('_', ' ')} · {placed} placed"))
        drawn.append(shots)
    return drawn


def durations(attempts: list[list[UInt8[np.ndarray, "h w 3"]]]) -> list[int]:
    """Milliseconds that each frame is shown.

    Args:
        attempts: what `frames` returned.
    """
    return [time for shots in attempts for time in (DURATIONS if len(shots) == 3 else DURATIONS[::2])]


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _enlarged(image: np.ndarray, scale: int) -> np.ndarray:
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


def _enlarged_masks(masks: Bool[np.ndarray, "k h w"], scale: int) -> Bool[np.ndarray, "k H W"]:
    """Masks with outlines that are smooth, not stairs."""
    count, height, width = masks.shape
    result = np.zeros((count, height * scale, width * scale), bool)
    for small, large in zip(masks, result, strict=True):
        soft = cv2.resize(small.astype(np.float32), large.shape[::-1], interpolation=cv2.INTER_LINEAR)
        large[:] = soft > 0.5
    return result


def _captioned(picture: np.ndarray, caption: str) -> np.ndarray:
    height, width = picture.shape[:2]
    canvas = Image.fromarray(np.concatenate([picture, np.full((BAR, width, 3), GREY, np.uint8)]))
    ImageDraw.Draw(canvas).text((8, height + 5), caption, fill=(30, 30, 30), font=ImageFont.load_default(size=16))
    return np.asarray(canvas)


def _with_cups(picture: np.ndarray, pick: Pick, scale: int) -> np.ndarray:
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    for (u, v), sealed in zip(pick.cup_uv, pick.cup_sealed, strict=True):
        if np.isfinite([u, v]).all():
            x, y, radius = (u + 0.5) * scale, (v + 0.5) * scale, 2.2 * scale
            circle = (x - radius, y - radius, x + radius, y + radius)
            if sealed:
                draw.ellipse(circle, fill=to_hex(plotting.RIGHT_COLOUR), outline="black")
            else:
                draw.ellipse(circle, outline=to_hex(plotting.WRONG_COLOUR), width=3)
    return np.asarray(canvas)
