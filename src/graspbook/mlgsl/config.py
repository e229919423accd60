"""Configuration of the paper "Learn to Grasp with Less Supervision": its part of `params.yaml`."""

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
from graspbook.world.jaw.config import JawConfig
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
        camera: above the table.
        objects: weight and surface.
        gripper: two parallel jaws.
    """

    camera: CameraConfig
    objects: ObjectConfig
    gripper: JawConfig


@configuration
class NetworkConfig:
    """The fully convolutional network of §III-C.

    Attributes:
        channels: of the downsampling and upsampling layers.
        dilated_channels: of the dilated layers.
        pool_after: the downsampling layers, counted from 1, that end in max-pooling; two, since two upsampling layers
            of stride 2 have to bring the image back to its size.
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
        seed: of the first training of each row; the next trainings count on.
        steps: gradient steps; a row may have its own number.
        batch_size: images.
        learning_rate: of Adam, at its highest; it rises, then falls as half a cosine.
        evaluate_every: steps between evaluations on validation images.
        rotate: images are turned by up to so many degrees either way.
        zoom: and enlarged by exp(-zoom) to exp(zoom).
        mirror: and mirrored, every other time.
        noise: standard deviation that is added to depth, metres.
        label_seed: decides which labels of an image are kept where not all are.
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
        title: as the tables say it.
        loss: what is minimised.
        labels: of each training image.
        images: of the training set; None: all.
        attention: where the network attends.
        architecture: whose network.
        seeds: how often it is trained.
        steps: None: as `train` says.
        clutter: whether it learns from fused images.
        padding: of labels in label images, as a multiple of GG-CNN's third of the rectangle.
        own_tries: whether its labels are what the robot itself has tried.
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
        iou: a predicted grasp is right if it overlaps a label by this share, ...
        angle: ... at an angle of at most so many degrees.
        jaw: a grasp's rectangle is as high as this part of its opening.
        blur: standard deviation of the smoothing before the best pixels are taken, pixels at a size of 80.
        apart: the best pixels of an image are at least so far apart, pixels at a size of 80.
        sampled: grasps per image for accuracy and recall.
        seed: of these, and of the bootstrap.
        replicates: of the bootstrap over images.
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
        seed: of its training.
        steps: gradient steps.
        batch_size: grasps.
        learning_rate: of Adam.
        crop: side of the image around a grasp that it sees, pixels at a size of 80.
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
        seed: of objects, poses and cameras.
        objects: that nobody has seen before; the last one is adversarial.
        grasps_per_object: each at another pose.
        scenes: cluttered, each picked until it is empty or five grasps in a row have failed.
        min_objects, max_objects: in such a scene.
        candidates: that the sampled planner scores.
        refinements: how often it samples anew around the best ones.
        timed: plans over which the time per grasp is measured.
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
        labels: of each training image, all of these ...
        images: ... with each of these numbers of images.
        paddings: multiples of GG-CNN's padding, tried with the fewest labels of Table I.
        seed: of the robot's own tries.
        tries: at most so many in an image, until one succeeds.
    """

    labels: Annotated[list[Count], MinLen(1)]
    images: Annotated[list[Count], MinLen(1)]
    paddings: Annotated[list[Positive], MinLen(1)]
    seed: Seed
    tries: Count


@configuration
class Mlgsl:
    """One field for each section of `params.yaml`, in the order of the paper."""

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
