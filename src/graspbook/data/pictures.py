"""Colour pictures of a user's own, in any format that OpenCV reads: the one place where they are read.

Pictures alone come upright, as viewers show them (`read_colour`); those of a data set agree with their labels
(`read_labelled`).
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from graspbook.core.errors import InputError
from graspbook.data.images import MAX_PIXELS, check_png
from graspbook.data.orientation import orientation_of, upright

_PRINT = {"CMYK": "CMYK, the colours of print", "LAB": "CIE Lab", "F": "floating-point numbers", "I": "32-bit numbers"}
"""Modes, as Pillow calls them, that OpenCV does not turn into the colours meant."""


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
    """An 8-bit colour picture as RGB, upright as viewers show it (EXIF); transparency is left out.

    The networks know colour pictures of 8 bits. Others are refused rather than guessed at: who wants them in converts
    them first, or hands arrays to the library's functions, which say how they take them.

    Args:
        path: The picture's file, in any format that OpenCV reads.

    Returns:
        The picture, uint8 RGB [H, W, 3].

    Raises:
        InputError: The file is missing, damaged or no picture, or the picture is grey, has more than 8 bits a channel,
            other colours than RGB or more than one frame.
    """
    path = Path(path)
    pixels, mode, orientation = _read(path, cv2.IMREAD_UNCHANGED, str(path))
    if pixels.dtype != np.uint8:
        raise InputError(f"{path}: {8 * pixels.dtype.itemsize} bits a channel; expected 8: convert it first")
    if pixels.ndim == 2 or pixels.shape[2] < 3 or mode in ("LA", "La"):
        raise InputError(f"{path}: a grey picture; the networks know colours: convert it to RGB first")
    return upright(pixels[..., 2::-1], orientation)


def read_labelled(path: Path, size: tuple[int, int], where: str) -> UInt8[np.ndarray, "h w 3"]:
    """A picture whose labels are for a given size, as RGB; grey pictures and those of 16 bits are converted.

    Labels are drawn on the picture as it is stored, or as a viewer shows it: what an EXIF tag turns is turned if the
    labels' size says so, and refused if it does not say which.

    Args:
        path: The picture's file.
        size: Height and width that the labels are for, pixels.
        where: Place of the labels, for error messages.

    Returns:
        The picture, uint8 RGB [H, W, 3] of that size.

    Raises:
        InputError: The file cannot be read, has another size, or may be turned or not.
    """
    stored, _, orientation = _read(Path(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION, f"{path}: {where}")
    pixels = stored
    if orientation > 1 and size == stored.shape[:2]:
        if orientation < 5 or size[0] == size[1]:
            raise InputError(
                f"{path}: {where}: its EXIF orientation {orientation} turns or mirrors it, and the labels do not say "
                "whether they are for the picture as stored or as shown; save it upright"
            )
    elif orientation > 1:
        pixels = upright(stored, orientation)
    if pixels.shape[:2] != size:
        raise InputError(
            f"{path}: {where}: expected {size[0]}x{size[1]} pixels, the file has {pixels.shape[0]}x{pixels.shape[1]}"
        )
    return pixels


def read_levels(path: Path) -> np.ndarray:
    """A picture of one channel, whose numbers mean something else than a colour.

    Args:
        path: The picture's file.

    Returns:
        The numbers as they are stored, uint8 or uint16 [H, W].

    Raises:
        InputError: The file cannot be read, has colours, or is turned by an EXIF tag.
    """
    pixels, mode, orientation = _read(Path(path), cv2.IMREAD_UNCHANGED, str(path))
    if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16) or mode == "P":
        seen = f"{8 * pixels.dtype.itemsize} bits, {'colours' if pixels.ndim == 3 else mode}"
        raise InputError(f"{path}: expected a grey PNG of 16 bits, found {seen}")
    if orientation != 1:
        raise InputError(f"{path}: an EXIF tag turns or mirrors it; save it upright")
    return pixels


def _read(path: Path, how: int, name: str) -> tuple[np.ndarray, str, int]:
    """Pixels as OpenCV decodes them, Pillow's name of the mode ("" if it does not know it), and the orientation."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise InputError(f"{name}: missing; expected a picture") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise InputError(f"{name}: cannot be read: {error}") from None
    mode, orientation = _look(data, name)
    if data[:4] == b"\x89PNG":
        check_png(data, name)
    with _silent():
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), how)
        except cv2.error:  # no bytes, or a header that claims more pixels than OpenCV takes
            pixels = None
    if pixels is None:
        raise InputError(f"{name}: not a picture" if not mode else f"{name}: a damaged picture, it does not decode")
    return pixels, mode, orientation


def _look(data: bytes, name: str) -> tuple[str, int]:
    """Mode and orientation of a picture, from what comes before its pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data))
    except Image.DecompressionBombError:
        raise InputError(f"{name}: expected a picture of at most {MAX_PIXELS} pixels, its header claims more") from None
    except (UnidentifiedImageError, OSError, ValueError):  # OpenCV reads a few formats that Pillow does not know
        return "", 1
    with picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise InputError(f"{name}: expected a picture of at most {MAX_PIXELS} pixels, its header claims more")
        if picture.mode in _PRINT:
            raise InputError(f"{name}: stored as {_PRINT[picture.mode]}; convert it to 8-bit RGB first")
        try:
            frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)  # MPO: a phone's second view
        except Exception:  # Pillow raises whatever damaged bytes lead to
            raise InputError(f"{name}: a damaged picture, it does not decode") from None
        if frames > 1:
            raise InputError(f"{name}: holds {frames} frames or pages; expected a single picture")
        orientation = orientation_of(picture)
        return picture.mode, 1 if picture.format == "TIFF" else orientation  # OpenCV turns TIFF files itself


@contextmanager
def _silent() -> Iterator[None]:
    """OpenCV says on standard error what an exception says better."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
