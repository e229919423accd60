"""What a training reads: networks, steps and rows; in a module of its own, since what else changes trains nothing."""

from typing import Annotated, Literal

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Count, Fraction, LearningRate, NonNegative, Positive, Seed, configuration
from graspbook.nn.config import WeightSource, check_location

EncoderName = Literal["mobilenet_v2", "darknet53"]
OtherName = Literal["segnet", "erfnet", "enet", "mask_rcnn"]
"""Networks that the paper compares with: see `graspbook.joint.others`."""
Centres = Literal["background", "printed"]
"""Of the focal loss: what alpha weighs, see `graspbook.joint.losses.Focus`."""


@configuration
class NetworkConfig:
    """Encoders and decoders (§III-A).

    Attributes:
        encoder_stride: of the encoder's last features; 16 in Table I.
        widths: channels of the decoders at strides 16, 8, 4 and 2.
        embedding: dimensions of an embedding.
        prior: pi, the confidence of a centre that training starts with.
        darknet_width: Darknet-53 has so many times its channels.
        mobilenet_weights: where MobileNetV2's come from.
        mobilenet_location: for "hub" only.
        darknet_location: None: random weights; else a file, or a name for timm's hub.
    """

    encoder_stride: Literal[8, 16, 32]
    widths: tuple[int, int, int, int]
    embedding: Count
    prior: Fraction
    darknet_width: Annotated[float, Interval(gt=0, le=1)]
    mobilenet_weights: WeightSource
    mobilenet_location: str | None
    darknet_location: str | None

    def __post_init__(self) -> None:
        check_location(self.mobilenet_weights, self.mobilenet_location)
        if not 0 < self.prior < 1:
            raise ValueError(f"prior is {self.prior}: expected more than 0 and less than 1")
        if min(self.widths) < 1:
            raise ValueError(f"widths: expected at least one channel each, got {list(self.widths)}")
        if self.darknet_location is not None and self.darknet_width != 1:
            raise ValueError("darknet_location: weights fit a darknet_width of 1 only")


@configuration
class TrainConfig:
    """How every row is trained (§III-A, §IV-A).

    Attributes:
        seed: of the first training of each row; the next trainings count on.
        steps: gradient steps; a row may have its own number.
        batch_size: images.
        learning_rate: of AdamW for the decoders, at its highest.
        encoder_factor: the encoder's rate is so many times as high.
        weight_decay: of AdamW.
        clip: largest norm of the gradient.
        evaluate_every: steps between evaluations on validation images.
        evaluated: at most so many validation images are looked at then.
        attract: delta_a of equation (3).
        repel: delta_r of equation (4).
        regularise: weight of the norm of the centres' embeddings, gamma.
        alpha: of the focal loss (5).
        gamma: of the focal loss (5); a row may have its own.
        weights: of the semantic, the embedding and the centre loss.
        contrast: standard deviation of a random factor of the colours, of 1.
        brightness: standard deviation of what is added to all of them, of 1.
    """

    seed: Seed
    steps: Count
    batch_size: Count
    learning_rate: LearningRate
    encoder_factor: NonNegative
    weight_decay: NonNegative
    clip: Positive
    evaluate_every: Count
    evaluated: Count
    attract: NonNegative
    repel: Positive
    regularise: NonNegative
    alpha: Annotated[float, Interval(gt=0, lt=1)]
    gamma: NonNegative
    weights: tuple[float, float, float]
    contrast: NonNegative
    brightness: NonNegative


@configuration
class Row:
    """One row of a table.

    Attributes:
        title: as the tables say it.
        encoder: of the network.
        k: side of a superpixel, and the decoders' output stride.
        seeds: how often it is trained.
        centres: whether it has a decoder for centres; the paper's baseline has none.
        focus: which class alpha weighs in the loss of the centres.
        gamma: of that loss; None: as `train` says.
        encoder_factor: of the learning rate; an encoder with random weights wants 1. None: as `train` says.
        steps: None: as `train` says.
    """

    title: Annotated[str, MinLen(1)]
    encoder: EncoderName
    k: Literal[2, 4, 8]
    seeds: Count
    centres: bool = True
    focus: Centres = "background"
    gamma: Annotated[float, Interval(ge=0, le=10)] | None = None
    encoder_factor: Fraction | None = None
    steps: Count | None = None


@configuration
class Other:
    """One row of a table for a network that the paper compares with (Tables II and III).

    Attributes:
        title: as the tables say it.
        network: which one; Mask R-CNN finds instances, the others classes only.
        seeds: how often it is trained.
        width: it has so many times its channels; Mask R-CNN's are in a section of its own.
        steps: None: as `train` says.
        batch_size: None: as `train` says.
        learning_rate: None: as `train` says.
    """

    title: Annotated[str, MinLen(1)]
    network: OtherName
    seeds: Count
    width: Annotated[float, Interval(gt=0, le=1)] = 1.0
    steps: Count | None = None
    batch_size: Count | None = None
    learning_rate: LearningRate | None = None

    def __post_init__(self) -> None:
        if self.network == "mask_rcnn" and self.width != 1:
            raise ValueError("width: Mask R-CNN's channels are those of the section mask_rcnn")


AnyRow = Row | Other
"""A row has an `encoder`, or it names another `network`."""
