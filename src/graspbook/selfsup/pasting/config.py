"""Configuration of the object banks and of pasting: sections `bank`, `pasting` and `paste`."""

from typing import Annotated, Literal

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Count, Natural, NonNegative, Positive, Replicates, Seed, configuration

BankSource = Literal["train", "subtract-filter", "grasp-100", "grasp-100-filter"]
"""Whose masks cut the objects out: the labels, image subtraction, or the model of that name; filtered or not."""


@configuration
class BankConfig:
    """§III-B.1: how the object banks are judged against the simulator's truth.

    Attributes:
        sources: the banks to make.
        seed: of the bootstrap and of what is shown.
        replicates: of the bootstrap.
        n_compared: grasps on which the filters are turned off one at a time.
    """

    sources: Annotated[tuple[BankSource, ...], MinLen(1)]
    seed: Seed
    replicates: Replicates
    n_compared: Count


@configuration
class PasteConfig:
    """What is pasted on a labelled image, and how (§III-B.2); the paper's numbers in brackets.

    Attributes:
        min_objects: the fewest objects pasted on an image (0).
        max_objects: the most; the number is uniform between the two, both included (25).
        rotation: the largest rotation in degrees; uniform from 0 (360).
        min_scale: the smallest magnification (0.75).
        max_scale: the largest; uniform between the two (1.25).
        min_area: labels of fewer visible pixels than this, at 640x960, are dropped (their pixels stay, as
            background): nobody could tell from such a sliver that it is an object, nor would a person label it,
            yet a set loss counts it like a whole one. (Ours; the paper says nothing of it.)
    """

    min_objects: Natural
    max_objects: Annotated[int, Interval(ge=0, le=1000)]
    rotation: NonNegative
    min_scale: Positive
    max_scale: Positive
    min_area: NonNegative

    def __post_init__(self) -> None:
        if self.min_objects > self.max_objects:
            raise ValueError(f"min_objects {self.min_objects} is above max_objects {self.max_objects}")
        if self.min_scale > self.max_scale:
            raise ValueError(f"min_scale {self.min_scale} is above max_scale {self.max_scale}")


@configuration
class PasteFiguresConfig:
    """§III-B.2: what the notebook on cut and paste shows; it pastes as `pasting` says, like the trainings.

    Attributes:
        seed: of the composites.
        shown: composites in the gallery.
        n_composites: composites per row of the table, and in the distributions.
    """

    seed: Seed
    shown: Count
    n_composites: Count
