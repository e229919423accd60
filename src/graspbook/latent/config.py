"""Configuration of the paper "Distributional Instance Segmentation"."""

from typing import Annotated, Literal

from annotated_types import Ge, Interval, MinLen

from graspbook.core.configuration import (
    Count,
    Fraction,
    LearningRate,
    Natural,
    NonNegative,
    Replicates,
    Seed,
    configuration,
)
from graspbook.instances.config import MaskRCNNSettings
from graspbook.latent.apparel.config import DataConfig
from graspbook.nn.config import WeightSource, check_location
from graspbook.training.families import named_rows

Model = Literal["plain", "latent"]
"""Mask R-CNN, and Latent-MaskRCNN."""
DatasetName = Literal["apparel", "objects", "aisle"]
"""Those that stand for Apparel-5k, COCO and Cityscapes (§V-A)."""


@configuration
class LatentSettings:
    """The latent code, and how it goes in and out (§III-B, appendix A); the paper's choices in brackets.

    Attributes:
        dimensions: Dimensions of the code (64).
        hidden: Channels of the encoder's graph network and of the prior's MLP.
        rounds: Layers of the graph network ("several").
        side: Side of the grid that each region's features are pooled to, pixels.
        sizes: Whether the encoder also reads the mean and the spread of the instances' sizes, and their number (no).
        residual: Whether the injection has a residual connection around it (no).
        coordinates: Whether the injection also reads image coordinates, x and y from -1 to 1 (no).
    """

    dimensions: Count
    hidden: Count
    rounds: Count
    side: Annotated[int, Ge(4)]
    sizes: bool
    residual: bool
    coordinates: bool


@configuration
class TrainConfig:
    """How every row is trained (§III-B, §V-A); the paper's choices in brackets.

    Attributes:
        seed: Seed of the first training of each row; the row's further trainings take the next integers.
        start_steps: Gradient steps of the common Mask R-CNN that all rows of a data set start from; 0: no common start
            (0).
        steps: Gradient steps of a row after the common start; a row may have its own number.
        batch_size: Images in each batch.
        learning_rate: Highest learning rate of AdamW; it rises linearly, then falls as half a cosine.
        backbone_rate: Learning rate of the pretrained backbone, as a share of the common one, 0..1.
        encoder_rate: Learning rate of the encoder, as a share of the common one, 0..1; with a high one codes change
            faster than the decoder can follow (1).
        weight_decay: Weight decay of AdamW.
        clip: Largest norm of the gradient.
        beta: Final weight of the KL term; losses are means, so that 1 would make the code collapse.
        warm_up: Start and end of the linear rise of that weight from 0, as shares of the steps, 0..1.
        calibrate: Images on which the encoder is calibrated before the first step; 0: no calibration (0).
        evaluate_every: Steps between evaluations on held-out images.
        weights: Source of the backbone's weights: "bundled", "hub" or "random".
        location: A weight file or a name on the hub; only for weights from the "hub", else None.

    Raises:
        ValueError: The location does not fit the source of the weights, or the warm-up ends before it starts.
    """

    seed: Seed
    start_steps: Natural
    steps: Count
    batch_size: Annotated[int, Ge(2)]
    learning_rate: LearningRate
    backbone_rate: Fraction
    encoder_rate: Fraction
    weight_decay: NonNegative
    clip: Annotated[float, Interval(gt=0)]
    beta: NonNegative
    warm_up: tuple[Fraction, Fraction]
    calibrate: Natural
    evaluate_every: Count
    weights: WeightSource
    location: str | None

    def __post_init__(self) -> None:
        check_location(self.weights, self.location)
        if self.warm_up[0] > self.warm_up[1]:
            raise ValueError(f"warm_up: expected a rise from left to right, got {list(self.warm_up)}")


@configuration
class Row:
    """One row of a table: a model, what it learns from, and where it differs from the common settings.

    Attributes:
        title: Name of the row in the tables.
        model: Model: "plain" Mask R-CNN, or "latent" with a code.
        seeds: Number of trainings, each with a seed of its own.
        data: Data set that the row is trained on.
        steps: Gradient steps; None: as `train` says.
        dimensions: Dimensions of the code; None: as `latent` says.
        coordinates: Whether the injection reads image coordinates; None: as `latent` says.
        encoder_rate: Learning rate of the encoder, as a share of the common one, 0..1; None: as `train` says.
        beta: Final weight of the KL term; None: as `train` says.
        calibrate: Images on which the encoder is calibrated; None: as `train` says.
        agreement: Probability, 0..1, that a redrawn label follows its tote's coin; None: the labels as they are
            (apparel only).
        same_start: Whether the row starts from the common Mask R-CNN; an ensemble's members have a start of their own.
    """

    title: Annotated[str, MinLen(1)]
    model: Model
    seeds: Count
    data: DatasetName = "apparel"
    steps: Count | None = None
    dimensions: Count | None = None
    coordinates: bool | None = None
    encoder_rate: Fraction | None = None
    beta: NonNegative | None = None
    calibrate: Natural | None = None
    agreement: Fraction | None = None
    same_start: bool = True


@configuration
class PredictConfig:
    """How predictions are made from samples (§IV).

    Attributes:
        seed: Seed of the codes.
        samples: Number K of samples for each image.
        p: Probability p of the confidence masks of Table I, 0..1 (0.9).
        every_p: Probabilities p of Figures 4, 5 and 8, 0..1, from low to high.
        hypothesis: Least score of a detection that counts as part of a sample, 0..1.
        stop: Score of the best mask at which algorithm 1 ends, 0..1 (0.1).
        nms: IoU above which a mask suppresses another in Union-NMS, 0..1.
    """

    seed: Seed
    samples: Count
    p: Fraction
    every_p: Annotated[list[Fraction], MinLen(1)]
    hypothesis: Fraction
    stop: Fraction
    nms: Fraction


@configuration
class MetricsConfig:
    """How predictions are judged (§V, appendix C).

    Attributes:
        seed: Seed of the random circles and of the bootstrap.
        replicates: Bootstrap replicates over scenes.
        gripper: Radius of the disc that stands for the gripper (§V-D), as a share of the image's height.
        circles: Random circles on each image.
        believed: Least score of a plain Mask R-CNN's detections that are picked from, 0..1.
        cuts: Mask thresholds of Mask R-CNN's own curve in Figure 5, 0..1.
        erosions: Erosion radii of its masks for that curve, as shares of the image's height, 0..1.
    """

    seed: Seed
    replicates: Replicates
    gripper: Annotated[float, Interval(gt=0, le=0.5)]
    circles: Count
    believed: Fraction
    cuts: Annotated[list[Fraction], MinLen(1)]
    erosions: Annotated[list[Fraction], MinLen(1)]


@configuration
class RobotConfig:
    """The robot that picks apparel (§V-E).

    Attributes:
        seed: Seed of the tote fillings.
        fillings: Number of fillings of the two totes; for each pack taken out, every method looks and grasps once.
        least: Least number of packs in a tote that is looked into; with fewer the tote is taken away.
        points: Candidate points that the planner tries on each mask.
        turns: Candidate turns about the approach that the planner tries at each point.
        replicates: Bootstrap replicates over fillings, and permutations of the paired test.
    """

    seed: Seed
    fillings: Count
    least: Count
    points: Count
    turns: Count
    replicates: Replicates


@configuration
class DiversityConfig:
    """Other ways to diverse predictions (ours).

    Attributes:
        members: Members of the smaller and the larger ensemble; the smaller has a latent model's training time, the
            larger its inference time.
        rates: Dropout rates of MC dropout to try on validation images, 0..1; the best one is used.
        counts: Numbers of samples whose time is measured.
        timed: Images that each number of samples is timed on.
    """

    members: tuple[Count, Count]
    rates: Annotated[list[Fraction], MinLen(1)]
    counts: Annotated[list[Count], MinLen(1)]
    timed: Count


@configuration
class InferenceConfig:
    """What a model was trained with, and how predictions are made from samples (§IV).

    Attributes:
        height: Height of its images, pixels.
        predict: How predictions are made.
    """

    height: Count
    predict: PredictConfig


@configuration
class Latent:
    """One field for each section of `params/latent.yaml`, in the order of the paper.

    Raises:
        ValueError: Rows and sections contradict each other.
    """

    apparel: DataConfig
    mask_rcnn: MaskRCNNSettings
    latent: LatentSettings
    train: TrainConfig
    trainings: Annotated[dict[str, dict[str, Row]], MinLen(1)]
    predict: PredictConfig
    metrics: MetricsConfig
    robot: RobotConfig
    diversity: DiversityConfig

    def __post_init__(self) -> None:
        if self.train.calibrate > self.apparel.n_train:
            raise ValueError(f"train.calibrate is {self.train.calibrate}, but apparel.n_train {self.apparel.n_train}")
        for where, row in named_rows(self.trainings):
            own = ("dimensions", "coordinates", "encoder_rate", "beta", "calibrate")
            if row.model == "plain" and any(getattr(row, field) is not None for field in own):
                raise ValueError(f"{where}: a plain model has no code, hence none of {', '.join(own)}")
            if row.agreement is not None and row.data != "apparel":
                raise ValueError(f"{where}.agreement: only the coins of 'apparel' are known")
