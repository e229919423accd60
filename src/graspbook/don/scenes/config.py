"""Configuration of the recorded scenes (§IV-B)."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Count, Fraction, Natural, NonNegative, Positive, Seed, configuration
from graspbook.world.table.wrist_config import WristConfig


@configuration
class ScenesConfig:
    """Objects in a scene, number of scenes, and the camera that records them.

    Attributes:
        seed: Seed of the single-object scenes; the other three sets take the next three integers.
        known: Number of known objects, the first of `graspbook.don.scenes.objects.KNOWN`: fewer have fewer look-alikes
            among them.
        n_single: Training scenes with one object, one object after another.
        n_multi: Training scenes with several objects.
        n_validation_multi: Validation scenes with several objects, which choose the weights.
        n_validation_single: Validation scenes with one object, which choose the weights.
        n_test: Test scenes, packed and loose in turn.
        min_known: Least number of known objects in a scene of several.
        max_known: Largest number of known objects in a scene of several.
        unknown: Number of unknown objects beside them; training and test scenes share none of their shapes and prints.
        packed: Side of the square that objects fall into in a packed scene, metres.
        loose: Side of the square that objects fall into in a loose scene, metres.
        squeeze: Largest squeeze of the soft object: its size along one axis is scaled by exp(-squeeze) to exp(squeeze),
            along another by the inverse.
        curve: Largest coefficient b of the soft object's bend z + b x^2, either way, 1/metres.
        table_variety: Largest relative change of the light's brightness between scenes, 0..1.
        camera: Path and sensor of the camera on the wrist.

    Raises:
        ValueError: min_known, max_known and known do not rise.
    """

    seed: Seed
    known: Annotated[int, Interval(ge=1, le=12)]
    n_single: Count
    n_multi: Count
    n_validation_multi: Count
    n_validation_single: Natural
    n_test: Count
    min_known: Count
    max_known: Count
    unknown: Natural
    packed: Positive
    loose: Positive
    squeeze: NonNegative
    curve: NonNegative
    table_variety: Fraction
    camera: WristConfig

    def __post_init__(self) -> None:
        if not self.min_known <= self.max_known <= self.known:
            raise ValueError(
                f"min_known, max_known, known: expected to rise, found {self.min_known}, {self.max_known}, {self.known}"
            )
