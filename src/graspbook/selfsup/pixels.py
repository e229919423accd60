"""Pixel constants of the papers, scaled to the image at hand.

The `selfsup` paper works at 640x960 and prints its constants in pixels of that size. A smaller image keeps
their meaning in the scene only if they shrink with it: lengths by height / 640, areas by its square.
"""

NATIVE_HEIGHT = 640
"""Image height, in pixels, at which the `selfsup` paper prints its constants (§IV-A)."""


def scaled_length(pixels: float, height: int) -> int:
    """A length of `pixels` at the native size, in whole pixels (at least 1) of an image `height` high."""
    return max(1, round(pixels * height / NATIVE_HEIGHT))


def scaled_area(pixels: float, height: int) -> float:
    """An area of `pixels` at the native size, in pixels of an image `height` high."""
    return pixels * (height / NATIVE_HEIGHT) ** 2


def scaled_kernel(pixels: int, height: int) -> int:
    """An odd kernel width of `pixels` at the native size, as an odd width (at least 3) at this `height`."""
    half = round((pixels * height / NATIVE_HEIGHT - 1) / 2)
    return 2 * max(1, half) + 1
