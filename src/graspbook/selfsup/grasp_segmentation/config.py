"""Configuration of grasp segmentation: sections `baselines`, `train`, `models`, `evaluate`, `dials`."""

from typing import Annotated, Literal

from annotated_types import Ge, Interval, MinLen, MultipleOf

from graspbook.core.configuration import (
    Count,
    Fraction,
    LearningRate,
    Natural,
    Positive,
    Precision,
    Replicates,
    Seed,
    configuration,
)
from graspbook.nn.config import BackboneName, WeightSource, check_location

Normalise = Literal["pixels", "weight"]
Grid = Annotated[tuple[Positive, ...], MinLen(1)]


@configuration
class BaselinesConfig:
    """§IV-B: the thresholds among which each classical method chooses on training grasps.

    Attributes:
        n_grasps: training grasps to choose on.
        kernel: width of image subtraction's Gaussian blur, pixels at 640x960.
        subtract: thresholds of image subtraction, grey levels.
        mog: noiseSigma, grey levels.
        mog2: varThreshold.
        lsbp: colour distance.
    """

    n_grasps: Count
    kernel: Count
    subtract: Grid
    mog: Grid
    mog2: Grid
    lsbp: Grid


@configuration
class GraspSegmenterConfig:
    """What the model is made of; stored beside its weights.

    Attributes:
        backbone: "resnet50" in the paper.
        fpn_channels: channels of the Feature Pyramid Network (256 in torchvision's Mask R-CNN); each of the
            two upsampling blocks halves them.
        first_layer: how the first layer, which reads 10 channels where the pretrained one reads 3, starts.
            "random": as the paper does. "inflated": the pretrained filters W read i_b and i_b - i_a, their
            mean over colours reads g, and i_a starts at zero, so that training starts from features of i_b (as
            the later layers expect) plus those of the change.
        freeze_norm: whether batch normalisation keeps the pretrained statistics, scales and offsets (as
            torchvision's detectors do) instead of learning them from batches, which with 8 grasps a batch is
            noisier and slower: after 240 steps on 50 labels, mIoU 66 frozen and 60 learned, on unseen objects.
            Choose False for random weights, which bring no statistics.
    """

    backbone: BackboneName
    fpn_channels: Annotated[int, Ge(4), MultipleOf(4)]
    first_layer: Literal["random", "inflated"]
    freeze_norm: bool


@configuration
class TrainConfig:
    """§III-A: the grasp segmentation network and how it is trained; the paper's own settings in brackets.

    Attributes:
        seed: of first weights, of which grasps are labelled, of batches and of augmentation.
        steps: to take, or at most to take where `patience` is given ("until convergence").
        batch_size: grasps per step, over all processes (8).
        learning_rate: of Adam, at its highest (5e-6).
        schedule: "constant", or "cosine": a short linear rise, then half a cosine down to zero.
        normalise: see `graspbook.selfsup.grasp_segmentation.loss.pixel_weights`.
        precision: "float32", or "bfloat16" for automatic mixed precision: faster on GPUs and on CPUs that
            have instructions for it, very slow on others.
        held_out: labelled training grasps that are never learned from.
        evaluate_every: steps between evaluations on held-out grasps; the last step always ends in one.
        patience: None: the weights after the last step are the result. A number: training stops after as many
            evaluations without a higher held-out mIoU, and the weights that had the highest are the result.
        weights: where the backbone's weights come from.
        location: of weights of the hub: a model's name or a file.
        network: what the model is made of.
    """

    seed: Seed
    steps: Count
    batch_size: Count
    learning_rate: LearningRate
    schedule: Literal["constant", "cosine"]
    normalise: Normalise
    precision: Precision
    held_out: Count
    evaluate_every: Count
    patience: Count | None
    weights: WeightSource
    location: str | None
    network: GraspSegmenterConfig

    def __post_init__(self) -> None:
        check_location(self.weights, self.location)


@configuration
class GraspModel:
    """One trained model of Table I.

    Attributes:
        labels: labelled training grasps that it learns from.
        augment: whether they are augmented (§III-A).
    """

    labels: Count
    augment: bool


@configuration
class FilterThresholds:
    """The filter's thresholds (§III-B.1); the paper's in brackets.

    Attributes:
        t_occ: the ratio of visible to amodal area must exceed this (0.95).
        t_ent: the relative entropy of the visible mask, as of a 640x960 image, must be below this, nats (0.1).
        contour_area: pixels, at 640x960, from which a contour counts; scales with the image (1000).
        min_contours: the fewest contours that count (1).
        max_contours: the most (2).
    """

    t_occ: Fraction
    t_ent: Positive
    contour_area: Positive
    min_contours: Natural
    max_contours: Natural

    def __post_init__(self) -> None:
        if self.min_contours > self.max_contours:
            raise ValueError(f"min_contours {self.min_contours} is above max_contours {self.max_contours}")


@configuration
class EvaluateConfig:
    """§III-B.1 and §IV-C: the filter, and the bootstrap behind every interval of Table I.

    Attributes:
        seed: of the bootstrap.
        replicates: of the bootstrap.
        filter: its thresholds.
    """

    seed: Seed
    replicates: Replicates
    filter: FilterThresholds


@configuration
class DialCurvesConfig:
    """The figure of the dials (ours).

    Attributes:
        seed: of the bins; the same for every setting of a dial.
        levels: settings per dial.
        n_grasps: successful grasps of test objects at each.
    """

    seed: Seed
    levels: Annotated[int, Interval(ge=2, le=5)]
    n_grasps: Count


@configuration
class InferenceConfig:
    """What a model was trained with, and which of its masks are trusted (§III-B.1).

    Attributes:
        height: Height of its images, pixels.
        filter: Thresholds of the filter.
    """

    height: Count
    filter: FilterThresholds
