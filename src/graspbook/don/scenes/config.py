"""Configuration of the recorded scenes (§IV-B)."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Count, Fraction, Natural, NonNegative, Positive, Seed, configuration
from graspbook.world.table.wrist_config import WristConfig


@configuration
class ScenesConfig:
    """What stands in a scene, how many are recorded, and by which camera.

    Attributes:
        seed: of the single-object scenes; the other sets have the next three.
        known: how many objects are known, the first of `graspbook.don.scenes.objects.KNOWN`: fewer have fewer
            look-alikes among them.
        n_single, n_multi: training scenes; the single-object ones show one object after another.
        n_validation_multi, n_validation_single: scenes to choose weights on.
        n_test: scenes to measure on, packed and loose in turn.
        min_known, max_known: known objects in a scene of several.
        unknown: others beside them, of shapes and prints that neither training nor test shares with the other.
        packed: width of the area that objects fall into in a packed scene, metres.
        loose: the same where they lie apart.
        squeeze: the soft object is squeezed by up to this part between scenes, ...
        curve: and bent by up to so much, 1/metres.
        table_variety: the brightness of the table changes by up to this part from scene to scene.
        camera: on the wrist.
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
