"""Configuration of instance segmentation: sections `scenes` to `students`, as far as they are about it."""

from dataclasses import replace
from typing import Annotated, Literal

from annotated_types import Ge, Interval

from graspbook.core.configuration import (
    Count,
    Fraction,
    LearningRate,
    Natural,
    NonNegative,
    Positive,
    Precision,
    Replicates,
    Seed,
    configuration,
)
from graspbook.instances.config import Margin, Mask2FormerSettings, MaskRCNNSettings, ModelName
from graspbook.nn.config import WeightSource, check_location
from graspbook.selfsup.grasp_segmentation.config import FilterThresholds
from graspbook.selfsup.pasting.config import BankSource, PasteConfig

BatchSize = Annotated[int, Ge(2)]


@configuration
class ScenesConfig:
    """§V: grasps that stay unlabelled, and images that are labelled.

    Attributes:
        seed: of the unlabelled grasps, and of which of their images are labelled after all.
        n_unlabelled: successful grasps of training objects that nobody labels.
        n_labelled: labelled images in all.
    """

    seed: Seed
    n_unlabelled: Count
    n_labelled: Count


@configuration
class NetworkConfig:
    """§III-B.4: the instance segmentation networks.

    Attributes:
        height: of every image that instance segmentation sees, pixels; widths are 3/2 of it.
        weights: where the backbones' weights come from.
        location: of weights of the hub: a model's name or a file.
        mask2former: what Mask2Former is made of.
        mask_rcnn: what Mask R-CNN is made of.
    """

    height: Annotated[int, Ge(32)]
    weights: WeightSource
    location: str | None
    mask2former: Mask2FormerSettings
    mask_rcnn: MaskRCNNSettings

    def __post_init__(self) -> None:
        check_location(self.weights, self.location)


@configuration
class SegmentTrainConfig:
    """§V: how every row of Table II is trained; Mask2Former's defaults, which the paper has, in brackets.

    Attributes:
        seed: of first weights, of batches, and of the points where masks are compared.
        start: what Mask2Former starts from: "generic", the network of section `start`, or "none".
        steps: to take, or at most to take where `patience` is given.
        batch_size: images per step (16).
        learning_rate: of AdamW at its highest, for what starts at random (1e-4).
        backbone_factor: the pretrained backbone's learning rate is that times this (0.1).
        weight_decay: of AdamW, on matrices and filters only (0.05).
        warm_up: part of the steps in which the learning rate rises from zero; then it falls along half a
            cosine. (Ours; the original cuts it by ten twice, late in a training 100 times as long.)
        clip: largest norm of the gradient (0.01, which suits weights that are already trained).
        evaluate_every: steps between evaluations on the validation images; the last step ends in one.
        patience: training stops after as many evaluations without a higher validation AP; None: it takes all
            steps. Either way the weights of the highest AP are the result.
        validation: labelled images of training objects that are never learned from.
        precision: "bfloat16" for automatic mixed precision.
        margin: lowest IoU of the robust set loss (§V-A.2), of the rows that have it.
    """

    seed: Seed
    start: Literal["generic", "none"]
    steps: Count
    batch_size: BatchSize
    learning_rate: LearningRate
    backbone_factor: Positive
    weight_decay: NonNegative
    warm_up: Fraction
    clip: Positive
    evaluate_every: Count
    patience: Count | None
    validation: Count
    precision: Precision
    margin: Margin


@configuration
class StartConfig:
    """What every Mask2Former starts from: a training on pictures of random shapes (ours).

    Attributes:
        seed: of the pictures, and of everything random in the training.
        scenes: pictures, seen over and over with other crops and colours.
        steps: of training.
        batch_size: pictures per step.
        learning_rate: of AdamW at its highest.
        min_area: smallest label, pixels at 640x960.
    """

    seed: Seed
    scenes: Count
    steps: Count
    batch_size: BatchSize
    learning_rate: LearningRate
    min_area: NonNegative

    def training(self, segment: SegmentTrainConfig) -> SegmentTrainConfig:
        """How to train: like the rows of Table II in all that is not said here, ten evaluations, no early end."""
        return replace(
            segment,
            seed=self.seed,
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            evaluate_every=max(1, self.steps // 10),
            patience=None,
        )


@configuration
class Row:
    """One row of Table II, or of a curve beside it; what a row does not mention, it does not use.

    Attributes:
        title: the row's name in the paper.
        labels: labelled training images, the first ones.
        model: which model learns.
        bank: object bank to paste from.
        grasps: unlabelled grasps that the bank's objects may come from, the first ones; None: the bank has none.
        inpaint: whether outlines of pasted objects are repainted (§III-B.3).
        robust: robust set loss (§V-A.2).
        single: single-object supervision (§V-A.1): the bank's masks in their own images, nothing is pasted.
        keep_weights: whether the trained model is kept, for the robots.
    """

    title: str
    labels: Count
    model: ModelName = "mask2former"
    bank: BankSource | Literal["none"] = "none"
    grasps: Count | None = None
    inpaint: bool = False
    robust: bool = False
    single: bool = False
    keep_weights: bool = False

    def __post_init__(self) -> None:
        if (self.grasps is not None) != (self.bank not in ("none", "train")):
            raise ValueError("grasps must be given if, and only if, the bank is cut out of grasps")
        if self.bank == "none" and (self.inpaint or self.single):
            raise ValueError("inpaint and single need a bank")
        if self.model == "mask_rcnn" and (self.robust or self.single):
            raise ValueError("robust and single need the model mask2former")


@configuration
class OwnDataConfig:
    """How to train on one's own data; no section of `params/selfsup.yaml`, but made of several.

    Attributes:
        height: of the images that the model learns from, pixels; 640 in the paper.
        held_out: part of the labelled images that is not learned from but measures progress.
        filtered: whether only masks that the filter trusts are pasted (§III-B.1); in the paper the two come to the
            same.
        filter: the filter's thresholds.
        pasting: how many objects are pasted, and how.
        training: how to train; its seed is that of everything random.
        model: what the model is made of.
    """

    height: Annotated[int, Interval(ge=1, le=8192)]
    held_out: Fraction
    filtered: bool
    filter: FilterThresholds
    pasting: PasteConfig
    training: SegmentTrainConfig
    model: Mask2FormerSettings


@configuration
class InstancesConfig:
    """§V-B: the bootstrap behind Table II, and which rows are points of the two curves.

    Attributes:
        seed: of the bootstrap.
        replicates: of the bootstrap.
        labels_of: labelled images by the row's title.
        grasps_of: unlabelled grasps by the row's title.
    """

    seed: Seed
    replicates: Replicates
    labels_of: dict[str, Natural]
    grasps_of: dict[str, Natural]


@configuration
class StudentsConfig:
    """Ours: what the robust set loss does to outlines, seen on students taught by the masks of a bank.

    Attributes:
        seed: of masks and students.
        masks: of each bank; a quarter of them is held out.
        steps: of each student's training.
        students: for each kind of label and each margin.
        margins: of the robust set loss; 1 is the plain one.
    """

    seed: Seed
    masks: Annotated[int, Ge(4)]
    steps: Count
    students: Count
    margins: tuple[Margin, ...]

    def __post_init__(self) -> None:
        if not {1.0, 0.7} <= set(self.margins):
            raise ValueError(
                f"margins: expected 1 (the plain loss) and 0.7 (the paper's) among them, got {list(self.margins)}"
            )
