"""Configuration of a wrist camera's recording."""

from typing import Annotated

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Fraction, NonNegative, Positive, configuration


@configuration
class WristConfig:
    """Where a wrist camera goes, and how it sees.

    Attributes:
        height, width: The size of the pictures, pixels.
        focal: The focal length, pixels.
        distance: The mean distance from the middle of the table to the camera, metres.
        zoom: The share of the distance by which it changes along the path, up or down, from 0 to below 1.
        elevations: The elevation of each sweep above the table, degrees.
        reach: How far each sweep goes to either side, degrees.
        roll: The largest roll of the camera about its optical axis, degrees.
        turn, travel: The least angle in degrees and the least distance in metres from the frame kept before; a frame is
            kept once it has reached both.
        samples: The number of light samples per pixel along each axis.
        flicker: The strength of the light's flicker between two frames (`light_flicker` of
            `graspbook.world.config.Dials`).
        shadow_softness: The mean radius of the lamp, metres.
        noise: The standard deviation of the depth noise at a distance of 1 m, metres, on top of that of
            `graspbook.world.render.sensor.measure_depth`; it grows with the square of the distance.
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
