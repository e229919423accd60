"""Films: animated WebP, which has true colours and is shown by every browser, by GitHub and by JupyterLab."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from graspbook.core.atomic import new_file
from graspbook.core.errors import InputError


def write_film(
    frames: Sequence[UInt8[np.ndarray, "h w 3"]],
    path: Path,
    milliseconds: int | Sequence[int],
    quality: int,
    effort: int = 4,
) -> int:
    """Write an endless animated WebP, whole or not at all, the same bytes for the same frames.

    Args:
        frames: The RGB frames, uint8 [H, W, 3], all of one size.
        path: The file to write, .webp.
        milliseconds: How long each frame is shown: one number for all, or one for each.
        quality: The quality of the pictures, 0..100.
        effort: The effort to make the file small, 0..6.

    Returns:
        The size of the file in bytes.

    Raises:
        InputError: There is no frame.
    """
    if not frames:
        raise InputError(f"{path}: expected at least one frame")
    first, *others = [Image.fromarray(frame) for frame in frames]
    shown = {"save_all": True, "append_images": others, "duration": milliseconds, "loop": 0}
    with new_file(path) as partial:
        first.save(partial, "WEBP", **shown, quality=quality, method=effort)
    return path.stat().st_size
