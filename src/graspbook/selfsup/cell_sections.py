"""Sections of `params/selfsup.yaml` about other cells than that of `world`, of pages that came later than `config`.

They are apart so that no earlier page hangs on them.
"""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Count, Natural, Positive, Seed, configuration
from graspbook.selfsup import config
from graspbook.world.bin.corruptions import Corruptions
from graspbook.world.config import Dials


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


SEARCHED = (*(field.name for field in dataclasses.fields(Corruptions)), "subtract", "mog", "lsbp")
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


BANKS = ("none", "train", "subtract-filter", "grasp-100")
"""What may be pasted in the calibrated cell."""

FINE_BANKS = ("none", "subtract-filter", "grasp-100", "grasp-100-filter")
"""What may be pasted there at a larger size."""


@configuration
class CalibratedRowsConfig:
    """Rows of Table II, trained and tested in the calibrated cell (ours; tests an explanation of that table).

    Attributes:
        seed: of the unlabelled grasps; the next two are those of the validation and of the test grasps.
        n_unlabelled: successful grasps that nobody labels.
        n_labelled: images of which all objects are outlined; the first ones are those that taught Grasp-100.
        n_validation: labelled images of bins of known objects that nobody learns from.
        n_test: labelled images of new objects.
        n_judged: masks of each source whose faults are counted, at most.
        rows: those trained, by their names in section `rows`: Mask2Formers with nothing pasted, or with the objects of
            one of `BANKS` (of all unlabelled grasps), as they are.
        replicates: of the bootstrap.
    """

    seed: Natural
    n_unlabelled: Count
    n_labelled: Count
    n_validation: Count
    n_test: Count
    n_judged: Count
    rows: Annotated[tuple[str, ...], MinLen(1)]
    replicates: Count


Dose = Literal["large", "small", "large-inpaint", "small-inpaint"]
"""How outlines of pasted objects are made: at `fine.height` or at `network.height`, repainted or not."""


@configuration
class FineConfig(config.CollectConfig):
    """Objects pasted, and outlines inpainted, at a larger size than networks see, in the calibrated cell (ours).

    Attributes:
        seed: of the grasps that teach Grasp-100; the next ones are those of the unlabelled, validation and test grasps.
        n_train: successful grasps of which some teach Grasp-100.
        n_test: labelled images of new objects.
        height: of photographs, and of the images that objects are pasted on, pixels.
        n_unlabelled: successful grasps that nobody labels.
        n_labelled: images of which all objects are outlined; the first ones are those that taught Grasp-100.
        n_validation: labelled images of bins of known objects that nobody learns from.
        n_realism: unlabelled scenes that are set apart for measuring how real outlines look.
        crop: side of the crops that the inpainting model learns from, pixels at 640x960, in place of
            `inpaint.training.crop`.
        strengths: of the inpainter in place of `inpainter.strength`; the one that looks most real is used.
        composites: images that are pasted for each row.
        rows: those trained, by their names in section `rows`: Mask2Formers with nothing pasted, with the objects of one
            of `FINE_BANKS` (of all unlabelled grasps) pasted, inpainted or not, or with them as single objects.
        doses: trainings of the first row that pastes bank grasp-100, without robust, which differ in how real their
            outlines look, see `Dose`.
        replicates: of the bootstrap.
    """

    height: Count
    n_unlabelled: Count
    n_labelled: Count
    n_validation: Count
    n_realism: Count
    crop: Positive
    strengths: Annotated[tuple[Positive, ...], MinLen(1)]
    composites: Count
    rows: Annotated[tuple[str, ...], MinLen(1)]
    doses: Annotated[tuple[Dose, ...], MinLen(2)]
    replicates: Count


@configuration
class FineRobotsConfig:
    """Table III in the calibrated cell (ours).

    Attributes:
        rows: what the robots see with: some of `fine.rows`. Another robot sees the true masks.
        bins: that each robot picks from, drawn as for section `pick`.
        replicates: of the bootstrap.
    """

    rows: Annotated[tuple[str, ...], MinLen(1)]
    bins: Count
    replicates: Count


@configuration
class FineLoopConfig:
    """The loop of section `continual` in the calibrated cell, with photographs of `fine.height` rows (ours).

    Attributes:
        seeds: one for each run, in place of that of `continual`.
        start: what round 0 goes on from: one of `fine.rows`, with nothing pasted and the labels of `continual`.
    """

    seeds: Annotated[tuple[Seed, ...], MinLen(1)]
    start: str


@configuration
class UpsetDialsConfig:
    """Figure 2 in the calibrated cell, and its upsets turned one at a time (ours).

    Attributes:
        seed: of the test grasps and of their upsets.
        n_grasps: successful grasps of test objects.
        levels: settings of each upset, from never to strong.
    """

    seed: Seed
    n_grasps: Count
    levels: Annotated[int, Interval(ge=2, le=5)]
