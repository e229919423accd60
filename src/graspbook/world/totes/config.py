"""Configuration of the totes of apparel."""

from typing import Annotated

from annotated_types import Ge, Interval

from graspbook.core.configuration import Count, Fraction, NonNegative, configuration
from graspbook.world.config import Dials


@configuration
class ApparelConfig:
    """How totes of polybags look, and how much of what they show has two answers.

    Attributes:
        height: The image height in pixels; the width is height * 3 // 2.
        samples: The number of light samples per pixel along each axis.
        min_packs, max_packs: The range of the number of packs in a tote, two that lie edge to edge counted as one; a
            film comes on top.
        likeness: The probability that a pack wears the tote's print; others wear one of their own.
        contrast: The contrast of the prints as a share of that of the catalogue's textures, from 0 to 1.
        wrinkles: The height of the film's wrinkles, metres: each of the `WAVES` waves has as its height the absolute
            value of a normal draw whose standard deviation is this over the root of `WAVES`.
        translucent: The probability that a pack, other than a film, lets a little of what is below shine through.
        ambiguous: The probability that a pack, other than a film, may be one or two.
        films: The probability that a tote has a transparent bag over other packs.
        agreement: The agreement of the answers in a tote, from 0 to 1. At 1 one coin decides for the whole tote whether
            what may be two is two; at 0 each pack has a coin of its own; between, each pack follows the tote's coin
            with this probability.
        least_pixels: The number of pixels below which what is seen is no instance.
        wall_reflectance, light_flicker, shadow_softness: The strengths of nuisances as in
            `graspbook.world.config.Dials`.

    Raises:
        ValueError: If `min_packs` is above `max_packs`.
    """

    height: Annotated[int, Interval(ge=32, le=2048)]
    samples: Annotated[int, Interval(ge=1, le=4)]
    min_packs: Count
    max_packs: Annotated[int, Interval(ge=1, le=40)]
    likeness: Fraction
    contrast: Fraction
    wrinkles: NonNegative
    translucent: Fraction
    ambiguous: Fraction
    films: Fraction
    agreement: Fraction
    least_pixels: Annotated[int, Ge(1)]
    wall_reflectance: Fraction
    light_flicker: Annotated[float, Interval(ge=0, le=2)]
    shadow_softness: Fraction

    def __post_init__(self) -> None:
        if self.min_packs > self.max_packs:
            raise ValueError("min_packs: expected no more than max_packs")

    @property
    def dials(self) -> Dials:
        """What the shared world needs to know of it; nothing here moves or falls."""
        return Dials(
            wall_reflectance=self.wall_reflectance,
            light_flicker=self.light_flicker,
            shadow_softness=self.shadow_softness,
            neighbour_movement=0.0,
            clutter=float(self.max_packs),
            occlusion=0.0,
            texture_similarity=self.likeness,
        )
