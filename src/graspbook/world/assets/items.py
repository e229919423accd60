"""Items: a shape of the catalogue, dressed in a texture and given a weight and a surface."""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.world.assets.catalogue import FAMILIES, Catalogue, Shape, Split
from graspbook.world.config import Dials

FAMILY_WEIGHTS = {"random": 0.35, "box": 0.22, "bottle": 0.12, "can": 0.09, "pack": 0.22}
"""How often each family is drawn."""


@dataclasses.dataclass(frozen=True, eq=False)
class Item:
    """One object in a bin.

    Attributes:
        shape: The geometry, a shape of the catalogue.
        texture: The index into the catalogue's texture pool.
        texture_scale: The metres along the object's x, y and z that one repeat of the texture covers; on bottles and
            cans, x and y count the repeats around the axis instead.
        texture_offset: The shift of the texture along its two axes in repeats, each from 0 to 1.
        cap: The linear RGB of the ends of bottles and cans, which carry no label.
        gloss: The Blinn-Phong exponent of the highlight.
        specular: The strength of the highlight, from 0 to 1; the surface's mirror reflectance is a quarter of it, at
            most 0.08 in a tote.
        mass: The mass in kilograms.
        friction: The coefficient of lateral friction.
    """

    shape: Shape
    texture: int
    texture_scale: tuple[float, float, float] = (0.1, 0.1, 0.1)
    texture_offset: tuple[float, float] = (0.0, 0.0)
    cap: tuple[float, float, float] = (0.5, 0.5, 0.5)
    gloss: float = 30.0
    specular: float = 0.12
    mass: float = 0.15
    friction: float = 0.5


def draw_item(rng: np.random.Generator, catalogue: Catalogue, split: Split, dials: Dials, bin_texture: int) -> Item:
    """Draws an item of a split.

    Args:
        rng: The source of randomness.
        catalogue: The catalogue that the shape and the texture are drawn from.
        split: The split of the shape and of the texture alike, "train" or "test".
        dials: The world's dials; `texture_similarity` is the probability that the item wears the bin's texture.
        bin_texture: The index of the texture that the bin's items share (drawn once per bin from `textures(split)`).

    Raises:
        InputError: If `split` is neither "train" nor "test".
    """
    family = str(rng.choice(FAMILIES, p=[FAMILY_WEIGHTS[name] for name in FAMILIES]))
    choices = [shape for shape in catalogue.shapes(split) if shape.family == family]
    shape = choices[rng.integers(len(choices))]
    own = int(rng.choice(catalogue.textures(split)))
    texture = bin_texture if rng.random() < dials.texture_similarity else own
    return Item(
        shape=shape,
        texture=texture,
        texture_scale=_texture_scale(rng, shape),
        texture_offset=(float(rng.uniform()), float(rng.uniform())) if family == "random" else (0.5, 0.5),
        cap=_cap(rng, family),
        gloss=float(rng.choice([8.0, 30.0, 120.0])),
        specular=float(rng.choice([0.04, 0.12, 0.35])),
        mass=_mass(rng, shape),
        friction=float(rng.uniform(0.3, 0.8)),
    )


def _texture_scale(rng: np.random.Generator, shape: Shape) -> tuple[float, float, float]:
    """A printed label covers a package's face; on odd shapes the print simply repeats."""
    if shape.family == "random":
        size = float(rng.uniform(0.06, 0.16))
        return size, size, size
    x, y, z = (float(side) for side in shape.extent)
    if shape.family in ("bottle", "can"):
        repeats = float(rng.choice([1.0, 2.0, 2.0]))
        return repeats, repeats, z
    if shape.family == "box":
        return x, y, z
    return x, y, max(x, y)


def _cap(rng: np.random.Generator, family: str) -> tuple[float, float, float]:
    """Bare metal on cans, a coloured screw cap on bottles."""
    if family != "bottle":
        return 0.55, 0.55, 0.56
    red, green, blue = rng.uniform(0.03, 0.8, 3)
    return float(red), float(green), float(blue)


def _mass(rng: np.random.Generator, shape: Shape) -> float:
    """Mass in kilograms from the volume and a density of packed goods (packs and boxes are partly air)."""
    low, high = {"pack": (150, 450), "box": (200, 700), "random": (300, 900)}.get(shape.family, (400, 1000))
    return float(np.clip(shape.volume * rng.uniform(low, high), 0.02, 0.5))
