"""Colour pictures of a user's own, in any format that OpenCV reads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from graspbook.core.errors import InputError


def check_colour(picture: object, name: str, least: int = 1) -> None:
    """Refuse what is no 8-bit colour picture.

    Args:
        picture: What a user has given.
        name: Name of the argument, with which the error message begins.
        least: Smallest height and width, pixels.

    Raises:
        InputError: It is not uint8 [H, W, 3], or too small.
    """
    right = isinstance(picture, np.ndarray) and picture.dtype == np.uint8
    if not right or picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < least:
        seen = f"{picture.dtype} {list(picture.shape)}" if isinstance(picture, np.ndarray) else type(picture).__name__
        raise InputError(f"{name}: expected uint8 [H, W, 3] of at least {least} pixels either way, got {seen}")


def read_colour(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """An 8-bit colour picture as RGB; a fourth channel is left out.

    The networks know colour pictures of 8 bits. Others are refused rather than guessed at: who wants them in converts
    them first, or hands arrays to the library's functions, which say how they take them.

    Args:
        path: The picture's file, in any format that OpenCV reads.

    Returns:
        The picture, uint8 RGB [H, W, 3].

    Raises:
        InputError: The file is missing or no picture, or the picture is grey or has more than 8 bits a channel.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: missing; expected a picture")
    try:
        pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if pixels is None:
        raise InputError(f"{path}: not a picture")
    if pixels.dtype != np.uint8:
        raise InputError(f"{path}: {8 * pixels.dtype.itemsize} bits a channel; expected 8: convert it first")
    if pixels.ndim == 2 or pixels.shape[2] < 3:
        raise InputError(f"{path}: a grey picture; the networks know colours: convert it to RGB first")
    return np.ascontiguousarray(pixels[..., 2::-1])
