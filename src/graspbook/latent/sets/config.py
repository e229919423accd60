"""Configuration of the two more data sets, and of what is trained on them."""

from typing import Annotated

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Count, Natural, Seed, configuration
from graspbook.latent.config import Row
from graspbook.training.families import named_rows
from graspbook.world.aisle.config import AisleConfig
from graspbook.world.labellers.config import FarLabelConfig, LabelConfig
from graspbook.world.objects.config import HallConfig


@configuration
class RealSplit:
    """One file of a real data set in COCO's layout.

    Attributes:
        annotations: the JSON file, below the folder.
        images: folder of its images, below the folder.
    """

    annotations: Annotated[str, MinLen(1)]
    images: str


@configuration
class RealSet:
    """A data set that is there already: COCO, Cityscapes converted to COCO's layout, or Apparel-5k.

    Attributes:
        folder: where it is.
        train: whose last images are held out for validation.
        test: what it is judged on.
        height: of the images, pixels; they are made to fit, and the rest is black.
        width: of the images, pixels.
    """

    folder: Annotated[str, MinLen(1)]
    train: RealSplit
    test: RealSplit
    height: Annotated[int, Interval(ge=32, le=4096)]
    width: Annotated[int, Interval(ge=32, le=4096)]


@configuration
class SetConfig:
    """How many images.

    Attributes:
        seed: of the training images; validation and test have the next two, and textures of their own.
        n_train, n_validation, n_test: images; of a real data set at most so many, the first ones.
        real: a data set that is there already; None: one is made.
    """

    seed: Seed
    n_train: Count
    n_validation: Count
    n_test: Count
    real: RealSet | None


@configuration
class ObjectsConfig(SetConfig):
    """Halls, which stand for COCO.

    Attributes:
        world: what they show.
        labels: what labellers do not agree about.
    """

    world: HallConfig
    labels: LabelConfig


@configuration
class AisleSetConfig(SetConfig):
    """Drives down an aisle, which stand for Cityscapes; each gives one picture.

    Attributes:
        world: what they show.
        labels: what labellers do not agree about.
    """

    world: AisleConfig
    labels: FarLabelConfig

    def __post_init__(self) -> None:
        if self.world.frames != 1:
            raise ValueError(f"world.frames: expected 1 picture a drive, got {self.world.frames}")


@configuration
class SetsConfig:
    """What is trained on them; all else is as for `apparel`.

    Attributes:
        start_steps: gradient steps of the common Mask R-CNN that all rows of a data set start from.
        evaluate_every: steps between looks at held-out images.
        trainings: families of rows, each on one data set.
    """

    start_steps: Natural
    evaluate_every: Count
    trainings: Annotated[dict[str, dict[str, Row]], MinLen(1)]

    def __post_init__(self) -> None:
        for where, row in named_rows(self.trainings):
            if row.agreement is not None:
                raise ValueError(f"{where}.agreement: only the coins of 'apparel' are drawn anew")
        for family, rows in self.trainings.items():
            if len({row.data for row in rows.values()}) != 1:
                raise ValueError(f"trainings.{family}: expected rows of one data set")
