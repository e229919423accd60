"""Configuration of the table, of its depth camera and of what stands on it."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Fraction, NonNegative, Positive, configuration


@configuration
class CameraConfig:
    """A depth camera that looks down at the table.

    Attributes:
        size: The height and the width of the image, pixels.
        distance: The distance from the camera to the middle of the table, metres.
        field: The side of the square of the table that the image shows at a zoom of 1, metres.
        zoom: The bound of the zoom, which is drawn between exp(-zoom) and exp(zoom), uniformly in its logarithm.
        tilt: The largest angle between the optical axis and the vertical, degrees.
        noise: The standard deviation of depth at a distance of 1 m, metres; it grows with the square of the distance.
        edge_loss: The probability that a pixel at a step in depth has no depth.
        loss: The probability that any other pixel has no depth.
    """

    size: Annotated[int, Interval(ge=16, le=1024)]
    distance: Positive
    field: Positive
    zoom: NonNegative
    tilt: Annotated[float, Interval(ge=0, le=30)]
    noise: NonNegative
    edge_loss: Fraction
    loss: Fraction


@configuration
class ObjectConfig:
    """Weight and surface of what stands on the table.

    Attributes:
        min_mass, max_mass: The range of the mass, kilograms; it follows from volume and density, and is cut to this
            range.
        min_density, max_density: The range of the density, kilograms per cubic metre.
        min_friction, max_friction: The range of the coefficient of lateral friction.

    Raises:
        ValueError: If the lower end of a range is above its upper end.
    """

    min_mass: Positive
    max_mass: Positive
    min_density: Positive
    max_density: Positive
    min_friction: Positive
    max_friction: Positive

    def __post_init__(self) -> None:
        for name in ("mass", "density", "friction"):
            if getattr(self, f"min_{name}") > getattr(self, f"max_{name}"):
                raise ValueError(f"min_{name} is {getattr(self, f'min_{name}')}, above max_{name}")
