"""Configuration of the simulated world: its nuisances as dials, and the size of its images.

The `selfsup` paper explains its results by three causes (§IV-C): shiny bins that reflect, neighbours that move,
and occlusion. Each is a dial here, so that each explanation can be tested alone. All defaults stand in `Dials`;
`DIAL_RANGES` lists the five levels at which the dial figure evaluates every dial, the first one being "off".
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from graspbook.errors import InputError

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

_UPPER: dict[str, float] = {
    "wall_reflectance": 1.0,
    "light_flicker": 2.0,
    "shadow_softness": 1.0,
    "neighbour_movement": 5.0,
    "clutter": 60.0,
    "occlusion": 1.0,
    "texture_similarity": 1.0,
}


@dataclasses.dataclass(frozen=True)
class Dials:
    """Strengths of the nuisances.

    Attributes:
        wall_reflectance: mean mirror reflectance of the bin walls, 0..1 (0 = matt walls).
        light_flicker: standard deviation of the log gains of ambient light, of direct light and of the colour
            balance, drawn anew for each photograph (0 = both photographs are lit alike).
        shadow_softness: radius of the disc-shaped light in metres (0 = a point, hard shadows).
        neighbour_movement: 0 holds neighbours still while the object is pulled, 1 lets physics decide, above 1
            the tool also jolts them.
        clutter: mean number of objects in a freshly filled bin.
        occlusion: how piled the objects are: 0 spreads them out, 1 drops them on one heap.
        texture_similarity: probability that an object wears the bin's shared label instead of its own.
    """

    wall_reflectance: float = 0.2
    light_flicker: float = 0.03
    shadow_softness: float = 0.15
    neighbour_movement: float = 1.0
    clutter: float = 12.0
    occlusion: float = 0.5
    texture_similarity: float = 0.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, upper = getattr(self, field.name), _UPPER[field.name]
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InputError(f"dials.{field.name}: expected a number, got {value!r}")
            if not 0 <= value <= upper:
                raise InputError(f"dials.{field.name}: expected 0 to {upper:g}, got {value:g}")


@dataclasses.dataclass(frozen=True)
class WorldConfig:
    """Everything that decides how the world looks and behaves, besides the seed.

    Attributes:
        height: image height in pixels; the width is height * 3 // 2 (the paper's 640x960 is 2:3).
        samples: light samples per pixel along each axis (2 = 4 per pixel). Masks and depth never depend on it.
        dials: strengths of the nuisances.
    """

    height: int = 128
    samples: int = 2
    dials: Dials = dataclasses.field(default_factory=Dials)

    def __post_init__(self) -> None:
        for name, low, high in (("height", 16, 2048), ("samples", 1, 4)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InputError(f"{name}: expected a whole number from {low} to {high}, got {value!r}")
        if not isinstance(self.dials, Dials):
            raise InputError(f"dials: expected Dials, got {type(self.dials).__name__}")

    @property
    def width(self) -> int:
        """Image width in pixels."""
        return self.height * 3 // 2

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> WorldConfig:
        """Builds a configuration from plain values, such as a parameter file holds.

        Args:
            mapping: any of `height`, `samples` and `dials` (itself a mapping from dial to number).

        Raises:
            InputError: on a key that does not exist or a value of the wrong kind.
        """
        values = dict(_known(cls, mapping, "world"))
        if "dials" in values and not isinstance(values["dials"], Dials):
            if not isinstance(values["dials"], Mapping):
                raise InputError(f"world.dials: expected a mapping, got {values['dials']!r}")
            values["dials"] = Dials(**_known(Dials, values["dials"], "world.dials"))
        return cls(**values)


def _known(kind: type, mapping: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Returns the mapping if each of its keys is a field of `kind`."""
    names = [field.name for field in dataclasses.fields(kind)]
    for key in mapping:
        if key not in names:
            raise InputError(f"{where}.{key}: unknown key, expected one of {', '.join(names)}")
    return mapping
