"""Configuration of the robots: sections `pick`, `grasp_errors`, `without_choice`, `continual` and `film`."""

from dataclasses import replace
from typing import Annotated

from annotated_types import Ge, MinLen

from graspbook.core.configuration import Count, Fraction, LearningRate, Replicates, Seed, configuration
from graspbook.selfsup.instance_segmentation.config import BatchSize, SegmentTrainConfig

Bins = Annotated[int, Ge(2)]


@configuration
class PickConfig:
    """§VI-A: how long each robot picks, and which masks it believes.

    Attributes:
        seed: of the bins.
        bins: to pick from.
        attempts: grasps per bin, at most.
        threshold: masks below this score are not believed.
    """

    seed: Seed
    bins: Bins
    attempts: Count
    threshold: Fraction


@configuration
class Robot:
    """A robot of Table III.

    Attributes:
        title: the row's name in Table III.
        sees: the folder of its model, relative to the repository; for the true masks, what they come from.
    """

    title: str
    sees: str


@configuration
class GraspErrorsConfig:
    """§VI-B, §VI-C: Table III and Figure 4.

    Attributes:
        seed: of the bootstrap.
        replicates: of the bootstrap.
        robots: by their name in section `rows`; "true-masks" is told the truth.
        shown: failures of each kind in Figure 4.
        looked_at: labelled pictures in which every believed mask is judged.
    """

    seed: Seed
    replicates: Replicates
    robots: Annotated[dict[str, Robot], MinLen(1)]
    shown: Count
    looked_at: Count


@configuration
class WithoutChoiceConfig:
    """Ours: the robots of Table III, given one mask at random, and true masks, some of them spoilt.

    Attributes:
        bins: the first ones of `pick`.
        rates: shares of the true masks that are spoilt.
        replicates: of the bootstrap.
    """

    bins: Bins
    rates: Annotated[tuple[Fraction, ...], MinLen(1)]
    replicates: Replicates


@configuration
class ContinualConfig:
    """Ours: how a robot goes on learning from its own grasps, round by round.

    Attributes:
        seed: of the bins of all rounds, and of the bootstrap.
        rounds: by number, from 0, the folder that each goes on from; in round 0 the robots are measured and learn
            nothing.
        bins: picked from in a round.
        enter_round: from this round on, new objects are in the bins.
        share_new: of the objects in a bin, from then on.
        labels: labelled images that the robots learn from in every round.
        inpaint: whether outlines of pasted objects are repainted.
        steps: of training in a round.
        batch_size: images per step.
        learning_rate: of AdamW at its highest, in every round.
        test_bins: of known objects, and as many of new ones.
        test_images: of new objects, for AP.
        attempts: grasps per bin, at most.
        threshold: masks below this score are not believed.
        replicates: of the bootstrap.
    """

    seed: Seed
    rounds: Annotated[dict[str, str], MinLen(1)]
    bins: Count
    enter_round: Count
    share_new: Fraction
    labels: Count
    inpaint: bool
    steps: Count
    batch_size: BatchSize
    learning_rate: LearningRate
    test_bins: Bins
    test_images: Count
    attempts: Count
    threshold: Fraction
    replicates: Replicates

    def __post_init__(self) -> None:
        if list(self.rounds) != [str(number) for number in range(len(self.rounds))]:
            raise ValueError(f"rounds: expected them to be numbered 0, 1, 2, ..., got {', '.join(self.rounds)}")
        if self.enter_round >= len(self.rounds):
            raise ValueError(f"enter_round {self.enter_round} never comes: the last round is {len(self.rounds) - 1}")

    def training(self, segment: SegmentTrainConfig) -> SegmentTrainConfig:
        """How to train in a round: like the rows of Table II in all that is not said here, evaluated at the end."""
        return replace(
            segment,
            seed=self.seed,
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            evaluate_every=self.steps,
            patience=None,
        )


@configuration
class FilmConfig:
    """The film: which bin is emptied, by which robot.

    Attributes:
        seed: of the bin.
        robot: by its name in section `rows`.
        attempts: grasps, at most.
        threshold: masks below this score are not believed.
    """

    seed: Seed
    robot: str
    attempts: Count
    threshold: Fraction
