"""PNG files in and out, with a clear refusal of what a grasp cannot use.

Colour images and masks are 8-bit; depth is stored in 16-bit grey PNG in steps of 0.1 mm, 0 = drop-out.
"""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from graspbook.core.errors import InputError
from graspbook.data.orientation import png_orientation

DEPTH_STEP = 1e-4
"""Metres per grey level of a stored depth image."""
DEPTH_LIMIT = 65535 * DEPTH_STEP
"""The largest depth, in metres, that a stored depth image can hold."""

MAX_PIXELS = 2**27
"""Of an image, 134 million: more is a damaged header, and decoding it would fill the memory."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}


def read_rgb(path: Path, field: str) -> np.ndarray:
    """Read an 8-bit RGB PNG.

    Args:
        path: The PNG file.
        field: The name of the image in error messages, such as "before".

    Returns:
        The image, uint8 RGB [H, W, 3].

    Raises:
        InputError: The file is missing, damaged, or another kind of image.
    """
    return cv2.cvtColor(_decode(path, field, {(2, 8)}, "8-bit RGB"), cv2.COLOR_BGR2RGB)


def read_grey(path: Path, field: str) -> np.ndarray:
    """Read an 8-bit grey PNG.

    Args:
        path: The PNG file.
        field: The name of the image in error messages.

    Returns:
        The image, uint8 [H, W].

    Raises:
        InputError: The file is missing, damaged, or another kind of image.
    """
    return _decode(path, field, {(0, 8)}, "8-bit grey")


def read_mask(path: Path, field: str) -> np.ndarray:
    """Read a mask from a grey (1 or 8 bits) or an 8-bit RGB PNG.

    Args:
        path: The PNG file.
        field: The name of the image in error messages.

    Returns:
        The mask, bool [H, W]; True where the image is not black.

    Raises:
        InputError: The file is missing, damaged, or another kind of image.
    """
    accepted = {(0, 1), (0, 8), (2, 8)}
    pixels = _decode(path, field, accepted, "a mask: 8-bit grey or RGB, or 1-bit")
    return pixels.any(axis=2) if pixels.ndim == 3 else pixels > 0


def read_depth(path: Path, field: str) -> np.ndarray:
    """Read a depth image, a 16-bit grey PNG in steps of 0.1 mm.

    Args:
        path: The PNG file.
        field: The name of the image in error messages.

    Returns:
        Depth in metres, float32 [H, W]; 0 where the sensor has no value.

    Raises:
        InputError: The file is missing, damaged, or another kind of image.
    """
    return (read_levels(path, field, "16-bit grey, in 0.1 mm") * DEPTH_STEP).astype(np.float32)


def read_levels(path: Path, field: str, expected: str = "16-bit grey") -> np.ndarray:
    """Read the grey levels of a 16-bit grey PNG.

    Args:
        path: The PNG file.
        field: The name of the image in error messages.
        expected: What error messages say that was expected.

    Returns:
        The grey levels, uint16 [H, W].

    Raises:
        InputError: The file is missing, damaged, or another kind of image.
    """
    return _decode(path, field, {(0, 16)}, expected)


def depth_levels(depth: np.ndarray) -> np.ndarray:
    """Convert depth to the grey levels that are stored.

    Args:
        depth: Depth in metres, [H, W], from 0 to `DEPTH_LIMIT`; the caller has checked the range.

    Returns:
        Grey levels in steps of 0.1 mm, uint16 [H, W].
    """
    return np.rint(depth / DEPTH_STEP).astype(np.uint16)


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write an image as PNG.

    Args:
        path: The file; its folder must exist.
        pixels: The image: uint8 RGB [H, W, 3], or uint8, uint16 or bool [H, W]; True is written as 255.

    Raises:
        InputError: OpenCV cannot encode an array of this type or shape.
    """
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, buffer = cv2.imencode(".png", np.ascontiguousarray(pixels))
    if not done:
        raise InputError(f"{path}: cannot encode {pixels.dtype} {list(pixels.shape)} as PNG")
    path.write_bytes(buffer)


def png_size(path: Path, field: str) -> tuple[int, int]:
    """Read the size of a PNG from its header, without decoding it.

    Args:
        path: The PNG file.
        field: The name of the image in error messages.

    Returns:
        Height and width in pixels.

    Raises:
        InputError: The file is missing, is no PNG, or its header is damaged.
    """
    with _open(path, field) as file:
        header = file.read(33)
    return _parse_header(header, path, field)[:2]


def _decode(path: Path, field: str, accepted: set[tuple[int, int]], expected: str) -> np.ndarray:
    """Decode a PNG whose colour type and bits per channel are in `accepted`."""
    with _open(path, field) as file:
        data = file.read()
    height, width, bits, colour = _parse_header(data, path, field)
    if (colour, bits) not in accepted:
        found = f"{bits}-bit {_COLOUR_TYPES.get(colour, f'colour type {colour}')}"
        raise InputError(f"{path}: field {field}: expected {expected}, found {found}")
    where = f"{path}: field {field}"
    check_png(data, where)
    if png_orientation(data) != 1:
        raise InputError(f"{where}: an EXIF tag turns or mirrors it, and not what belongs to it; save it upright")
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    if pixels is None or pixels.shape[:2] != (height, width):
        raise InputError(f"{path}: field {field}: expected a readable PNG, its pixels do not decode")
    return pixels[:, :, :3] if pixels.ndim == 3 else pixels  # a transparent colour would add a fourth channel


def _open(path: Path, field: str):
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise InputError(f"{path}: field {field}: expected a PNG file, there is none") from None
    except (OSError, ValueError) as error:  # ValueError: no path at all, such as one with a zero byte
        raise InputError(f"{path}: field {field}: cannot be read ({error})") from error


def _parse_header(data: bytes, path: Path, field: str) -> tuple[int, int, int, int]:
    """Height, width, bits per channel and colour type from a PNG's first 33 bytes."""
    if data[:8] != _SIGNATURE:
        raise InputError(f"{path}: field {field}: expected a PNG file, its first bytes are not a PNG's")
    if len(data) < 33:
        raise InputError(f"{path}: field {field}: truncated PNG, its header is cut off")
    width, height, bits, colour = struct.unpack(">IIBB", data[16:26])
    if not 0 < width * height <= MAX_PIXELS:
        raise InputError(
            f"{path}: field {field}: expected 1 to {MAX_PIXELS} pixels, the PNG's header says {height}x{width}"
        )
    return height, width, bits, colour


def check_png(data: bytes, where: Path | str) -> None:
    """Refuse a PNG file that is not whole; decoders say it less clearly, or fill in grey.

    Args:
        data: The file's bytes.
        where: The file, with which the error message begins.

    Raises:
        InputError: A chunk is cut off or damaged, or the last one is missing.
    """
    view, at = memoryview(data), len(_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        if zlib.crc32(view[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise InputError(f"{where}: damaged PNG, the checksum at byte {at} does not match")
        if data[at + 4 : at + 8] == b"IEND":
            return
        at = end
    raise InputError(f"{where}: truncated PNG, it ends after {len(data)} bytes without its last chunk")
