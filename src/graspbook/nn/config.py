"""Which backbone, and where its weights come from: names that parameter files use, free of PyTorch."""

from typing import Literal

BackboneName = Literal["mobilenet_v2", "resnet50"]
WeightSource = Literal["bundled", "hub", "random"]


def check_location(weights: WeightSource, location: str | None) -> None:
    """Check that a location is given for weights of the hub, and for them alone.

    Args:
        weights: The source of the weights.
        location: The location of the weights, or None.

    Raises:
        ValueError: A location is missing, or given for other weights.
    """
    if (weights == "hub") != (location is not None):
        raise ValueError("location must name the weights if, and only if, weights is 'hub'")
