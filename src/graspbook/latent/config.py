"""Configuration of the paper "Distributional Instance Segmentation": its part of `params.yaml`."""

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
        dimensions: of the code (64).
        hidden: channels of the encoder's graph and of the prior's MLP.
        rounds: layers of the graph network ("several").
        side: regions are read with so many pixels a side.
        sizes: whether the encoder is also told the mean and the spread of sizes and how many instances there are (no).
        residual: whether features are added to what they and the code become (no).
        coordinates: whether the injection is told where in the image it is (no).
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
        seed: of the first training of each row; the next trainings count on.
        start_steps: gradient steps of the common Mask R-CNN that all rows of a data set start from; 0: none (0).
        steps: gradient steps of a row after that; a row may have its own number.
        batch_size: images.
        learning_rate: of AdamW, at its highest; it rises, then falls as half a cosine.
        backbone_rate: of the pretrained backbone, as a share of it.
        encoder_rate: of the encoder, as a share of it: fast, its codes move away from under the decoder (1).
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        beta: where the weight of the KL term ends; losses are means, so that 1 would kill the code.
        warm_up: parts of the steps between which it rises from 0.
        calibrate: images on which the encoder is calibrated before the first step; 0: it is not (0).
        evaluate_every: steps between looks at held-out images.
        weights: of the backbone.
        location: only for weights of the hub.
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
        title: as the tables say it.
        model: with or without a latent code.
        seeds: how often it is trained.
        data: what it learns from.
        steps: None: as `train` says.
        dimensions: of the code; None: as `latent` says.
        coordinates: None: as `latent` says.
        encoder_rate: None: as `train` says.
        beta: None: as `train` says.
        calibrate: None: as `train` says.
        agreement: None: the labels as they are; else their coins are drawn anew with this agreement (apparel only).
        same_start: whether it starts from the common Mask R-CNN; an ensemble's members do not.
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
    """How answers are made of samples (§IV).

    Attributes:
        seed: of the codes.
        samples: K.
        p: of the confidence masks of Table I (0.9).
        every_p: of Figures 4, 5 and 8, from low to high.
        hypothesis: what a sample is less sure of than this is no part of it.
        stop: algorithm 1 ends at the first best mask of this score (0.1).
        nms: IoU above which masks suppress others in Union-NMS.
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
    """How answers are judged (§V, appendix C).

    Attributes:
        seed: of circles and of the bootstrap.
        replicates: of the bootstrap over scenes.
        gripper: radius of the disc that stands for the gripper (§V-D), as a share of the image's height.
        circles: random ones on each image.
        believed: predictions of a plain Mask R-CNN that are less sure are not picked from.
        cuts: of Mask R-CNN's masks, the thresholds of its own curve in Figure 5.
        erosions: radii by which its masks are shrunk for that curve, as shares of the image's height.
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
        seed: of the fillings.
        fillings: of the two totes; each gives a look, and a grasp of every method, for each pack that is taken out.
        least: a tote with fewer packs is taken away.
        points, turns: that the planner tries on each mask.
        replicates: of the bootstrap over fillings, and permutations of the paired test.
    """

    seed: Seed
    fillings: Count
    least: Count
    points: Count
    turns: Count
    replicates: Replicates


@configuration
class DiversityConfig:
    """Other ways to differing answers (ours).

    Attributes:
        members: of the ensembles; the larger one has the inference time of a latent model, the smaller one its training
            time.
        rates: of MC dropout, tried on validation images; the best one goes on.
        counts: numbers of samples that are timed.
        timed: images that each number is timed on.
    """

    members: tuple[Count, Count]
    rates: Annotated[list[Fraction], MinLen(1)]
    counts: Annotated[list[Count], MinLen(1)]
    timed: Count


@configuration
class Latent:
    """One field for each section of `params.yaml`, in the order of the paper."""

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
