"""Pictures in few bytes, and no worse to look at: for executed notebooks and for figures.

- A plot has few colours. A palette of 256 holds them, but for some shades at the rims of letters and lines: it is used
  where no channel moves by more than `INVISIBLE` of 255 steps, in one pixel of a thousand by twice as much. A palette
  with larger errors would show as bands ("posterised") on the smooth walls of a bin.
- A picture of the bin has tens of thousands of colours. It is stored lossily, as JPEG where a notebook must show it:
  GitHub and nbconvert draw `image/png` and `image/jpeg`, and nothing newer. Its colours keep their full resolution
  (4:4:4), since halved ones fade the one pixel wide outlines of masks. As files of their own, for which WebP is as
  widely understood, pictures take that, at half the size.
"""

import io

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

INVISIBLE = 8
"""Steps of 255 by which a palette may move a channel."""
JPEG_QUALITY = 65
WEBP_QUALITY = 80
WORTH = 2 / 3
"""A lossy picture is taken only where it is smaller than this share of what was given."""
WIDEST = 640
"""Pixels: about the width of a page; a wider picture of the bin is scaled down to it in a notebook."""
MOST_COLOURS = 4096
"""A picture with more is not tried with a palette."""


def compress_picture(png: bytes) -> tuple[str, bytes]:
    """A smaller form of a picture that a notebook can show, the same bytes on every run.

    Args:
        png: The bytes of a PNG file.

    Returns:
        The MIME type (`image/png` or `image/jpeg`) and the bytes of the file; `png` itself where nothing is smaller,
        where it has a palette already, or where the picture has transparent parts.
    """
    with Image.open(io.BytesIO(png)) as picture:
        if picture.mode == "P" or _transparent(picture):
            return "image/png", png
        pixels = np.asarray(picture.convert("RGB"))
    few = palette(pixels)
    if few is None and len(lossy := encode_jpeg(_narrowed(pixels))) < WORTH * len(png):
        return "image/jpeg", lossy
    return "image/png", min(png, _saved(few or Image.fromarray(pixels), "PNG", optimize=True), key=len)


def _narrowed(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h v 3"]:
    height, width = pixels.shape[:2]
    if width <= WIDEST:
        return pixels
    return cv2.resize(pixels, (WIDEST, round(height * WIDEST / width)), interpolation=cv2.INTER_AREA)


def palette(pixels: UInt8[np.ndarray, "h w 3"]) -> Image.Image | None:
    """The picture with at most 256 colours, if nobody can see the difference (see `INVISIBLE`).

    Args:
        pixels: The picture, uint8 RGB [H, W, 3].

    Returns:
        The picture with a palette; None where the difference could be seen, or there are more than `MOST_COLOURS`
        colours.
    """
    picture = Image.fromarray(pixels)
    if picture.getcolors(MOST_COLOURS) is None:
        return None
    few = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    moved = np.abs(np.asarray(few.convert("RGB")).astype(np.int16) - pixels).max(-1)
    seen = (moved > INVISIBLE).mean() > 0.001 or (moved > 2 * INVISIBLE).any()
    return None if seen else few


def encode_png(pixels: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """PNG: with a palette where that is not to be seen, else lossless.

    Args:
        pixels: The picture, uint8 RGB [H, W, 3].

    Returns:
        The bytes of the file.
    """
    return _saved(palette(pixels) or Image.fromarray(pixels), "PNG", optimize=True)


def encode_jpeg(pixels: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """JPEG with colours at full resolution.

    Args:
        pixels: The picture, uint8 RGB [H, W, 3].

    Returns:
        The bytes of the file.
    """
    options = {
        cv2.IMWRITE_JPEG_QUALITY: JPEG_QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR: cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        cv2.IMWRITE_JPEG_OPTIMIZE: 1,
        cv2.IMWRITE_JPEG_PROGRESSIVE: 1,
    }
    bgr = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [number for option in options.items() for number in option])[1].tobytes()


def encode_webp(pixels: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """WebP, lossy, with sharp colours at edges.

    Args:
        pixels: The picture, uint8 RGB [H, W, 3].

    Returns:
        The bytes of the file.
    """
    return _saved(Image.fromarray(pixels), "WEBP", quality=WEBP_QUALITY, method=6, use_sharp_yuv=True)


def _transparent(picture: Image.Image) -> bool:
    return picture.has_transparency_data and picture.convert("RGBA").getextrema()[3][0] < 255


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
