"""Configuration of the paper "Learn to Grasp with Less Supervision": the schema of `params/mlgsl.yaml`."""

from typing import Annotated, Literal

from annotated_types import Interval, MinLen

from graspbook.core.configuration import (
    Count,
    Fraction,
    Natural,
    NonNegative,
    Positive,
    Replicates,
    Seed,
    configuration,
)
from graspbook.mlgsl.grasp_data.config import ClutterConfig, DataConfig
from graspbook.training.families import named_rows
from graspbook.world.grippers.jaw.config import JawConfig
from graspbook.world.table.config import CameraConfig, ObjectConfig

Loss = Literal["mlgsl", "mlgsl-log", "pixmse", "imgmse", "imgmse-zero", "imgmse-narrow", "imgmse-masked", "imgbce"]
"""§III-B and §IV-B; of ImgMSE, what it says outside its labels: see `graspbook.mlgsl.targets`;
"imgbce" is a control of ours, see `graspbook.mlgsl.losses.imgbce`."""
Attention = Literal["none", "down", "up", "all"]
"""Which layers have a spatial attention block (§III-C)."""
Architecture = Literal["fcn", "ggcnn", "ggcnn2"]
"""The paper's network; those of its baselines in Table II."""


@configuration
class WorldConfig:
    """What a grasp is tried with.

    Attributes:
        camera: The depth camera above the table.
        objects: The mass, density and friction of the objects.
        gripper: The gripper with two parallel jaws.
    """

    camera: CameraConfig
    objects: ObjectConfig
    gripper: JawConfig


@configuration
class NetworkConfig:
    """The fully convolutional network of §III-C.

    Attributes:
        channels: The number of channels of the downsampling and upsampling layers.
        dilated_channels: The number of channels of the dilated layers.
        pool_after: The two downsampling layers, counted from 1, that end in max-pooling; two, since two upsampling
            layers of stride 2 have to bring the image back to its size.

    Raises:
        ValueError: `pool_after` is not two of the layers 1 to 4 in their order.
    """

    channels: Count
    dilated_channels: Count
    pool_after: tuple[int, int]

    def __post_init__(self) -> None:
        if not 1 <= self.pool_after[0] < self.pool_after[1] <= 4:
            raise ValueError(f"pool_after is {list(self.pool_after)}, expected two of the layers 1 to 4 in their order")


@configuration
class TrainConfig:
    """How every row is trained (§IV).

    Attributes:
        seed: The seed of the first training of each row; the next trainings take the next seeds.
        steps: The number of gradient steps; a row may have its own.
        batch_size: The number of images in a batch.
        learning_rate: The highest learning rate of Adam; the rate rises to it, then falls as half a cosine.
        evaluate_every: The number of steps between evaluations on validation images.
        rotate: The largest angle by which an image is turned, either way, in degrees.
        zoom: The largest logarithm of the factor by which an image is enlarged or shrunk: the factor lies between
            exp(-zoom) and exp(zoom).
        mirror: Whether images are mirrored at random, with a probability of one half.
        noise: The standard deviation of the noise that is added to the depth of each pixel, in metres.
        label_seed: The seed that decides which labels of an image are kept where not all are.
    """

    seed: Seed
    steps: Count
    batch_size: Count
    learning_rate: Positive
    evaluate_every: Count
    rotate: Annotated[float, Interval(ge=0, le=180)]
    zoom: NonNegative
    mirror: bool
    noise: NonNegative
    label_seed: Seed


@configuration
class Row:
    """One row of a table or one curve of a figure.

    Attributes:
        title: The name of the row in tables and figures.
        loss: The loss that is minimised.
        labels: The number of labels that are kept of each training image, at most.
        images: The number of training images, the first ones of the set; None takes all.
        attention: The layers that end in a spatial attention block.
        architecture: The architecture of the network.
        seeds: The number of trainings, each with another seed.
        steps: The number of gradient steps; None takes that of `train`.
        clutter: Whether the training images are cluttered ones, fused from images of single objects.
        padding: The width of labels in label images along the closing direction, as a multiple of GG-CNN's third of the
            rectangle.
        own_tries: Whether the labels are grasps that the robot itself has tried.
    """

    title: Annotated[str, MinLen(1)]
    loss: Loss
    labels: Count
    seeds: Count
    images: Count | None = None
    attention: Attention = "none"
    architecture: Architecture = "fcn"
    steps: Count | None = None
    clutter: bool = False
    padding: Annotated[float, Interval(gt=0, le=3)] = 1.0
    own_tries: bool = False


@configuration
class MetricsConfig:
    """§IV-A.

    Attributes:
        iou: The lowest IoU of a right grasp's rectangle with that of a label, 0..1.
        angle: The largest angle between a right grasp and that label, in degrees.
        jaw: The height of a grasp's rectangle, as a multiple of its opening.
        blur: The standard deviation of the Gaussian smoothing before the best pixels are taken, in pixels of an image
            of 80 x 80.
        apart: The smallest distance between the best pixels of an image, along its rows or its columns, in pixels of an
            image of 80 x 80.
        sampled: The number of grasps that are sampled per image for accuracy and recall.
        seed: The seed of these samples, and of the bootstrap.
        replicates: The number of bootstrap replicates, which resample test objects (or scenes, where there are several
            objects).
    """

    iou: Fraction
    angle: Annotated[float, Interval(ge=0, le=90)]
    jaw: Positive
    blur: NonNegative
    apart: NonNegative
    sampled: Count
    seed: Seed
    replicates: Replicates


@configuration
class JudgeConfig:
    """The grasp quality discriminator (§IV-A), which learns from the outcomes of grasps in physics.

    Attributes:
        seed: The seed of its training.
        steps: The number of gradient steps.
        batch_size: The number of grasps in a batch.
        learning_rate: The highest learning rate of Adam.
        crop: The side of the square crop around a grasp that it sees, in pixels of an image of 80 x 80.
    """

    seed: Seed
    steps: Count
    batch_size: Count
    learning_rate: Positive
    crop: Annotated[int, Interval(ge=16, le=128)]


@configuration
class RobotConfig:
    """§V: the robot grasps.

    Attributes:
        seed: The seed of objects, poses and cameras.
        objects: The number of unseen objects that are grasped one by one; the last one is adversarial.
        grasps_per_object: The number of grasps of each of these objects, each at another pose.
        scenes: The number of cluttered scenes, each picked until it is empty or five grasps in a row have failed.
        min_objects, max_objects: The smallest and the largest number of objects in such a scene.
        candidates: The number of candidates that the sampled planner draws each time.
        refinements: The number of times that it samples anew around the best candidates.
        timed: The number of plans over which the time per grasp is measured.
    """

    seed: Seed
    objects: Count
    grasps_per_object: Count
    scenes: Natural
    min_objects: Count
    max_objects: Count
    candidates: Count
    refinements: Natural
    timed: Count


@configuration
class BeyondConfig:
    """What the paper leaves open: how few labels, of how few images; how wide labels are padded; the robot's own tries.

    Attributes:
        labels: The numbers of labels per training image; each is combined with each of `images`.
        images: The numbers of training images.
        paddings: The multiples of GG-CNN's padding that are tried with the fewest labels of Table I.
        seed: The seed of the robot's own tries.
        tries: The largest number of tries in an image until one succeeds.
    """

    labels: Annotated[list[Count], MinLen(1)]
    images: Annotated[list[Count], MinLen(1)]
    paddings: Annotated[list[Positive], MinLen(1)]
    seed: Seed
    tries: Count


@configuration
class InferenceConfig:
    """What a network was trained with, and how grasps are read from its maps (§IV-A).

    Attributes:
        height: Height and width of its images, pixels.
        unit: Unit of depth: metres.
        blur: Standard deviation of the Gaussian smoothing before the best pixels are taken, pixels of an image of
            80 x 80.
        apart: Smallest distance between the best pixels of an image, along its rows or its columns, pixels of an image
            of 80 x 80.
    """

    height: Count
    unit: Literal["m"]
    blur: NonNegative
    apart: NonNegative


@configuration
class Mlgsl:
    """One field for each section of `params/mlgsl.yaml`, in the order of the paper.

    Raises:
        ValueError: A row, or `beyond`, asks for more labels or images than the data have, or two rows have one name.
    """

    world: WorldConfig
    data: DataConfig
    clutter: ClutterConfig
    network: NetworkConfig
    train: TrainConfig
    trainings: Annotated[dict[str, dict[str, Row]], MinLen(1)]
    metrics: MetricsConfig
    judge: JudgeConfig
    robot: RobotConfig
    beyond: BeyondConfig

    def __post_init__(self) -> None:
        for name, most in (("labels", self.data.train_labels), ("images", self.data.n_train)):
            if max(getattr(self.beyond, name)) > most:
                raise ValueError(f"beyond.{name}: {max(getattr(self.beyond, name))} of the {most} that there are")
        for where, row in named_rows(self.trainings):
            if (row.images or 0) > self.data.n_train:
                raise ValueError(f"{where}.images is {row.images}, but data.n_train is {self.data.n_train}")
            if row.labels > self.data.train_labels:
                raise ValueError(f"{where}.labels is {row.labels}, but data.train_labels is {self.data.train_labels}")
