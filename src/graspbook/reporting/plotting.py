"""One look for every figure: the theme, colours that mean the same on every page, overlays, and the profile's mark.

A paper's own colours (its methods, its kinds of failure) are in its room, `selfsup/figures/colours.py` for example:
giving a method a colour there leaves every other paper's figures alone.
"""

import cv2
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

Colour = tuple[float, float, float]
"""Red, green and blue in 0..1."""

PALETTE: tuple[Colour, ...] = tuple(
    to_rgb(f"#{code}") for code in "0173b2 de8f05 029e73 d55e00 cc78bc ca9161 fbafe4 949494 ece133 56b4e9".split()
)
"""Ten colours that colour-blind readers tell apart, too (seaborn's `colorblind`)."""

VISIBLE_COLOUR = PALETTE[2]
AMODAL_COLOUR = PALETTE[3]
CUP_COLOUR = PALETTE[8]
TRUTH_COLOUR: Colour = (1.0, 1.0, 1.0)
"""Masks of what is seen of an object, of all of it (hidden parts, too), of suction cups; and outlines of true masks."""

RIGHT_COLOUR: Colour = (0.35, 0.85, 0.2)
WRONG_COLOUR: Colour = (0.8, 0.05, 0.15)
PARTLY_COLOUR: Colour = (0.68, 0.83, 0.6)
"""What is as it should be and what is not: detections, cups that hold, claims; one is light, one dark."""

PICTURE_DPI = 72
"""Dots per inch of figures that show pictures: the pictures have some 150 pixels across, more would only cost bytes."""

_MARK_ID = "profile-mark"


_GREY, _BLACK = ".8", ".15"
_LINE, _MINOR = 1.25, 1.0

_THEME = {
    # seaborn's `whitegrid`, without the two seconds that importing it takes
    "axes.axisbelow": True,
    "axes.edgecolor": _GREY,
    "axes.grid": True,
    "axes.labelcolor": _BLACK,
    "axes.labelsize": 12,
    "axes.linewidth": _LINE,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 13,
    "figure.dpi": 100,
    "figure.figsize": (7.0, 4.2),
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that all machines draw the same letters
    "font.size": 12,
    "grid.color": _GREY,
    "grid.linewidth": 1,
    "image.cmap": "magma",
    "image.interpolation": "nearest",
    "legend.fontsize": 11,
    "legend.title_fontsize": 12,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "savefig.dpi": 150,
    "text.color": _BLACK,
    **{
        f"{axis}tick.{name}": value
        for axis, side in (("x", "bottom"), ("y", "left"))
        for name, value in {
            side: False,
            "color": _BLACK,
            "labelsize": 11,
            "major.size": 6,
            "major.width": _LINE,
            "minor.size": 4,
            "minor.width": _MINOR,
        }.items()
    },
}


def use_theme() -> None:
    """Set the look of every figure of this process: legible at half a page's width."""
    plt.rcParams.update(_THEME)


def overlay(
    image: np.ndarray,
    mask: np.ndarray,
    colour: Colour = VISIBLE_COLOUR,
    strength: float = 0.45,
) -> np.ndarray:
    """An image with a mask tinted in and outlined.

    Args:
        image: The image, uint8 RGB [H, W, 3].
        mask: The mask, bool [H, W].
        colour: The colour of the mask, RGB in 0..1.
        strength: The opacity of the tint, 0..1: 0 shows only the outline, 1 hides the image below.

    Returns:
        The new image, uint8 RGB [H, W, 3]; equal to `image` outside the mask.
    """
    result = image.astype(np.float32)
    result[mask] = (1 - strength) * result[mask] + strength * 255 * np.asarray(colour, dtype=np.float32)
    return outlined(np.round(result).astype(np.uint8), mask, colour)


def outlined(image: np.ndarray, mask: np.ndarray, colour: Colour = TRUTH_COLOUR) -> np.ndarray:
    """An image with the outline of a mask, one pixel wide; white, the colour of true masks, by default.

    Args:
        image: The image, uint8 RGB [H, W, 3].
        mask: The mask, bool [H, W].
        colour: The colour of the outline, RGB in 0..1.

    Returns:
        The new image, uint8 RGB [H, W, 3]; equal to `image` outside the mask.
    """
    result = image.copy()
    # The outline lies inside the mask, so that it never covers a pixel that the mask does not.
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0)
    result[mask & (inner == 0)] = np.round(255 * np.asarray(colour)).astype(np.uint8)
    return result


def show_images(images: list[np.ndarray], titles: list[str], columns: int | None = None, width: float = 2.4) -> Figure:
    """A grid of images without axes.

    Args:
        images: The images: RGB uint8 [H, W, 3], or [H, W], of which bool and integers are shown in grey, floats in
            `viridis`.
        titles: The title of each image; "" for none.
        columns: The number of images per row; None puts all in one row.
        width: The width of each image in the figure, in inches.

    Raises:
        ValueError: There are not as many titles as images.
    """
    columns = columns or len(images)
    rows = -(-len(images) // columns)
    height = width * images[0].shape[0] / images[0].shape[1]
    size = (columns * width, rows * (height + 0.3))
    figure, axes = plt.subplots(rows, columns, figsize=size, dpi=PICTURE_DPI, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, image, title in zip(axes.flat[: len(images)], images, titles, strict=True):
        colours = None if image.ndim == 3 else "viridis" if np.issubdtype(image.dtype, np.floating) else "gray"
        axis.imshow(image, cmap=colours)
        axis.set_title(title, fontsize=11)
    figure.tight_layout(pad=0.4)
    return figure


def mark_profile(figure: Figure, profile: str) -> None:
    """Write the profile's name into a figure, once, unless it is `standard`.

    Args:
        figure: The figure, changed in place.
        profile: The name of the profile.
    """
    if profile == "standard" or any(text.get_gid() == _MARK_ID for text in figure.texts):
        return
    meaning = ": numbers mean little" if profile == "quick" else ""
    figure.text(
        0.995,
        1.01,  # above the figure, where it hides nothing: figures are saved with all that sticks out
        f"{profile} profile{meaning}",
        ha="right",
        va="bottom",
        fontsize=9,
        color="white",
        gid=_MARK_ID,
        bbox={"facecolor": "crimson", "edgecolor": "none", "pad": 2},
        zorder=100,
    )
