"""Configuration of the halls."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Count, Fraction, NonNegative, configuration


@configuration
class HallConfig:
    """What a hall looks like.

    Attributes:
        height: of a picture, pixels; the width is height * 3 // 2.
        samples: light samples per pixel and axis; labels do not depend on it.
        min_things, max_things: in a hall; a stack or a heap counts as one.
        ambiguous: so often a thing is one of which labellers do not agree.
        noise: standard deviation of the sensor's noise, of 1.
    """

    height: Annotated[int, Interval(ge=32, le=2048)]
    samples: Annotated[int, Interval(ge=1, le=4)]
    min_things: Count
    max_things: Annotated[int, Interval(ge=1, le=60)]
    ambiguous: Fraction
    noise: NonNegative

    def __post_init__(self) -> None:
        if self.min_things > self.max_things:
            raise ValueError("min_things: expected no more than max_things")
