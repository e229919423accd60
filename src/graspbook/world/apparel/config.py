"""Configuration of the totes of apparel."""

from typing import Annotated

from annotated_types import Ge, Interval

from graspbook.core.configuration import Count, Fraction, NonNegative, configuration
from graspbook.world.config import Dials


@configuration
class ApparelConfig:
    """How totes of polybags look, and how much of what they show has two answers.

    Attributes:
        height: of images, pixels; the width is height * 3 // 2.
        samples: light samples per pixel along each axis.
        min_packs, max_packs: in a tote, two that lie edge to edge counted as one.
        likeness: probability that a pack wears the tote's print; others wear one of their own.
        contrast: of prints, of that of the catalogue's textures.
        wrinkles: standard deviation of the film's wrinkles, metres.
        translucent: share of the packs through which one sees a little.
        ambiguous: share of the packs that may be one or two.
        films: share of the totes with a transparent bag over other packs.
        agreement: of the answers in a tote. At 1 one coin decides for the whole tote whether what may be two is two; at
            0 each pack has a coin of its own; between, each pack follows the tote's coin with this probability.
        least_pixels: what is seen with fewer pixels is no instance.
        wall_reflectance, light_flicker, shadow_softness: see `graspbook.world.config.Dials`.
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
