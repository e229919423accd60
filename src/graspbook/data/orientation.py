"""Which way up a picture is: cameras store it as their sensor lay, and an EXIF tag says how viewers turn it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

TAG = 0x0112
"""EXIF's tag Orientation: 1 is upright, 2 to 8 are mirrored, turned, or both."""


def orientation_of(picture: Image.Image) -> int:
    """How viewers turn a picture, EXIF's 1 to 8; 1 where it does not say.

    Args:
        picture: The picture as Pillow has opened it.
    """
    try:
        value = picture.getexif().get(TAG, 1)
    except Exception:  # Pillow raises whatever damaged tags lead to; viewers then do not turn the picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def png_orientation(data: bytes) -> int:
    """The same of the bytes of a PNG file; without tags, the file is not even opened.

    Args:
        data: The file's bytes.
    """
    if b"eXIf" not in data and b"Raw profile type" not in data and b"tiff:Orientation" not in data:
        return 1
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return orientation_of(picture)
    except (OSError, ValueError, Image.DecompressionBombError):
        return 1


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn a picture as its orientation says.

    Args:
        pixels: The picture as it is stored, [H, W] or [H, W, c].
        orientation: EXIF's orientation, 1 to 8.

    Returns:
        The picture as a viewer shows it, contiguous.
    """
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
