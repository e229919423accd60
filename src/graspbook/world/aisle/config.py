"""Configuration of the aisle and of the camera that drives along it."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Count, Fraction, NonNegative, Positive, configuration


@configuration
class AisleConfig:
    """What a drive looks like.

    Attributes:
        width, height: The size of a picture, pixels.
        samples: The number of light samples per pixel along each axis; labels do not depend on it.
        frames: The number of pictures of a drive.
        step: The distance that the camera moves on between two pictures, metres.
        min_things, max_things: The range of the number of single things and rows of them to place in an aisle; those
            that find no room are left out.
        row_share: The probability that a thing, other than a tugger train, is drawn as a row: neighbours of one class
            that touch or nearly do, as parked cars do.
        min_row, max_row: The range of the number of things in a row.
        noise: The standard deviation of the sensor's noise, as a share of the brightest pixel value.

    Raises:
        ValueError: If the lower end of a range is above its upper end.
    """

    width: Annotated[int, Interval(ge=32, le=4096)]
    height: Annotated[int, Interval(ge=32, le=4096)]
    samples: Annotated[int, Interval(ge=1, le=8)]
    frames: Count
    step: Positive
    min_things: Count
    max_things: Count
    row_share: Fraction
    min_row: Count
    max_row: Count
    noise: NonNegative

    def __post_init__(self) -> None:
        for low, high in (("min_things", "max_things"), ("min_row", "max_row")):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} is {getattr(self, low)}, above {high}, {getattr(self, high)}")
