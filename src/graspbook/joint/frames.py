"""Pictures from a folder or a video, one after another, for `graspbook joint segment`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from graspbook.core.errors import InputError
from graspbook.data.pictures import read_colour

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
"""Of pictures; other files of a folder are left alone."""


def read_frames(source: Path) -> Iterator[tuple[str, UInt8[np.ndarray, "h w 3"]]]:
    """Name and RGB picture of each picture of a folder, sorted by name, or of each frame of a video.

    Args:
        source: Folder of pictures, one picture, or a video.

    Raises:
        InputError: The source is missing, holds no picture, or one that is not 8-bit colour; the message names the
            file.
    """
    source = Path(source)
    if not source.exists():
        raise InputError(f"{source}: missing; expected a folder with pictures, a picture or a video")
    if source.is_dir():
        paths = sorted(path for path in source.iterdir() if path.suffix.lower() in ENDINGS)
        if not paths:
            raise InputError(f"{source}: no picture in it ({', '.join(ENDINGS)})")
        return ((path.stem, read_colour(path)) for path in paths)
    if source.suffix.lower() in ENDINGS:
        return iter([(source.stem, read_colour(source))])
    return _video(source)


def _video(path: Path) -> Iterator[tuple[str, UInt8[np.ndarray, "h w 3"]]]:
    video = cv2.VideoCapture(str(path))
    there, frame = video.read() if video.isOpened() else (False, None)
    if not there:
        raise InputError(f"{path}: neither a picture ({', '.join(ENDINGS)}) nor a video that can be read")

    def frames() -> Iterator[tuple[str, np.ndarray]]:
        number, more, picture = 0, True, frame
        while more:
            yield f"{number:06d}", np.ascontiguousarray(picture[..., ::-1])
            number += 1
            more, picture = video.read()
        video.release()

    return frames()
