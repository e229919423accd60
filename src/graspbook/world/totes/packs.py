"""Polybags: a rectangle of film around something soft, as a thickness over the plane it lies on.

What may be one or two has a border across its length: a deep crease in one filling, a welded seam between two, or two
packs of the same print that touch. From above all three look like one folded pack or like two, and nothing in the
picture says which; a coin does (`graspbook.world.totes.answers`).
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from graspbook.world.totes.config import ApparelConfig

Kind = Literal["plain", "crease", "seam", "twins", "film"]
KINDS: tuple[Kind, ...] = ("plain", "crease", "seam", "twins", "film")
AMBIGUOUS: tuple[Kind, ...] = ("crease", "seam", "twins")
"""Packs that may be one or two; a "film" may be an instance, or nothing of its own."""
WAVES = 6
"""Of which wrinkles are made."""
STEEP = 0.35
"""How steeply a filling rises from its rim; 1 would be a parabola."""


@dataclasses.dataclass(frozen=True, eq=False)
class Pack:
    """One bag, lying flat, its middle at the origin.

    Attributes:
        kind: The kind of the pack: what it may be taken for.
        half: The half length and the half width along x and y, [2] metres.
        thickness: The thickness of the filling at its middle, metres.
        margin: The share of each half that is empty film, from 0 to 1.
        border: The place along x, in halves of the filling, where one part ends and the other begins; 0.0 for "plain"
            and "film".
        depth: The depth of the border, from 0 (none) to 1 (down to the film).
        waves: The wave vectors [W, 2] in rad/m, the phases [W] in radians and the heights [W] in metres of the
            wrinkles.
        folds: The shallow creases, [C, 4] of angle in radians, offset and width in halves of the filling, and depth as
            a share of the thickness there.
        opacity: The opacity, from 0 (glass) to 1 (hides what is below).
        texture: The index into the texture pool.
        texture_offset: The shift of the print along its two axes in repeats, each from 0 to 1.
        gloss, specular: The Blinn-Phong exponent and the strength, from 0 to 1, of the film's highlight.
    """

    kind: Kind
    half: np.ndarray
    thickness: float
    margin: float
    border: float
    depth: float
    waves: tuple[np.ndarray, np.ndarray, np.ndarray]
    folds: np.ndarray
    opacity: float
    texture: int
    texture_offset: tuple[float, float]
    gloss: float
    specular: float

    @property
    def ambiguous(self) -> bool:
        """Whether it may be one or two."""
        return self.kind in AMBIGUOUS

    def height(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Height of the upper film above what the bag lies on.

        Args:
            x: The places along the bag's length from its middle, an array in metres.
            y: The places along its width from its middle, an array in metres of the same shape.

        Returns:
            The heights in metres, of the same shape; 0 outside the bag.
        """
        u, v = (place / (half * (1 - self.margin)) for place, half in zip((x, y), self.half, strict=True))
        across = _bulge(v)
        whole = _bulge(u) * across
        if self.depth > 0:
            left = _bulge((u - (self.border - 1) / 2) * 2 / (self.border + 1))
            right = _bulge((u - (self.border + 1) / 2) * 2 / (1 - self.border))
            whole = (1 - self.depth) * whole + self.depth * np.maximum(left, right) * across
        for angle, offset, width, depth in self.folds:
            along = (u * np.cos(angle) + v * np.sin(angle) - offset) / width
            whole = whole * (1 - depth * np.exp(-(along**2)))
        vectors, phases, heights = self.waves
        phase = x[..., None] * vectors[:, 0] + y[..., None] * vectors[:, 1] + phases
        ridges = (heights * (1 - 2 * np.abs(np.sin(phase)))).sum(-1)  # sharp crests, as film has
        inside = (np.abs(x) <= self.half[0]) & (np.abs(y) <= self.half[1])
        rise = self.thickness * whole + ridges * (0.25 + 0.75 * np.minimum(1, whole))
        return np.where(inside, np.maximum(rise, 0), 0)

    def part(self, x: np.ndarray) -> np.ndarray:
        """The part of an ambiguous pack that places belong to.

        Args:
            x: The places along the bag's length from its middle, an array in metres.

        Returns:
            True in the second part, beyond the border, else False; False everywhere if the pack is not ambiguous.
        """
        return (x > self.border * self.half[0] * (1 - self.margin)) & self.ambiguous


def draw_pack(
    rng: np.random.Generator, config: ApparelConfig, textures: np.ndarray, tote_texture: int, film: bool = False
) -> Pack:
    """Draws a bag.

    Args:
        rng: The source of randomness.
        config: The configuration; the shares of kinds and prints and the height of wrinkles are used.
        textures: The indices into the texture pool that a print of the pack's own is drawn from, int [K].
        tote_texture: The index of the tote's print.
        film: Whether the bag is a nearly empty, transparent one.
    """
    kind: Kind = "plain"
    if film:
        kind = "film"
    elif rng.random() < config.ambiguous:
        kind = AMBIGUOUS[rng.integers(len(AMBIGUOUS))]
    half = np.array([rng.uniform(0.075, 0.115), rng.uniform(0.05, 0.08)])
    border, depth = 0.0, 0.0
    match kind:
        case "crease":
            border, depth = float(rng.uniform(-0.25, 0.25)), float(rng.uniform(0.55, 0.85))
        case "seam":
            border, depth = float(rng.uniform(-0.2, 0.2)), float(rng.uniform(0.85, 1.0))
        case "twins":
            border, depth = 0.0, 1.0
            half[0] = rng.uniform(0.09, 0.12)
        case "plain":
            half[0] *= rng.choice([1.0, rng.uniform(0.5, 0.65)])  # some are as large as a part of the others
    own = int(rng.choice(textures))
    shared = rng.random() < config.likeness
    opacity, specular = 1.0, float(rng.uniform(0.1, 0.35))
    if film:
        opacity, specular = float(rng.uniform(0.25, 0.45)), 0.6
    elif rng.random() < config.translucent:
        opacity = float(rng.uniform(0.75, 0.92))
    folds = rng.integers(0, 4)
    return Pack(
        kind=kind,
        half=half,
        thickness=float(rng.uniform(0.003, 0.006) if film else rng.uniform(0.014, 0.026)),
        margin=float(rng.uniform(0.03, 0.1)),
        border=border,
        depth=depth,
        waves=(
            rng.normal(0, 70, (WAVES, 2)),
            rng.uniform(0, 2 * np.pi, WAVES),
            np.abs(rng.normal(0, config.wrinkles / np.sqrt(WAVES), WAVES)),
        ),
        folds=np.column_stack(
            [
                rng.uniform(0, np.pi, folds),
                rng.uniform(-0.7, 0.7, folds),
                rng.uniform(0.05, 0.12, folds),
                rng.uniform(0.1, 0.35, folds),
            ]
        ),
        opacity=opacity,
        texture=tote_texture if shared or film else own,
        texture_offset=(float(rng.uniform()), float(rng.uniform())),
        gloss=float(rng.uniform(40, 120)),
        specular=specular,
    )


def _bulge(u: np.ndarray) -> np.ndarray:
    """Profile of a filling from rim (-1) to rim (1), 1 in the middle, 0 outside."""
    return np.maximum(0, 1 - u**2) ** STEEP
