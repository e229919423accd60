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
        encoder_stride: Output stride of the encoder, pixels; 16 in Table I.
        widths: Channels of the decoders at strides 16, 8, 4 and 2.
        embedding: Number of dimensions of an embedding.
        prior: Confidence pi that an element is a centre at the start of training, above 0 and below 1.
        darknet_width: Factor on the channels of Darknet-53, above 0 and at most 1.
        mobilenet_weights: Source of MobileNetV2's weights: "bundled", "hub" or "random".
        mobilenet_location: A weight file or a name on the hub; only for weights from the "hub", else None.
        darknet_location: A weight file, or a name for timm's hub; None: random weights.

    Raises:
        ValueError: A location, the prior or a width is out of range or does not fit the others.
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
        seed: Seed of the first training of each row; the row's further trainings take the next integers.
        steps: Gradient steps; a row may have its own number.
        batch_size: Images in each batch.
        learning_rate: Highest learning rate of AdamW for the decoders; it rises linearly, then falls as half a cosine.
        encoder_factor: Learning rate of the encoder as a multiple of the decoders'.
        weight_decay: Weight decay of AdamW.
        clip: Largest norm of the gradient.
        evaluate_every: Steps between evaluations on validation images.
        evaluated: Largest number of validation images in each evaluation.
        attract: Attraction margin delta_a of equation (3), a distance in embedding space.
        repel: Repulsion margin delta_r of equation (4), a distance in embedding space.
        regularise: Weight gamma of the norm of the centres' embeddings.
        alpha: Class weight alpha of the focal loss (5), above 0 and below 1.
        gamma: Focusing exponent gamma of the focal loss (5); a row may have its own.
        weights: Weights of the semantic, the embedding and the centre loss.
        contrast: Standard deviation of a random relative change of each colour channel.
        brightness: Standard deviation of a random offset on all colour channels, whose range is 0..1.
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
        title: Name of the row in the tables.
        encoder: Encoder of the network.
        k: Side of a superpixel and output stride of the decoders, pixels.
        seeds: Number of trainings, each with a seed of its own.
        centres: Whether the network has a decoder of centres; the paper's baseline has none.
        focus: Class that alpha weighs in the centre loss: "background", or the centres as "printed".
        gamma: Focusing exponent of the centre loss; None: as `train` says.
        encoder_factor: Learning rate of the encoder as a multiple of the decoders'; random weights want 1. None: as
            `train` says.
        steps: Gradient steps; None: as `train` says.
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
        title: Name of the row in the tables.
        network: Architecture; Mask R-CNN finds instances, the others classes only.
        seeds: Number of trainings, each with a seed of its own.
        width: Factor on the channels, above 0 and at most 1; Mask R-CNN's channels are in a section of its own.
        steps: Gradient steps; None: as `train` says.
        batch_size: Images in each batch; None: as `train` says.
        learning_rate: Highest learning rate; None: as `train` says.

    Raises:
        ValueError: A width is given for Mask R-CNN.
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
