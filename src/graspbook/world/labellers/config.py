"""How often labellers do not agree."""

from typing import Annotated

from annotated_types import Ge

from graspbook.core.configuration import Fraction, Natural, configuration


@configuration
class LabelConfig:
    """How answers hang together, and what is seen.

    Attributes:
        agreement: The agreement of the answers of one kind in a picture, from 0 to 1. At 1 one coin a kind decides for
            the whole picture; at 0 each question has a coin of its own; between, each follows the picture's coin with
            this probability.
        least_pixels: The number of pixels below which what is seen is no instance.
    """

    agreement: Fraction
    least_pixels: Annotated[int, Ge(1)]


@configuration
class FarLabelConfig(LabelConfig):
    """The same where much is far away.

    Attributes:
        far_pixels: The largest number of pixels of a far thing: its class may be taken for another, its row for one
            thing.
    """

    far_pixels: Natural
