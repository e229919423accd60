"""All sections of the paper's part of `params.yaml`: those of `config`, and those of pages that came later.

They are apart so that no earlier page hangs on them.
"""

import dataclasses
from typing import Annotated

from annotated_types import MinLen

from graspbook.configuration import Count, Natural, Positive, configuration
from graspbook.selfsup import config
from graspbook.world.config import Dials
from graspbook.world.upsets import Upsets


@configuration
class Thresholds:
    """One threshold of each classical method, in the units of `BaselinesConfig`."""

    subtract: Positive
    mog: Positive
    mog2: Positive
    lsbp: Positive


@configuration
class UnkindConfig(config.CollectConfig):
    """A cell in which subtraction errs as much as in the paper's (ours; tests an explanation of Table I).

    Attributes:
        dials: of the cell; all else of it is as in `world`.
        thresholds: of the classical methods, fixed.
    """

    dials: Dials
    thresholds: Thresholds


SEARCHED = (*(field.name for field in dataclasses.fields(Upsets)), "subtract", "mog", "lsbp")
"""What the calibration turns: the upsets, and the thresholds but that of MOG2, which stays at OpenCV's default."""


@configuration
class CalibratedConfig(config.CollectConfig):
    """A cell calibrated on all classical rows of Table I (ours; tests an explanation of that table).

    Attributes:
        dials: of the cell; all else of it is as in `world`.
        mog2: varThreshold.
        n_search: training grasps that the search looks at.
        trials: how often it measures.
        random_trials: how many of these are drawn at random, the first ones.
        ranges: from and to, of each of `SEARCHED`.
        n_judged: test grasps whose masks are judged by what they show.
    """

    dials: Dials
    mog2: Positive
    n_search: Count
    trials: Count
    random_trials: Natural
    ranges: dict[str, tuple[float, float]]
    n_judged: Count

    def __post_init__(self) -> None:
        if set(self.ranges) != set(SEARCHED):
            raise ValueError(f"ranges: expected {', '.join(SEARCHED)}, got {', '.join(self.ranges)}")
        for name, (low, high) in self.ranges.items():
            if not 0 <= low <= high:
                raise ValueError(f"ranges.{name}: expected two numbers from 0, the lower one first, got {low}, {high}")


@configuration
class SingleShareConfig:
    """Row Single-Object-100 with other shares of single-object images (ours; tests an explanation of Table II).

    Attributes:
        singles: of the images of a batch, for each training.
        grasps: unlabelled grasps that the single objects come from, the first ones.
        replicates: of the bootstrap.
    """

    singles: Annotated[tuple[Count, ...], MinLen(1)]
    grasps: Count
    replicates: Count


@configuration
class Selfsup(config.Selfsup):
    """One field for each section of `params.yaml`."""

    unkind: UnkindConfig
    calibrated: CalibratedConfig
    single_share: SingleShareConfig

    def __post_init__(self) -> None:
        super().__post_init__()
        most = max(model.labels for model in self.models.values()) + self.train.held_out
        for name in ("unkind", "calibrated"):
            there = getattr(self, name).n_train
            if most > there:
                raise ValueError(f"{name}.n_train is {there}, but the largest of the models needs {most} grasps")
        if max(self.single_share.singles) > self.segment.batch_size:
            raise ValueError(f"single_share.singles: expected at most segment.batch_size, {self.segment.batch_size}")
        if self.single_share.grasps > self.scenes.n_unlabelled:
            raise ValueError(f"single_share.grasps: expected at most scenes.n_unlabelled, {self.scenes.n_unlabelled}")
