"""Configuration of the paper "Fast Instance and Semantic Segmentation": the schema of `params/joint.yaml`."""

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
        seed: Seed of the training drives; validation and test drives take the next two integers.
        n_train: Training pictures to make.
        n_validation: Validation pictures to make.
        n_test: Test pictures to make.
        folder: Folder of an existing data set, such as the real Cityscapes; None: an aisle is simulated.
        validation_cities: Cities of that folder's split "train" that are held out for validation; its split "val" is
            the test.

    Raises:
        ValueError: There are validation cities without a folder, or a folder without them.
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
        compactness: Weight of the distance in the image plane, in units of Lab per k pixels.
        sizes: Values of k to compare, pixels.
        images: Number of pictures for the comparison.
        repeats: Repetitions of each time measurement.
        replicates: Bootstrap replicates over drives.
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
        threshold: Confidence above which an element can be a centre, 0..1.
        assign: Largest distance in embedding space from an element to its centre; farther ones belong to no instance
            (the paper: delta_a).
        duplicates: Distance in embedding space below which a centre is a duplicate of a more confident one (the paper:
            delta_a).
        score: Score by which instances are ranked.
        radius: Radius of the mean shift in all-to-all clustering, a distance in embedding space.
        shifts: Rounds of the mean shift in all-to-all clustering.
        least: Least number of grid elements of an instance; smaller ones are dropped.
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
    """Settings to choose on validation pictures: those that the paper leaves open or that do not fit our pictures.

    Attributes:
        pictures: Largest number of validation pictures to choose on.
        thresholds: Confidence thresholds to try, 0..1, the paper's first.
        assign: Distances to the nearest centre to try, in embedding space, the paper's first.
        radii: Mean-shift radii to try for all-to-all clustering, in embedding space.
        scores: Ranking scores to try.
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
        width: Width of the timed pictures, pixels.
        height: Height of the timed pictures, pixels.
        pictures: Largest number of pictures to time.
        repeats: Repetitions of each measurement; the shortest counts.
    """

    width: Count
    height: Count
    pictures: Count
    repeats: Count


@configuration
class BeyondConfig:
    """What bounds the method (ours).

    Attributes:
        pictures: Largest number of test pictures to use.
        sizes: Values of k, pixels, of the grids that true labels are brought down to and back from.
        counts: Numbers of instances on a grid whose clustering is timed.
        side: Side of each of these instances, grid elements.
        repeats: Repetitions of each measurement; the shortest counts.
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
        least_area: Least area of objects and detections that count, pixels; smaller ones count neither way.
        seed: Seed of the bootstrap over drives.
        replicates: Bootstrap replicates.
    """

    least_area: Count
    seed: Seed
    replicates: Replicates


@configuration
class InferenceConfig:
    """What a network was trained with, and how its outputs become instances (§III-B, §III-C).

    Attributes:
        height: Height of its pictures, pixels.
        width: Width of its pictures, pixels.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
        clustering: Clustering settings by their method, "centres" and "all-to-all".
    """

    height: Count
    width: Count
    compactness: NonNegative
    clustering: dict[str, ClusterConfig]


@configuration
class Joint:
    """One field for each section of `params/joint.yaml`, in the order of the paper.

    Raises:
        ValueError: A row's k is not below the encoder's output stride.
    """

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
