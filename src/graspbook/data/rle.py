"""Masks as COCO run-length encodings, so that any COCO tool opens them.

Runs are counted down the columns, beginning with background; `counts` is COCO's compressed string.
"""

import numpy as np
from pycocotools import mask as coco_mask

from graspbook.core.errors import InputError


def encode_mask(mask: np.ndarray) -> str:
    """Encode one mask.

    Args:
        mask: The mask, bool [H, W].

    Returns:
        The mask as COCO's compressed `counts`, an ASCII string.

    Raises:
        InputError: `mask` is not a two-dimensional boolean array.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise InputError(f"mask: expected bool [H, W], got {mask.dtype} {list(mask.shape)}")
    return coco_mask.encode(np.asfortranarray(mask.view(np.uint8)))["counts"].decode("ascii")


def decode_mask(counts: str, height: int, width: int) -> np.ndarray:
    """Decode one mask; the inverse of `encode_mask`.

    Args:
        counts: The mask as COCO's compressed `counts`.
        height: The height H of the mask in pixels.
        width: The width W of the mask in pixels.

    Returns:
        The mask, bool [H, W].

    Raises:
        InputError: `counts` is malformed or does not cover height x width pixels.
    """
    # Decoded here, since pycocotools leaves the pixels that faulty runs do not reach uninitialised.
    runs = _run_lengths(counts)
    if runs is None or (runs < 0).any() or runs.sum() != height * width:
        raise InputError(f"RLE counts {counts[:20]!r}...: expected runs that cover {height}x{width} pixels")
    columns = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(width, height)
    return np.ascontiguousarray(columns.T)


def _run_lengths(counts: str) -> np.ndarray | None:
    """The run lengths int64 [R] in `counts`, or None if it is no such string.

    Each number is a group of 5-bit digits, lowest first, with a continuation bit (32) on all but the last
    digit, whose bit 16 is the sign; from the fourth on, a number is the difference from the one two before.
    """
    if not counts or not counts.isascii():
        return None
    digits = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - 48
    last = (digits & 32) == 0
    if not last[-1] or digits.min() < 0 or digits.max() > 63:
        return None
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if (ends - starts).max() > 11:  # more than 60 bits: no image is that large
        return None
    place = np.arange(len(digits)) - np.repeat(starts, ends - starts + 1)
    values = np.add.reduceat((digits & 31) << (5 * place), starts)
    values = np.where(digits[ends] & 16, values - (1 << (5 * (place[ends] + 1))), values)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
