"""Configuration of the halls."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Count, Fraction, NonNegative, configuration


@configuration
class HallConfig:
    """What a hall looks like.

    Attributes:
        height: The image height in pixels; the width is height * 3 // 2.
        samples: The number of light samples per pixel along each axis; labels do not depend on it.
        min_things, max_things: The range of the number of things to place in a hall; a stack or a heap counts as one,
            and things that find no room are left out.
        ambiguous: The probability that a thing is one of which labellers do not agree; a lamp never is.
        noise: The standard deviation of the sensor's noise, as a share of the brightest pixel value.

    Raises:
        ValueError: If `min_things` is above `max_things`.
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
