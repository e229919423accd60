"""The known objects, with look-alikes among them, and what they are printed with (§IV-B).

The paper's eight objects have repeated patterns, similar features, gloss, and one is soft. Ours are twelve: pairs of
one shape and one set of inks with another print on them, others that share inks but not the shape.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import cv2
import numpy as np
from jaxtyping import UInt8

from graspbook.core.errors import InputError
from graspbook.world.assets.catalogue import TEXTURE_SIZE, Catalogue, Shape
from graspbook.world.assets.items import Item

Ink = Literal["red", "blue", "green"]
INKS: dict[Ink, tuple[tuple[int, int, int], ...]] = {
    "red": ((70, 24, 28), (176, 52, 46), (214, 168, 120), (240, 228, 206)),
    "blue": ((26, 34, 74), (50, 88, 160), (142, 170, 190), (236, 234, 224)),
    "green": ((28, 52, 34), (74, 122, 66), (186, 186, 120), (238, 236, 214)),
}
"""sRGB from dark to bright."""
TABLE_INK = (168, 156, 140)
"""Of the table, sRGB in the mean."""


@dataclasses.dataclass(frozen=True)
class Known:
    """A known object.

    Attributes:
        title: Name for readers.
        shape: Name of the shape in the catalogue.
        print_of: Index of the catalogue's texture that is printed on it.
        ink: Palette of the print.
        repeats: Repetitions of the print along an edge.
        specular: Strength of the highlights, 0..1.
        soft: Whether the object is bent and squeezed between scenes.
    """

    title: str
    shape: str
    print_of: int
    ink: Ink
    repeats: int = 1
    specular: float = 0.1
    soft: bool = False


KNOWN = (
    Known("red box", "box_0001", 52, "red"),
    Known("red box, other label", "box_0001", 72, "red"),
    Known("blue bottle", "bottle_0012", 41, "blue"),
    Known("blue bottle, other label", "bottle_0012", 88, "blue"),
    Known("soft green bag", "pack_0005", 14, "green", soft=True),
    Known("green bag", "pack_0002", 85, "green"),
    Known("red repeated box", "box_0009", 63, "red", repeats=3),
    Known("blue repeated box", "box_0007", 63, "blue", repeats=3),
    Known("shiny green can", "can_0002", 25, "green", specular=0.6),
    Known("red can", "can_0001", 45, "red"),
    Known("blue flat box", "box_0008", 193, "blue"),
    Known("green odd shape", "random_0045", 169, "green"),
)
"""By id, from 1."""
TITLES = {number: known.title for number, known in enumerate(KNOWN, start=1)}


def in_inks(texture: UInt8[np.ndarray, "t t 3"], ink: Ink) -> UInt8[np.ndarray, "t t 3"]:
    """A drawing in other colours: its brightness, from its darkest to its brightest, along the inks.

    Args:
        texture: sRGB texture, uint8 [t, t, 3].
        ink: Name of the palette.
    """
    grey = cv2.cvtColor(texture, cv2.COLOR_RGB2GRAY).astype(float)
    part = (grey - grey.min()) / max(1.0, grey.max() - grey.min())
    stops = np.linspace(0, 1, len(INKS[ink]))
    channels = [np.interp(part, stops, values) for values in np.array(INKS[ink], float).T]
    return np.rint(np.stack(channels, -1)).astype(np.uint8)


def with_prints(catalogue: Catalogue) -> tuple[Catalogue, int]:
    """The catalogue with the known objects' prints and the table's texture behind its own textures.

    Returns:
        The catalogue, and the place of the first print; object k has place + k - 1, the table comes last.
    """
    pool = catalogue.texture_pool
    prints = [in_inks(pool[known.print_of], known.ink) for known in KNOWN]
    return Catalogue(catalogue.all_shapes, np.concatenate([pool, prints, _table_texture()[None]])), len(pool)


def known_item(catalogue: Catalogue, first_print: int, number: int) -> Item:
    """A known object as it is at rest.

    Args:
        catalogue: Catalogue from `with_prints`.
        first_print: Index of the first print, from `with_prints`.
        number: Id of the object, from 1.

    Raises:
        InputError: There is no such object.
    """
    if not 1 <= number <= len(KNOWN):
        raise InputError(f"object: expected an id from 1 to {len(KNOWN)}, got {number}")
    known = KNOWN[number - 1]
    shape = catalogue.shape(known.shape)
    return Item(
        shape=shape,
        texture=first_print + number - 1,
        texture_scale=_scale(shape, known.repeats),
        texture_offset=(0.5, 0.5),
        cap=(0.5, 0.5, 0.5),
        gloss=120.0 if known.specular > 0.3 else 30.0,
        specular=known.specular,
        mass=0.15,
        friction=0.6,
    )


def _scale(shape: Shape, repeats: int) -> tuple[float, float, float]:
    """A print covers a face of a package, and goes once around what is round, so that no two sides look alike."""
    x, y, z = (float(side) for side in shape.extent)
    if shape.family in ("bottle", "can"):
        return float(repeats), float(repeats), z
    if shape.family == "random":
        return 0.13, 0.13, 0.13
    if shape.family == "pack":
        return x / repeats, y / repeats, max(x, y)
    return x / repeats, y / repeats, z / repeats


def _table_texture() -> np.ndarray:
    """A worn table: smooth noise in one colour that tiles, the same in every run."""
    rng = np.random.default_rng(13)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(TEXTURE_SIZE), np.fft.fftfreq(TEXTURE_SIZE)))
    white = np.fft.fft2(rng.normal(size=(TEXTURE_SIZE, TEXTURE_SIZE)))
    noise = sum(
        weight * layer / layer.std()
        for weight, width in ((0.05, 0.02), (0.04, 0.08), (0.03, 0.3))
        for layer in [np.fft.ifft2(white * np.exp(-((frequency / width) ** 2))).real]
    )
    return np.rint(np.clip(np.array(TABLE_INK) * (1 + noise[..., None]), 0, 255)).astype(np.uint8)
