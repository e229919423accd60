"""Configuration of the paper "Fast Instance and Semantic Segmentation": its part of `params.yaml`."""

from typing import Annotated, Literal

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Count, Fraction, NonNegative, Positive, Replicates, Seed, configuration
from graspbook.instances.config import MaskRCNNSettings
from graspbook.joint.training_config import AnyRow, NetworkConfig, Row, TrainConfig
from graspbook.training.families import named_rows
from graspbook.world.aisle.config import AisleConfig

Score = Literal["confidence", "certainty", "size", "product"]
"""How an instance is ranked, which the paper leaves open: see `graspbook.joint.clustering.score_instances`."""


@configuration
class DataConfig:
    """Pictures and labels in Cityscapes' layout (§IV-A).

    Attributes:
        seed: of the training drives; validation and test have the next two.
        n_train, n_validation, n_test: pictures that are made.
        folder: of a data set that is there already, such as the real Cityscapes; None: an aisle is made.
        validation_cities: of such a folder's split "train": they choose, and are not trained on; its "val" is the test.
    """

    seed: Seed
    n_train: Count
    n_validation: Count
    n_test: Count
    folder: str | None
    validation_cities: list[str]

    def __post_init__(self) -> None:
        if (self.folder is not None) != bool(self.validation_cities):
            raise ValueError("validation_cities: expected some if, and only if, there is a folder")


@configuration
class SuperpixelConfig:
    """§III-C.

    Attributes:
        compactness: weight of the distance in the image plane, in units of Lab per k pixels.
        sizes: k that are compared.
        images: pictures that they are compared on.
        repeats: of a measurement of time.
        replicates: of the bootstrap over drives.
    """

    compactness: Positive
    sizes: Annotated[list[Annotated[int, Interval(ge=1, le=64)]], MinLen(2)]
    images: Count
    repeats: Count
    replicates: Replicates


@configuration
class ClusterConfig:
    """Post-processing (§III-B).

    Attributes:
        threshold: confidence from which an element can be a centre.
        assign: an element farther from all centres than this belongs to none; the paper: delta_a.
        duplicates: a centre nearer to a surer one than this is the same; the paper: delta_a.
        score: how instances are ranked.
        radius: of the all-to-all clustering: elements so near attract each other.
        shifts: of the all-to-all clustering: rounds.
        least: instances with fewer elements are dropped.
    """

    threshold: Fraction
    assign: Positive
    duplicates: NonNegative
    score: Score
    radius: Positive
    shifts: Count
    least: Count


@configuration
class ChoiceConfig:
    """What is chosen on validation pictures: whatever the paper leaves open, or what does not fit our pictures.

    Attributes:
        pictures: at most so many validation pictures choose.
        thresholds: of the confidence, the paper's first.
        assign: distances to the nearest centre, the paper's first.
        radii: of the all-to-all clustering.
        scores: how instances are ranked.
    """

    pictures: Count
    thresholds: Annotated[list[Fraction], MinLen(1)]
    assign: Annotated[list[Positive], MinLen(1)]
    radii: Annotated[list[Positive], MinLen(1)]
    scores: Annotated[list[Score], MinLen(1)]


@configuration
class TimingConfig:
    """How milliseconds are measured (Table I).

    Attributes:
        width, height: of the pictures.
        pictures: how many, at most.
        repeats: of each measurement; the shortest counts.
    """

    width: Count
    height: Count
    pictures: Count
    repeats: Count


@configuration
class BeyondConfig:
    """What bounds the method (ours).

    Attributes:
        pictures: at most so many test pictures.
        sizes: k of the grids that true labels are brought down to and back from.
        counts: instances on a grid whose clustering is timed.
        side: of each of them, elements.
        repeats: of each measurement; the shortest counts.
    """

    pictures: Count
    sizes: Annotated[list[Annotated[int, Interval(ge=1, le=64)]], MinLen(2)]
    counts: Annotated[list[Count], MinLen(3)]
    side: Count
    repeats: Count


@configuration
class MetricsConfig:
    """Scores (§IV-B).

    Attributes:
        least_area: objects and detections of fewer pixels count neither way.
        seed: of the bootstrap over drives.
        replicates: of the bootstrap.
    """

    least_area: Count
    seed: Seed
    replicates: Replicates


@configuration
class Joint:
    """One field for each section of `params.yaml`, in the order of the paper."""

    world: AisleConfig
    data: DataConfig
    superpixels: SuperpixelConfig
    network: NetworkConfig
    train: TrainConfig
    mask_rcnn: MaskRCNNSettings
    trainings: Annotated[dict[str, dict[str, AnyRow]], MinLen(1)]
    clustering: ClusterConfig
    choice: ChoiceConfig
    timing: TimingConfig
    metrics: MetricsConfig
    beyond: BeyondConfig

    def __post_init__(self) -> None:
        for where, row in named_rows(self.trainings):
            if isinstance(row, Row) and row.k >= self.network.encoder_stride:
                raise ValueError(f"{where}.k is {row.k}, not below network.encoder_stride")
