"""The bin ("tote"): an open box with tapered, shiny walls, standing on a table.

World frame: origin at the centre of the tote's floor, x along its long side, z up. The walls lean outwards by
`TAPER` over their height, as stackable plastic totes do. Reflections of objects in such walls are what the
`selfsup` paper holds responsible for the failures of image subtraction (§IV-C).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.world.config import Dials

LENGTH = 0.54
"""Inner length of the floor along x, metres."""
WIDTH = 0.36
"""Inner width of the floor along y, metres."""
HEIGHT = 0.13
"""Height of the walls, metres."""
TAPER = 0.035
"""How far the top of each wall lies outside its foot, metres."""
RIM = 0.012
"""Width of the flat rim around the opening, metres."""

PARTS = ("table", "floor", *(f"wall{k}" for k in range(4)), *(f"rim{k}" for k in range(4)))
"""Names of the quadrilaterals of `quads`, in order; wall0 faces +y, wall1 -x, wall2 -y, wall3 +x."""
N_PARTS = len(PARTS)
FIRST_WALL, LAST_WALL = 2, 5
"""Indices of the first and last wall among `PARTS`."""


def quads() -> np.ndarray:
    """The tote and the table as quadrilaterals.

    Returns:
        The corner points in metres, float32 [10, 4, 3], in the order of `PARTS`, counter-clockwise as seen from where
        the camera can be.
    """
    length, width = LENGTH / 2, WIDTH / 2
    top_x, top_y = length + TAPER, width + TAPER
    foot = [(-length, -width), (length, -width), (length, width), (-length, width)]
    top = [(-top_x, -top_y), (top_x, -top_y), (top_x, top_y), (-top_x, top_y)]
    outer = [(np.sign(x) * (abs(x) + RIM), np.sign(y) * (abs(y) + RIM)) for x, y in top]
    table = [(-2, -2, -0.002), (2, -2, -0.002), (2, 2, -0.002), (-2, 2, -0.002)]
    parts = [table, [(*corner, 0) for corner in foot]]
    for k in range(4):
        j = (k + 1) % 4
        parts.append([(*foot[k], 0), (*foot[j], 0), (*top[j], HEIGHT), (*top[k], HEIGHT)][::-1])
    for k in range(4):
        j = (k + 1) % 4
        parts.append([(*top[k], HEIGHT), (*top[j], HEIGHT), (*outer[j], HEIGHT), (*outer[k], HEIGHT)][::-1])
    return np.array(parts, np.float32)


def half_extent(z: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half length and half width of the inside of the tote, the taper included.

    Args:
        z: The height above the floor in metres, a number or an array [...].

    Returns:
        The half length and the half width in metres, each float64 [...].
    """
    lean = TAPER * np.asarray(z) / HEIGHT
    return LENGTH / 2 + lean, WIDTH / 2 + lean


def contains(point: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """Whether points lie inside the tote, or above it within its opening.

    Args:
        point: The points in the world, [..., 3] metres.
        margin: How far outside still counts as inside, metres.

    Returns:
        Whether each point is inside, bool [...].
    """
    x, y, z = np.moveaxis(np.asarray(point, float), -1, 0)
    half_x, half_y = half_extent(np.clip(z, 0, HEIGHT))
    return (np.abs(x) <= half_x + margin) & (np.abs(y) <= half_y + margin) & (z >= -margin)


@dataclasses.dataclass(frozen=True)
class Tote:
    """How one bin looks. Its geometry is always the same.

    Attributes:
        floor: The linear RGB albedo of the floor.
        wall: The linear RGB albedo of the rim; the walls have three quarters of it.
        table: The linear RGB albedo of the table around the tote.
        wall_reflectance: The mirror reflectance of the walls at normal incidence, from 0 to 1.
        floor_reflectance: The mirror reflectance of the floor at normal incidence, from 0 to 1.
        roughness: The standard deviation of the normals that blur the mirror image, radians.
    """

    floor: tuple[float, float, float] = (0.35, 0.35, 0.35)
    wall: tuple[float, float, float] = (0.4, 0.4, 0.4)
    table: tuple[float, float, float] = (0.1, 0.1, 0.1)
    wall_reflectance: float = 0.3
    floor_reflectance: float = 0.05
    roughness: float = 0.03


def draw_tote(rng: np.random.Generator, dials: Dials) -> Tote:
    """Draws the looks of a tote.

    Args:
        rng: The source of randomness.
        dials: The world's dials; `wall_reflectance` is the mean mirror reflectance of the walls.
    """

    def tinted(level: float, tint: float) -> tuple[float, float, float]:
        red, green, blue = np.clip(level * (1 + rng.normal(0, tint, 3)), 0.01, 0.95)
        return float(red), float(green), float(blue)

    return Tote(
        floor=tinted(rng.uniform(0.05, 0.3), 0.05),
        wall=tinted(rng.uniform(0.15, 0.4), 0.05),
        table=tinted(rng.uniform(0.03, 0.2), 0.1),
        wall_reflectance=float(np.clip(dials.wall_reflectance * rng.uniform(0.7, 1.3), 0, 0.9)),
        # the floor is scratched by use: a fraction of the walls' gloss, so the one dial turns both off
        floor_reflectance=float(np.clip(dials.wall_reflectance * rng.choice([0.1, 0.3, 0.6]), 0, 0.6)),
        roughness=float(rng.uniform(0.01, 0.06)),
    )
