"""All sections of the paper's part of `params.yaml`: those of `config`, and those of the unkind and calibrated cells.

They are apart so that no page of the default cell hangs on what the others are made of.
"""

import dataclasses

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
class Selfsup(config.Selfsup):
    """One field for each section of `params.yaml`."""

    unkind: UnkindConfig
    calibrated: CalibratedConfig

    def __post_init__(self) -> None:
        super().__post_init__()
        most = max(model.labels for model in self.models.values()) + self.train.held_out
        for name in ("unkind", "calibrated"):
            there = getattr(self, name).n_train
            if most > there:
                raise ValueError(f"{name}.n_train is {there}, but the largest of the models needs {most} grasps")
