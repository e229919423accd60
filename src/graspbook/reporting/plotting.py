"""One look for every figure: theme, a fixed colour per method, mask overlays, and the mark of the profile."""

import cv2
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

_PALETTE = sns.color_palette("colorblind", 10)

METHOD_COLOURS: dict[str, tuple[float, float, float]] = {
    "Subtract": _PALETTE[7],
    "MOG": _PALETTE[1],
    "MOG2": _PALETTE[5],
    "LSBP": _PALETTE[4],
    "Grasp-100-NoAug": _PALETTE[3],
    "Grasp-100": _PALETTE[0],
    "Grasp-200": _PALETTE[2],
}
"""Colour of each method of the `selfsup` paper; a method and its filtered form share one."""

VISIBLE_COLOUR = _PALETTE[2]
AMODAL_COLOUR = _PALETTE[3]
CUP_COLOUR = _PALETTE[8]
TRUTH_COLOUR = (1.0, 1.0, 1.0)

_MARK_ID = "profile-mark"


def use_theme() -> None:
    """Set the look of every figure of this process: legible at half a page's width."""
    sns.set_theme(
        context="notebook",
        style="whitegrid",
        palette="colorblind",
        rc={
            "figure.figsize": (7.0, 4.2),
            "figure.dpi": 100,
            "savefig.dpi": 150,
            "font.size": 12,
            "axes.titlesize": 13,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "image.interpolation": "nearest",
        },
    )


def method_colour(method: str) -> tuple[float, float, float]:
    """The colour of a method, filtered or not.

    Raises:
        KeyError: The method has no colour; give it one in `METHOD_COLOURS`.
    """
    return METHOD_COLOURS[method.removesuffix("-Filter")]


def method_style(method: str) -> dict[str, object]:
    """Line style of a method: its colour; filtered solid with dots, unfiltered dashed with crosses."""
    filtered = method.endswith("-Filter")
    return {
        "color": method_colour(method),
        "linestyle": "-" if filtered else "--",
        "marker": "o" if filtered else "x",
    }


def overlay(
    image: np.ndarray,
    mask: np.ndarray,
    colour: tuple[float, float, float] = VISIBLE_COLOUR,
    strength: float = 0.45,
) -> np.ndarray:
    """An image with a mask tinted in and outlined.

    Args:
        image: uint8 RGB [H, W, 3].
        mask: bool [H, W].
        colour: RGB in 0..1.
        strength: 0 shows only the outline, 1 hides the image below.

    Returns:
        uint8 RGB [H, W, 3]; equal to `image` outside the mask.
    """
    result = image.astype(np.float32)
    result[mask] = (1 - strength) * result[mask] + strength * 255 * np.asarray(colour, dtype=np.float32)
    return outlined(np.round(result).astype(np.uint8), mask, colour)


def outlined(image: np.ndarray, mask: np.ndarray, colour: tuple[float, float, float] = TRUTH_COLOUR) -> np.ndarray:
    """An image with the outline of a mask, one pixel wide; white, the colour of true masks, by default.

    Args:
        image: uint8 RGB [H, W, 3].
        mask: bool [H, W].
        colour: RGB in 0..1.

    Returns:
        uint8 RGB [H, W, 3]; equal to `image` outside the mask.
    """
    result = image.copy()
    # The outline lies inside the mask, so that it never covers a pixel that the mask does not.
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0)
    result[mask & (inner == 0)] = np.round(255 * np.asarray(colour)).astype(np.uint8)
    return result


def show_images(images: list[np.ndarray], titles: list[str], columns: int | None = None, width: float = 2.4) -> Figure:
    """A grid of images without axes.

    Args:
        images: RGB uint8 [H, W, 3], or [H, W]: bool and integers in grey, floats in `viridis`.
        titles: One per image; "" for none.
        columns: Images per row; all in one row by default.
        width: Inches per image.

    Raises:
        ValueError: Not as many titles as images.
    """
    columns = columns or len(images)
    rows = -(-len(images) // columns)
    height = width * images[0].shape[0] / images[0].shape[1]
    figure, axes = plt.subplots(rows, columns, figsize=(columns * width, rows * (height + 0.3)), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, image, title in zip(axes.flat[: len(images)], images, titles, strict=True):
        colours = None if image.ndim == 3 else "viridis" if np.issubdtype(image.dtype, np.floating) else "gray"
        axis.imshow(image, cmap=colours)
        axis.set_title(title, fontsize=10)
    figure.tight_layout(pad=0.4)
    return figure


def mark_profile(figure: Figure, profile: str) -> None:
    """Write the profile's name into a figure, once, unless it is `standard`."""
    if profile == "standard" or any(text.get_gid() == _MARK_ID for text in figure.texts):
        return
    meaning = ": numbers mean little" if profile == "quick" else ""
    figure.text(
        0.995,
        0.995,
        f"{profile} profile{meaning}",
        ha="right",
        va="top",
        fontsize=9,
        color="white",
        gid=_MARK_ID,
        bbox={"facecolor": "crimson", "edgecolor": "none", "pad": 2},
        zorder=100,
    )
