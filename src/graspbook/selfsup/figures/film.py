"""A film strip: the robot empties a bin, with what its model sees drawn in (`selfsup` paper, §VI).

Each attempt takes three frames: all masks that the model believes in; the one that was chosen, with the cups that
sealed as green discs and the others as red rings; and the bin afterwards, with how it went.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from matplotlib.colors import to_hex
from PIL import Image, ImageDraw, ImageFont

from graspbook.errors import InputError
from graspbook.reporting import plotting
from graspbook.selfsup.figures.figure_4 import ACTIVE_COLOUR, CHOSEN_COLOUR, INACTIVE_COLOUR, draw_detections
from graspbook.world.picking import Pick

DURATIONS = (700, 900, 600)
"""Milliseconds that the three frames of an attempt are shown."""
BAR = 22
"""Height of the caption below the picture, pixels."""
GREY = (235, 235, 235)
"""Colour of the caption's ground."""


def frames(picks: Iterable[Pick], scale: float = 1.75) -> list[list[UInt8[np.ndarray, "h w 3"]]]:
    """For each attempt its three frames; two where the tool never pressed.

    Args:
        picks: attempts in the order in which they were made.
        scale: enlargement of the camera's picture.
    """
    drawn, placed = [], 0
    for pick in picks:
        placed += pick.outcome == "success"
        found, cups = len(pick.detections.masks), int(pick.cup_sealed.sum())
        seen = draw_detections(pick.image, pick.detections)
        shots = [_frame(seen, f"{found} object{'' if found == 1 else 's'} found", scale)]
        if pick.grasp is not None:
            aimed = plotting.outlined(pick.image, pick.detections.masks[pick.chosen], CHOSEN_COLOUR)
            shots.append(_frame(aimed, f"{cups} of {len(pick.cup_sealed)} cups hold", scale, pick))
        after = pick.image if pick.grasp is None else pick.grasp.after
        shots.append(_frame(after, f"{pick.outcome.replace('_', ' ')} · {placed} placed", scale))
        drawn.append(shots)
    return drawn


def write_gif(attempts: list[list[UInt8[np.ndarray, "h w 3"]]], path: Path, colours: int = 64) -> int:
    """Write an endless GIF, whole or not at all.

    Args:
        attempts: what `frames` returned.
        path: the file.
        colours: of the palette that all frames share, at most 256: fewer make a smaller file.

    Returns:
        Bytes written.

    Raises:
        InputError: there is no attempt.
    """
    if not attempts:
        raise InputError(f"{path}: expected at least one attempt to film")
    pictures = [picture for shots in attempts for picture in shots]
    durations = [time for shots in attempts for time in (DURATIONS if len(shots) == 3 else DURATIONS[::2])]
    # one palette for all frames: a palette of its own for each would flicker
    sample = np.concatenate([picture[::2, ::2] for picture in pictures[:: max(1, len(pictures) // 12)]])
    palette = Image.fromarray(sample).quantize(colours, method=Image.Quantize.MEDIANCUT)
    images = [Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    shown = {"save_all": True, "append_images": images[1:], "duration": durations, "loop": 0}
    images[0].save(temporary, "GIF", **shown, optimize=False, disposal=1)
    os.replace(temporary, path)
    return path.stat().st_size


def _frame(image: np.ndarray, caption: str, scale: float, pick: Pick | None = None) -> np.ndarray:
    """A picture, enlarged, with a caption below it; with `pick`, its cups are drawn in."""
    height, width = (round(side * scale) for side in image.shape[:2])
    picture = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
    canvas = Image.fromarray(np.concatenate([picture, np.full((BAR, width, 3), GREY, np.uint8)]))
    draw = ImageDraw.Draw(canvas)
    if pick is not None:
        for (u, v), sealed in zip(pick.cup_uv, pick.cup_sealed, strict=True):
            if np.isfinite([u, v]).all():
                x, y, radius = (u + 0.5) * scale, (v + 0.5) * scale, 2.2 * scale
                circle = (x - radius, y - radius, x + radius, y + radius)
                if sealed:
                    draw.ellipse(circle, fill=to_hex(ACTIVE_COLOUR), outline="black")
                else:
                    draw.ellipse(circle, outline=to_hex(INACTIVE_COLOUR), width=2)
    draw.text((6, height + 4), caption, fill=(30, 30, 30), font=ImageFont.load_default(size=12))
    return np.asarray(canvas)
