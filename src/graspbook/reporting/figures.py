"""Figures as files: the same bytes on every run, marked with their profile, and small."""

import io
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import AxesImage, BboxImage, FigureImage
from PIL import Image

from graspbook.core.atomic import write_bytes
from graspbook.reporting.pictures import encode_png, encode_webp
from graspbook.reporting.plotting import mark_profile

_PLOT_DPI = 150
_PICTURE_DPI = 120
"""Dots per inch of plots, and of figures that show pictures."""


def save_figure(figure: Figure, stem: Path, profile: str) -> list[Path]:
    """Write a figure: a plot as `stem`.png and `stem`.svg, one that shows pictures as `stem`.webp.

    An SVG around pictures would be several times as large and no sharper.

    Args:
        figure: The finished figure; where `profile` is not `standard`, it is marked with the profile's name.
        stem: The path of the files without ending; the folder is created.
        profile: The name of the profile that made the figure.

    Returns:
        The paths of the files written.
    """
    mark_profile(figure, profile)
    if shows_pictures(figure):
        content = {".webp": encode_webp(_pixels(figure, _PICTURE_DPI))}
    else:
        content = {".png": encode_png(_pixels(figure, _PLOT_DPI)), ".svg": _svg(figure, Path(stem).name)}
    paths = []
    for ending, data in content.items():
        paths.append(Path(stem).with_name(Path(stem).name + ending))
        write_bytes(paths[-1], data)
    return paths


def shows_pictures(figure: Figure) -> bool:
    """Whether a figure holds a raster image.

    Args:
        figure: The figure.
    """
    return bool(figure.findobj(lambda artist: isinstance(artist, AxesImage | BboxImage | FigureImage)))


def _pixels(figure: Figure, dpi: int) -> np.ndarray:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, bbox_inches="tight")
    return np.asarray(Image.open(file).convert("RGB"))


def _svg(figure: Figure, name: str) -> bytes:
    file = io.BytesIO()
    # A fixed salt, since matplotlib otherwise draws random ids; no date and no version in the file.
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None}, dpi=_PLOT_DPI, bbox_inches="tight")
    return file.getvalue()
