"""Configuration of the paper "Distributional Instance Segmentation": its part of `params.yaml`."""

from typing import Annotated

from annotated_types import Ge

from graspbook.configuration import Count, configuration


@configuration
class LatentSettings:
    """The latent code, and how it goes in and out (§III-B, appendix A); the paper's choices in brackets.

    Attributes:
        dimensions: of the code (64).
        hidden: channels of the encoder's graph and of the prior's MLP.
        rounds: layers of the graph network ("several").
        side: regions are read with so many pixels a side.
        sizes: whether the encoder is also told the mean and the spread of sizes and how many instances there are (no).
        residual: whether features are added to what they and the code become (no).
        coordinates: whether the injection is told where in the image it is (no).
    """

    dimensions: Count
    hidden: Count
    rounds: Count
    side: Annotated[int, Ge(4)]
    sizes: bool
    residual: bool
    coordinates: bool
