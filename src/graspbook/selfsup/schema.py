"""All sections of the paper's part of `params.yaml`: those of `config`, and those of pages that came later.

They are apart so that no earlier page hangs on them.
"""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Literal

from annotated_types import Interval, MinLen

from graspbook.configuration import Count, Natural, Positive, Seed, configuration
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


@configuration
class RepeatsConfig:
    """Why rows with pasting hand in an object twice (ours; tests an explanation of Table II).

    Attributes:
        pasted: a row of section `rows` with pasting, that is trained again.
        alone: a row of Mask2Former without pasting, that is trained again.
        max_objects: objects pasted at most, for each training in place of `pasting.max_objects`.
        steps: for each training of the two rows in place of `segment.steps`.
        models: rows whose weights are kept, for the look at fuller test images.
        added: objects that are pasted on the test images, for each look.
        images: test images that they look at, spread over the set.
        replicates: of the bootstrap.
    """

    pasted: str
    alone: str
    max_objects: tuple[Count, ...]
    steps: tuple[Count, ...]
    models: Annotated[tuple[str, ...], MinLen(1)]
    added: Annotated[tuple[Natural, ...], MinLen(1)]
    images: Count
    replicates: Count


@configuration
class LuckConfig:
    """Rows of Table II, trained again with other seeds (ours): how much of a difference is luck.

    Attributes:
        seeds: beside that of `segment`.
        rows: trained again, by their names in section `rows`: Mask2Formers without `single`.
        replicates: of the bootstrap over bins and trainings.
    """

    seeds: Annotated[tuple[Seed, ...], MinLen(1)]
    rows: Annotated[tuple[str, ...], MinLen(1)]
    replicates: Count


@configuration
class ConvergedConfig:
    """Grasp segmentation trained to the end, without early stopping (ours): is the model confidently wrong then?

    Attributes:
        steps: lengths of training, rising; one of them that of section `train`, as in Table I.
        seeds: of further trainings of the shortest length, beside that of section `train`.
    """

    steps: Annotated[tuple[Count, ...], MinLen(1)]
    seeds: Annotated[tuple[Seed, ...], MinLen(1)]


@configuration
class AgainConfig:
    """The loop of section `continual`, run once more (ours).

    Attributes:
        seed: another than that of `continual`.
    """

    seed: Seed


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
class KnownApartConfig:
    """How much AP on known objects owes to bins that training images show as well (ours; checks our method).

    Attributes:
        seed: of the grasps, and of the bootstrap.
        n_images: labelled images of known objects in bins of their own: successful grasps.
        rows: of section `rows`, with keep_weights.
        replicates: of the bootstrap.
    """

    seed: Seed
    n_images: Count
    rows: Annotated[tuple[str, ...], MinLen(1)]
    replicates: Count


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


@configuration
class Selfsup(config.Selfsup):
    """One field for each section of `params.yaml`."""

    unkind: UnkindConfig
    calibrated: CalibratedConfig
    single_share: SingleShareConfig
    calibrated_rows: CalibratedRowsConfig
    repeats: RepeatsConfig
    luck: LuckConfig
    converged: ConvergedConfig
    again: AgainConfig
    fine: FineConfig
    fine_robots: FineRobotsConfig
    fine_loop: FineLoopConfig
    known_apart: KnownApartConfig
    upset_dials: UpsetDialsConfig

    def __post_init__(self) -> None:
        super().__post_init__()
        most = max(model.labels for model in self.models.values()) + self.train.held_out
        for name in ("unkind", "calibrated", "fine"):
            there = getattr(self, name).n_train
            if most > there:
                raise ValueError(f"{name}.n_train is {there}, but the largest of the models needs {most} grasps")
        if max(self.single_share.singles) > self.segment.batch_size:
            raise ValueError(f"single_share.singles: expected at most segment.batch_size, {self.segment.batch_size}")
        if self.single_share.grasps > self.scenes.n_unlabelled:
            raise ValueError(f"single_share.grasps: expected at most scenes.n_unlabelled, {self.scenes.n_unlabelled}")
        self._check_rows_elsewhere("calibrated_rows", BANKS, but=("single", "inpaint"))
        self._check_rows_elsewhere("fine", FINE_BANKS)
        self._check_fine()
        self._check_repeats()
        self._check_luck()
        for name in self.known_apart.rows:
            if name not in self.rows or not self.rows[name].keep_weights:
                raise ValueError(f"known_apart.rows: expected names of section rows with keep_weights, got {name!r}")
        if self.again.seed == self.continual.seed:
            raise ValueError(f"again.seed: expected another than continual.seed, {self.continual.seed}")
        if len(self.continual.rounds) < 2:
            raise ValueError(
                "again: expected at least two rounds in continual.rounds, one to start from and one to learn in"
            )
        steps = self.converged.steps
        if list(steps) != sorted(set(steps)) or self.train.steps not in steps:
            raise ValueError(
                f"converged.steps: expected rising lengths with train.steps, {self.train.steps}, among them, "
                f"got {', '.join(map(str, steps))}"
            )
        if self.train.seed in self.converged.seeds:
            raise ValueError(f"converged.seeds: expected seeds other than train.seed, {self.train.seed}")

    def _check_rows_elsewhere(self, section: str, banks: Sequence[str], but: Sequence[str] = ()) -> None:
        there = getattr(self, section)
        for name in there.rows:
            if name not in self.rows:
                raise ValueError(f"{section}.rows: expected names of section rows, got {name!r}")
            row = self.rows[name]
            if row.model != "mask2former" or row.bank not in banks or any(getattr(row, field) for field in but):
                raise ValueError(
                    f"{section}.rows: expected rows with model mask2former and bank {' or '.join(banks)}"
                    f"{', without ' if but else ''}{' and '.join(but)}, got {name}"
                )
            if row.labels > there.n_labelled:
                raise ValueError(f"{section}.n_labelled is {there.n_labelled}, but rows.{name}.labels is {row.labels}")
        bought = there.n_labelled - self.models["grasp-100"].labels
        if bought > there.n_unlabelled:
            raise ValueError(
                f"{section}.n_labelled asks for labels of {bought} unlabelled grasps, but "
                f"{section}.n_unlabelled is {there.n_unlabelled}"
            )

    def _check_fine(self) -> None:
        there = self.fine
        if there.height < max(self.world.height, self.network.height):
            raise ValueError(
                f"fine.height: expected at least world.height and network.height, {self.world.height} and "
                f"{self.network.height}, got {there.height}"
            )
        if there.n_realism >= there.n_unlabelled:
            raise ValueError(f"fine.n_realism: expected fewer than fine.n_unlabelled, {there.n_unlabelled}")
        if max(there.strengths) > 1:
            raise ValueError(f"fine.strengths: expected numbers above 0 and at most 1, got {max(there.strengths)}")
        rows = [self.rows[name] for name in there.rows]
        if not any(row.bank == "grasp-100" and not row.robust and not row.single for row in rows):
            raise ValueError(
                f"fine.rows: expected a row with bank grasp-100, without robust and single, got {', '.join(there.rows)}"
            )
        for name in self.fine_robots.rows:
            if name not in there.rows:
                raise ValueError(f"fine_robots.rows: expected names of fine.rows, got {name!r}")
        start = self.fine_loop.start
        if start not in there.rows or self.rows[start].bank != "none":
            raise ValueError(f"fine_loop.start: expected one of fine.rows with bank none, got {start!r}")
        if self.rows[start].labels != self.continual.labels:
            raise ValueError(
                f"fine_loop.start: expected a row with the labels of continual, {self.continual.labels}, got {start}"
            )

    def _check_repeats(self) -> None:
        there = self.repeats
        for field, names in {"pasted": (there.pasted,), "alone": (there.alone,), "models": there.models}.items():
            for name in names:
                if name not in self.rows or self.rows[name].model != "mask2former":
                    raise ValueError(
                        f"repeats.{field}: expected a row of section rows with model mask2former, got {name!r}"
                    )
                if field == "models" and not self.rows[name].keep_weights:
                    raise ValueError(f"repeats.models: expected rows with keep_weights, got {name}")
        for field in ("pasted", "alone"):
            row = self.rows[getattr(there, field)]
            if (row.bank == "none") != (field == "alone") or row.single or row.robust or row.inpaint:
                kind = "no bank" if field == "alone" else "a bank"
                raise ValueError(
                    f"repeats.{field}: expected a row with {kind}, without single, robust and inpaint, got "
                    f"{getattr(there, field)}"
                )
        if max(there.max_objects, default=0) >= self.pasting.max_objects:
            raise ValueError(
                f"repeats.max_objects: expected fewer than pasting.max_objects, {self.pasting.max_objects}"
            )
        if max(there.steps, default=0) >= self.segment.steps:
            raise ValueError(f"repeats.steps: expected fewer than segment.steps, {self.segment.steps}")

    def _check_luck(self) -> None:
        there = self.luck
        for name in there.rows:
            if name not in self.rows or self.rows[name].model != "mask2former" or self.rows[name].single:
                raise ValueError(
                    f"luck.rows: expected rows of section rows with model mask2former, without single, got {name!r}"
                )
        if len({self.segment.seed, *there.seeds}) <= len(there.seeds):
            raise ValueError(
                f"luck.seeds: expected seeds that differ from each other and from segment.seed, {self.segment.seed}, "
                f"got {', '.join(map(str, there.seeds))}"
            )
