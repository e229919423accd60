"""Configuration of the paper "Self-Supervised Instance Segmentation by Grasping"."""

import re
from typing import Annotated

from annotated_types import MinLen

from graspbook.core.configuration import Count, Seed, configuration
from graspbook.selfsup.grasp_segmentation.config import (
    BaselinesConfig,
    DialCurvesConfig,
    EvaluateConfig,
    GraspModel,
    TrainConfig,
)
from graspbook.selfsup.inpainting.config import InpaintConfig, InpainterConfig
from graspbook.selfsup.instance_segmentation.config import (
    InstancesConfig,
    NetworkConfig,
    Row,
    ScenesConfig,
    SegmentTrainConfig,
    StartConfig,
    StudentsConfig,
)
from graspbook.selfsup.pasting.config import BankConfig, PasteConfig, PasteFiguresConfig
from graspbook.selfsup.picking.config import (
    ContinualConfig,
    FilmConfig,
    GraspErrorsConfig,
    PickConfig,
    WithoutChoiceConfig,
)
from graspbook.world.config import WorldConfig

TRUE_MASKS = "true-masks"
"""The robot that is told the truth: it has no model."""
GRASP_MODEL = "grasp-100"
"""The model of Table I that cuts the objects out."""
FIRST_ROBOT = "mask2former-100"
"""The row of Table II that goes on learning from its own grasps."""


@configuration
class CollectConfig:
    """§IV-A: the grasps whose outcome teaches and tests grasp segmentation.

    Attributes:
        seed: of the training grasps; the test grasps have the next.
        n_train: successful grasps of training objects.
        n_test: successful grasps of test objects.
    """

    seed: Seed
    n_train: Count
    n_test: Count


@configuration
class Selfsup:
    """One field for each section of `params/selfsup.yaml`, in the order of the paper."""

    world: WorldConfig
    collect: CollectConfig
    baselines: BaselinesConfig
    train: TrainConfig
    models: Annotated[dict[str, GraspModel], MinLen(1)]
    evaluate: EvaluateConfig
    dials: DialCurvesConfig
    scenes: ScenesConfig
    bank: BankConfig
    pasting: PasteConfig
    paste: PasteFiguresConfig
    inpainter: InpainterConfig
    inpaint: InpaintConfig
    network: NetworkConfig
    start: StartConfig
    segment: SegmentTrainConfig
    rows: Annotated[dict[str, Row], MinLen(1)]
    instances: InstancesConfig
    students: StudentsConfig
    pick: PickConfig
    grasp_errors: GraspErrorsConfig
    without_choice: WithoutChoiceConfig
    continual: ContinualConfig
    film: FilmConfig

    def __post_init__(self) -> None:
        for name in (*self.models, *self.rows, *self.grasp_errors.robots):
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
                raise ValueError(f"'{name}' becomes a file's name: expected lower-case letters, digits and hyphens")
        self._check_data()
        self._check_rows()
        self._check_robots()

    def _check_data(self) -> None:
        """Is there enough data for everything that asks for some?"""
        most = max(model.labels for model in self.models.values())
        if most + self.train.held_out > self.collect.n_train:
            raise ValueError(
                f"collect.n_train is {self.collect.n_train}, but the largest of the models needs {most} "
                f"labelled and {self.train.held_out} held-out grasps (train.held_out)"
            )
        for field, number, of, there in (
            ("baselines.n_grasps", self.baselines.n_grasps, "collect.n_train", self.collect.n_train),
            ("inpaint.n_realism", self.inpaint.n_realism, "inpaint.n_scenes", self.inpaint.n_scenes - 1),
        ):
            if number > there:
                raise ValueError(f"{field} is {number}, but with {of} there are only {there}")
        if GRASP_MODEL not in self.models:
            raise ValueError(f"models has no '{GRASP_MODEL}', which cuts the objects out")
        bought = self.scenes.n_labelled - self.models[GRASP_MODEL].labels
        if bought > self.scenes.n_unlabelled:
            raise ValueError(
                f"scenes.n_labelled asks for labels of {bought} unlabelled grasps, "
                f"but scenes.n_unlabelled is {self.scenes.n_unlabelled}"
            )

    def _check_rows(self) -> None:
        """Do the rows of Table II find their data, and the curves their rows?"""
        for where, labels in (
            *((f"rows.{name}.labels", row.labels) for name, row in self.rows.items()),
            ("continual.labels", self.continual.labels),
        ):
            if labels > self.scenes.n_labelled:
                raise ValueError(f"{where} is {labels}, but scenes.n_labelled is {self.scenes.n_labelled}")
        for name, row in self.rows.items():
            if (row.grasps or 0) > self.scenes.n_unlabelled:
                raise ValueError(
                    f"rows.{name}.grasps is {row.grasps}, but scenes.n_unlabelled is {self.scenes.n_unlabelled}"
                )
            if row.bank not in ("none", *self.bank.sources):
                raise ValueError(f"rows.{name}.bank is '{row.bank}', which is not among bank.sources")
        by_title = {row.title: row for row in self.rows.values()}
        if len(by_title) < len(self.rows):
            raise ValueError("rows: expected every title once, two rows have the same")
        labels = {title: row.labels for title, row in by_title.items()}
        grasps = {title: row.grasps or 0 for title, row in by_title.items()}
        curves = {"labels_of": (self.instances.labels_of, labels), "grasps_of": (self.instances.grasps_of, grasps)}
        for curve, (points, known) in curves.items():
            for title, number in points.items():
                if title not in known:
                    raise ValueError(f"instances.{curve}: none of the rows has the title '{title}'")
                if number != known[title]:
                    raise ValueError(f"instances.{curve}: '{title}' has {known[title]} in its row, not {number}")

    def _check_robots(self) -> None:
        """Does every robot have a model, and are there bins enough?"""
        kept = [name for name, row in self.rows.items() if row.keep_weights]
        for where, robot in (
            *(("grasp_errors.robots", robot) for robot in self.grasp_errors.robots if robot != TRUE_MASKS),
            ("film.robot", self.film.robot),
            ("continual", FIRST_ROBOT),
        ):
            if robot not in kept:
                raise ValueError(f"{where}: none of the rows with keep_weights is '{robot}', only {', '.join(kept)}")
        if self.without_choice.bins > self.pick.bins:
            raise ValueError(f"without_choice.bins is {self.without_choice.bins}, but pick.bins is {self.pick.bins}")
