"""Configuration of the simulated world: its nuisances as dials, and the size of its images.

The `selfsup` paper explains its results by three causes (§I, §III-A): shiny bins that reflect, neighbours that move,
and occlusion. Each is a dial here, so that each explanation can be tested alone. `DIAL_RANGES` lists
the five levels at which the dial figure evaluates every dial, the first one being "off".
"""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Fraction, configuration

DIAL_RANGES: dict[str, tuple[float, ...]] = {
    # dial: off ........................ strong
    "wall_reflectance": (0.0, 0.1, 0.2, 0.4, 0.7),
    "light_flicker": (0.0, 0.03, 0.06, 0.12, 0.24),
    "shadow_softness": (0.0, 0.07, 0.15, 0.25, 0.4),
    "neighbour_movement": (0.0, 0.5, 1.0, 1.5, 2.0),
    "clutter": (4.0, 8.0, 12.0, 18.0, 26.0),
    "occlusion": (0.0, 0.25, 0.5, 0.75, 1.0),
    "texture_similarity": (0.0, 0.25, 0.5, 0.75, 1.0),
}
"""Five levels of every dial, from off (or as low as it goes) to strong."""


@configuration
class Dials:
    """Strengths of the nuisances.

    Attributes:
        wall_reflectance: The mean mirror reflectance of the bin walls, from 0 (matt walls) to 1.
        light_flicker: The standard deviation of the natural logarithm of the gains of the ambient and of the direct
            light, drawn anew for each photograph; the gains of the colour channels flicker by `sensor.COLOUR_SHARE` of
            it. At 0, both photographs are lit alike.
        shadow_softness: The mean radius of the disc-shaped lamp, metres; 0 is a point, which casts hard shadows.
        neighbour_movement: How much the neighbours move while an object is pulled, from 0 to 5. At 0 they are held
            still, at 1 physics decides, and above 1 the tool also jolts them.
        clutter: The mean number of objects in a freshly filled bin.
        occlusion: How piled the objects are, from 0 (spread out) to 1 (dropped on one heap).
        texture_similarity: The probability that an object wears the bin's shared label instead of its own.
    """

    wall_reflectance: Fraction
    light_flicker: Annotated[float, Interval(ge=0, le=2)]
    shadow_softness: Fraction
    neighbour_movement: Annotated[float, Interval(ge=0, le=5)]
    clutter: Annotated[float, Interval(ge=0, le=60)]
    occlusion: Fraction
    texture_similarity: Fraction


@configuration
class WorldConfig:
    """Everything that decides how the world looks and behaves, besides the seed.

    Attributes:
        height: The image height in pixels; the width is height * 3 // 2 (the paper's 640x960 is 2:3).
        samples: The number of light samples per pixel along each axis (2 = 4 per pixel). Masks and depth never depend
            on it.
        dials: The strengths of the nuisances.
    """

    height: Annotated[int, Interval(ge=32, le=2048)]
    samples: Annotated[int, Interval(ge=1, le=4)]
    dials: Dials

    @property
    def width(self) -> int:
        """Image width in pixels."""
        return self.height * 3 // 2
