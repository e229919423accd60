"""Configuration of the paper "Efficient and Robust Training of Dense Object Nets": the schema of `params/don.yaml`."""

import dataclasses
from dataclasses import field
from typing import Annotated, Literal

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Count, Natural, NonNegative, Positive, Replicates, Seed, configuration
from graspbook.don.augmentations import AugmentConfig
from graspbook.don.robot.config import RobotConfig
from graspbook.don.scenes.config import ScenesConfig
from graspbook.nn.config import WeightSource
from graspbook.training.families import named_rows

Loss = Literal["nt-xent", "pixelwise"]
"""Equation (1); the contrastive loss of Florence et al. [1]."""
Data = Literal["single", "multi"]
"""Training scenes: one object each, learned from inside its mask as [1] does; or several, without any mask."""
Augmentation = Literal["crop", "distort", "flip", "rotate", "blur", "colour", "grey"]
"""§III-A, in the order of Figure 6; "distort" is perspective and affine."""
Backbone = Literal["mobilenet_v2", "resnet34"]
AUGMENTATIONS: tuple[Augmentation, ...] = ("crop", "distort", "flip", "rotate", "blur", "colour", "grey")
STRENGTHS: dict[Augmentation, tuple[str, ...]] = {
    "crop": ("crop",),
    "distort": ("perspective", "shear", "scale", "shift"),
    "flip": ("flip",),
    "rotate": ("rotation",),
    "blur": ("blur",),
    "colour": ("brightness", "contrast", "saturation", "hue"),
    "grey": ("grey",),
}
"""Fields of `AugmentConfig` that switch each one off where they are 0."""


@configuration
class NetworkConfig:
    """§IV-C.

    Attributes:
        backbone: Convolutional backbone, at output stride 8 pixels.
        weights: Source of the backbone's ImageNet weights: "bundled", "hub" or "random".
        location: A weight file or a model's name on the hub; only for weights from the "hub", else None.
    """

    backbone: Backbone
    weights: WeightSource
    location: str | None


@configuration
class TrainConfig:
    """How every row is trained (§IV-C).

    Attributes:
        seed: Seed of the first training of each row; the row's further trainings take the next integers.
        pairs: Image pairs seen in a whole training, so a batch of two takes half as many steps; a row may have its own
            number.
        learning_rate: Highest learning rate of Adam; it rises linearly, then falls as half a cosine.
        weight_decay: Weight decay of Adam.
        evaluations: Evaluations on validation scenes, evenly spread over the training; the weights with the best PCK@80
            are kept.
        tolerance: Largest difference between projected and measured depth at which a point still counts as visible,
            metres.
        least_matches: Smallest number of matching pixels in a pair of views; a pair with fewer is drawn again.
        margin: Margin of the pixelwise loss, a distance in descriptor space.
        apart: Smallest distance of a non-match from the true match, pixels.
    """

    seed: Seed
    pairs: Count
    learning_rate: Positive
    weight_decay: NonNegative
    evaluations: Count
    tolerance: Positive
    least_matches: Count
    margin: Positive
    apart: NonNegative


@configuration
class Row:
    """One row of a table or one point of a figure.

    Attributes:
        title: Name of the row in the tables.
        loss: Loss that is minimised.
        data: Training scenes, with a single object or with several.
        seeds: Number of trainings, each with a seed of its own.
        cross_object: Whether the pixelwise loss also takes non-matches from a view of another object ([1]).
        augmentations: Augmentations of the first image: true for all, false for none, or a list of names.
        both: Whether the second image is augmented, too (§III-A: it does not help).
        scenes: Number of training scenes, the first ones of the set; None: all.
        dimensions: Number D of descriptor channels.
        batch: Image pairs in each step.
        pairs: Image pairs in the whole training; None: as `train` says.
        matches: Matching pixels sampled from each image pair.
        non_matches: Non-matching pixels for each match, for the pixelwise loss.
        temperature: Temperature tau of NT-Xent.
        objects_only: Whether matches lie on known objects only, which takes masks (ours).
        different_scenes: Whether all pairs of a batch come from different scenes (ours).
        background: Pixels of each image outside all known objects that serve as further negatives of NT-Xent (ours).

    Raises:
        ValueError: The row combines settings that exclude each other.
    """

    title: Annotated[str, MinLen(1)]
    loss: Loss
    data: Data
    seeds: Count
    cross_object: bool = False
    augmentations: bool | tuple[Augmentation, ...] = False
    both: bool = False
    scenes: Count | None = None
    dimensions: Annotated[int, Interval(ge=1, le=512)] = 16
    batch: Count = 1
    pairs: Count | None = None
    matches: Count = field(kw_only=True)
    non_matches: Count = 150
    temperature: Positive = 0.1
    objects_only: bool = False
    different_scenes: bool = False
    background: Natural = 0

    def __post_init__(self) -> None:
        if self.cross_object and (self.loss != "pixelwise" or self.data != "single"):
            raise ValueError("cross_object: only the pixelwise loss on scenes of single objects knows another object")
        if self.both and self.data == "single":
            raise ValueError("both: masks of the second image are not augmented, so scenes of single objects cannot")
        if self.loss == "pixelwise" and self.matches % 25:
            raise ValueError(f"matches is {self.matches}, expected a multiple of 25, which share their non-matches")
        if self.background and self.loss != "nt-xent":
            raise ValueError("background: only NT-Xent takes further negatives")

    @property
    def chosen(self) -> tuple[Augmentation, ...]:
        """Its augmentations."""
        if isinstance(self.augmentations, bool):
            return AUGMENTATIONS if self.augmentations else ()
        return self.augmentations


def enable(config: AugmentConfig, chosen: tuple[Augmentation, ...]) -> AugmentConfig:
    """The augmentations of a configuration that are named; the strengths of all others are 0.

    Args:
        config: Strengths of all augmentations.
        chosen: Names of the augmentations to keep.
    """
    off = {field: 0.0 for name, fields in STRENGTHS.items() if name not in chosen for field in fields}
    return dataclasses.replace(config, **off)


@configuration
class EvaluateConfig:
    """§IV-D and §IV-E.

    Attributes:
        seed: Seed of the image pairs, the query pixels and the bootstrap.
        pairs: Image pairs for each object, within a scene and across scenes (the paper: 500).
        queries: Query pixels on the object in the first image of each pair (the paper: 100).
        travel: Least distance between the two cameras of a pair within a scene, metres.
        turn: Least angle between the two cameras of a pair within a scene, degrees.
        validation_pairs: Image pairs for each object in the validation scenes.
        tracked: Query points for each object and sequence (the paper: 2 to 5).
        replicates: Bootstrap replicates over test scenes.
    """

    seed: Seed
    pairs: Count
    queries: Count
    travel: NonNegative
    turn: Annotated[float, Interval(ge=0, le=180)]
    validation_pairs: Count
    tracked: Count
    replicates: Replicates


@configuration
class InferenceConfig:
    """What a network was trained with.

    Attributes:
        height: Height of its images, pixels.
    """

    height: Count


@configuration
class Don:
    """One field for each section of `params/don.yaml`, in the order of the paper.

    Raises:
        ValueError: A row wants more scenes than there are, or the robot wants unknown rows or objects.
    """

    scenes: ScenesConfig
    augment: AugmentConfig
    network: NetworkConfig
    train: TrainConfig
    trainings: Annotated[dict[str, dict[str, Row]], MinLen(1)]
    evaluate: EvaluateConfig
    robot: RobotConfig

    def __post_init__(self) -> None:
        for where, row in named_rows(self.trainings):
            there = self.scenes.n_single if row.data == "single" else self.scenes.n_multi
            if (row.scenes or 0) > there:
                raise ValueError(f"{where}.scenes is {row.scenes}, but there are {there}")
        names = {name for rows in self.trainings.values() for name in rows}
        missing = [name for name in self.robot.rows if name not in names]
        if missing:
            raise ValueError(f"robot.rows: no row of trainings is called {missing[0]!r}")
        if self.robot.objects > self.scenes.known:
            raise ValueError(f"robot.objects is {self.robot.objects}, but only {self.scenes.known} are known")
