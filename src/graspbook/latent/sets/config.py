"""Configuration of the two more data sets, and of what is trained on them."""

from typing import Annotated

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Count, Natural, Seed, configuration
from graspbook.latent.config import Row
from graspbook.training.families import named_rows
from graspbook.world.aisle.config import AisleConfig
from graspbook.world.hall.config import HallConfig
from graspbook.world.labellers.config import FarLabelConfig, LabelConfig


@configuration
class RealSplit:
    """One file of a real data set in COCO's layout.

    Attributes:
        annotations: Path of the JSON file, relative to the data set's folder.
        images: Path of the folder with its images, relative to the data set's folder.
    """

    annotations: Annotated[str, MinLen(1)]
    images: str


@configuration
class RealSet:
    """A data set that is there already: COCO, Cityscapes converted to COCO's layout, or Apparel-5k.

    Attributes:
        folder: Folder of the data set.
        train: File and images for training; the last images are held out for validation.
        test: File and images for testing.
        height: Height that images are fitted into, pixels; the rest is black.
        width: Width that images are fitted into, pixels; the rest is black.
    """

    folder: Annotated[str, MinLen(1)]
    train: RealSplit
    test: RealSplit
    height: Annotated[int, Interval(ge=32, le=4096)]
    width: Annotated[int, Interval(ge=32, le=4096)]


@configuration
class SetConfig:
    """Number of images of a data set, and where they come from.

    Attributes:
        seed: Seed of the training images; validation and test images take the next two integers, with textures of their
            own.
        n_train: Training images; of a real data set at most so many, the first ones.
        n_validation: Validation images; of a real data set the last ones of its training file.
        n_test: Test images; of a real data set at most so many, the first ones.
        real: Data set that exists already; None: one is simulated.
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
        world: Contents and pictures of the halls.
        labels: How labellers disagree.
    """

    world: HallConfig
    labels: LabelConfig


@configuration
class AisleSetConfig(SetConfig):
    """Drives down an aisle, which stand for Cityscapes; each gives one picture.

    Attributes:
        world: Contents and pictures of the aisles; one picture a drive.
        labels: How labellers disagree.

    Raises:
        ValueError: A drive has more than one picture.
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
        start_steps: Gradient steps of the common Mask R-CNN that all rows of a data set start from.
        evaluate_every: Steps between evaluations on held-out images.
        trainings: Rows by family and name, each family on one data set.

    Raises:
        ValueError: A row redraws coins, or the rows of a family have several data sets.
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
