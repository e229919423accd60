"""Configuration of the table, of its depth camera and of what stands on it."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Fraction, NonNegative, Positive, configuration


@configuration
class CameraConfig:
    """A depth camera that looks down at the table.

    Attributes:
        size: height and width of the image, pixels.
        distance: from the camera to the middle of the table, metres.
        field: metres of the table that the image shows, at a zoom of 1.
        zoom: the zoom is drawn between exp(-zoom) and exp(zoom), uniformly in its logarithm.
        tilt: largest angle between the optical axis and the vertical, degrees.
        noise: standard deviation of depth at a distance of 1 m, metres; it grows with the square of the distance.
        edge_loss: probability that a pixel at a step in depth has no depth.
        loss: probability that any other pixel has none.
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
        min_mass, max_mass: kilograms; the mass follows from volume and density, and is cut to this range.
        min_density, max_density: kilograms per cubic metre.
        min_friction, max_friction: coefficient of lateral friction.
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
