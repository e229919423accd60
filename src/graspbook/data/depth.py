"""Depth images of a user's own: PNG, TIFF and NumPy files, in metres or in any other step."""

import io
import re
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float
from PIL import Image

from graspbook.core.errors import InputError
from graspbook.data.images import MAX_PIXELS, read_levels

UNITS = {"m": 1.0, "mm": 1e-3, "cm": 1e-2, "um": 1e-6}
"""Metres in each unit of depth."""
PLAUSIBLE = (0.1, 2.0)
"""The median depth of a table under the camera of a robot lies between these, metres."""
NO_DEPTH = 65535
"""The largest number of 16 bits, with which some sensors mark a gap."""
_PNG, _TIFF = b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_EXPECTED = "expected a depth image of one channel (16-bit PNG, TIFF or NPY)"


def metres_per_step(unit: str) -> float:
    """What one step of the numbers in a depth image is, in metres.

    Args:
        unit: A unit, m, cm, mm or um, or a number of them, such as "0.1mm".

    Raises:
        InputError: It is something else.
    """
    parts = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:[eE][-+]?\d{1,2})?)?\s*([a-z]+)\s*", unit)
    if parts is None or parts[2] not in UNITS or (parts[1] and not 0 < float(parts[1]) < np.inf):
        raise InputError(f"unit {unit!r}: expected m, cm, mm or um, or a number of them, such as 0.1mm")
    return float(parts[1] or 1) * UNITS[parts[2]]


def read_depth_file(path: Path, unit: str) -> Float[np.ndarray, "h w"]:
    """A depth image (16-bit PNG, TIFF or NPY) in metres; what is not finite or not positive is a gap.

    Args:
        path: The image file: 16-bit PNG, TIFF or NPY of one channel.
        unit: What one step of the numbers in it is, such as "mm" or "0.1mm"; see `metres_per_step`.

    Returns:
        Depth in metres, float32 [H, W].

    Raises:
        InputError: The file cannot be used, or its unit cannot be the one meant; the message names the file and what is
            wrong.
    """
    path, step = Path(path), metres_per_step(unit)
    try:
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        with open(path, "rb") as file:
            start = file.read(8)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if start[:6] == b"\x93NUMPY" or start[:2] == b"PK" or path.suffix.lower() in (".npy", ".npz"):
        depth = _read_npy(path)
    elif start == _PNG:
        depth = read_levels(path, "depth", "16-bit grey: fewer bits cannot hold distances, and colours are none")
    else:
        depth = read_picture(path)
    if depth.ndim != 2:
        raise InputError(f"{path}: {_EXPECTED}, found an array of {depth.ndim} dimensions")
    if depth.dtype.kind not in "iuf" or depth.dtype.itemsize == 1:
        raise InputError(f"{path}: {depth.dtype} cannot hold distances; expected 16 bits or floating point")
    with np.errstate(over="ignore", invalid="ignore"):
        metres: np.ndarray = depth.astype(np.float64) * step
        if depth.dtype == np.uint16:
            metres[depth == NO_DEPTH] = 0
        check_distances(metres, str(path), unit)
        return metres.astype(np.float32)


def check_distances(metres: Float[np.ndarray, "h w"], name: str, unit: str = "m") -> None:
    """Refuse distances that no table under the camera of a robot has.

    Args:
        metres: Depth in metres, float [H, W]; what is not finite or not positive is a gap.
        name: Name of the file or argument, with which the error message begins.
        unit: What one step of the numbers was said to be, such as "mm".

    Raises:
        InputError: Not one pixel has a depth, or the median pixel is nearer than 10 cm or farther than 2 m.
    """
    valid = metres[np.isfinite(metres) & (metres > 0)]
    if not len(valid):
        raise InputError(f"{name}: not one pixel has a finite, positive depth")
    if not PLAUSIBLE[0] <= np.median(valid) <= PLAUSIBLE[1]:
        raise InputError(
            f"{name}: the median depth would be {np.median(valid):g} m; is the unit really '{unit}'? "
            f"Expected {PLAUSIBLE[0]:g} to {PLAUSIBLE[1]:g} m; steps of a tenth of a millimetre are the unit 0.1mm"
        )


def _read_npy(path: Path) -> np.ndarray:
    try:  # mapped, so that a header that promises more than the file holds costs no memory
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # whatever a damaged header makes NumPy stumble over
        raise InputError(f"{path}: not an array of numbers: {error}") from None
    if not isinstance(found, np.ndarray):
        raise InputError(f"{path}: an archive of arrays (.npz), expected one array (.npy)")
    if found.size > MAX_PIXELS:
        raise InputError(f"{path}: {found.size} numbers, expected at most {MAX_PIXELS}")
    return np.array(found)


def read_picture(path: Path) -> np.ndarray:
    """The numbers of a picture as they stand in it; its header is looked at before it is decoded.

    Args:
        path: The picture's file, in any format that OpenCV reads.

    Returns:
        The numbers, [H, W] or [H, W, channels], of any type.

    Raises:
        InputError: The file is missing, is no picture, or promises more pixels than `MAX_PIXELS`.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        data = path.read_bytes()
        pixels = _tiff_pixels(data) if data[:4] in _TIFF else _pixels(data)
    except (OSError, MemoryError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if pixels is None:
        raise InputError(f"{path}: not a picture")
    if not 0 < pixels <= MAX_PIXELS:
        raise InputError(f"{path}: its header says {pixels} pixels, expected 1 to {MAX_PIXELS}")
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        found = None
    if found is None or found.size < pixels:
        raise InputError(f"{path}: not a picture: its pixels do not decode")
    return found


def _pixels(data: bytes) -> int | None:
    """The number of pixels that a picture's header promises; None where it is no picture."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as picture:
            return picture.width * picture.height
    except Exception:  # whatever a damaged header makes the parser stumble over
        return None


def _tiff_pixels(data: bytes) -> int | None:
    """The same of a TIFF, of any kind of numbers."""
    order = "<" if data[:1] == b"I" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    entry, offset = (order + "HHQQ", order + "Q") if big else (order + "HHLL", order + "L")
    sides = {}
    try:
        (start,) = struct.unpack_from(offset, data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
        for number in range(min(count, 4096)):
            at = start + (8 if big else 2) + number * struct.calcsize(entry)
            tag, kind, _, value = struct.unpack_from(entry, data, at)
            if tag in (256, 257):
                # a short stands in the first two bytes of its place
                at += struct.calcsize(order + ("HHQ" if big else "HHL"))
                sides[tag] = struct.unpack_from(order + "H", data, at)[0] if kind == 3 else value
    except struct.error:
        return None
    return sides[256] * sides[257] if len(sides) == 2 else None
