"""Configuration of the aisle and of the camera that drives along it."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Count, Fraction, NonNegative, Positive, configuration


@configuration
class AisleConfig:
    """What a drive looks like.

    Attributes:
        width, height: of a picture, pixels.
        samples: light samples per pixel and axis; labels do not depend on it.
        frames: pictures of a drive.
        step: the camera moves on by so many metres between two pictures.
        min_things, max_things: single things and rows of them in an aisle.
        row_share: of the things, so many are rows: neighbours of one class that touch or nearly do, as parked cars do.
        min_row, max_row: things in a row.
        noise: standard deviation of the sensor's noise, of 1.
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
