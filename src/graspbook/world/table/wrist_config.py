"""Configuration of a wrist camera's recording."""

from typing import Annotated

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Fraction, NonNegative, Positive, configuration


@configuration
class WristConfig:
    """Where a wrist camera goes, and how it sees.

    Attributes:
        height, width: of the pictures, pixels.
        focal: focal length, pixels.
        distance: from the middle of the table to the camera, metres.
        zoom: the distance changes by up to this part along the path.
        elevations: of the sweeps above the table, degrees.
        reach: each sweep goes so many degrees to either side.
        roll: the camera rolls by up to so many degrees.
        turn, travel: a frame is kept once it is at least so many degrees *and* metres from the one before.
        samples: light samples per pixel and axis.
        flicker: of the light between two frames.
        shadow_softness: radius of the lamp, metres.
        noise: standard deviation of depth at a distance of 1 m, metres; it grows with the square of the distance.
    """

    height: Annotated[int, Interval(ge=32, le=2048)]
    width: Annotated[int, Interval(ge=32, le=2048)]
    focal: Positive
    distance: Positive
    zoom: Annotated[float, Interval(ge=0, lt=1)]
    elevations: Annotated[tuple[Annotated[float, Interval(gt=0, lt=90)], ...], MinLen(1)]
    reach: Annotated[float, Interval(gt=0, le=180)]
    roll: Annotated[float, Interval(ge=0, le=180)]
    turn: Positive
    travel: Positive
    samples: Annotated[int, Interval(ge=1, le=4)]
    flicker: Annotated[float, Interval(ge=0, le=2)]
    shadow_softness: Fraction
    noise: NonNegative
