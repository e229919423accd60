"""Configuration of the paper "Efficient and Robust Training of Dense Object Nets": its part of `params.yaml`."""

import dataclasses
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
        backbone: with output stride 8.
        weights: where its ImageNet weights come from.
        location: only for `hub`: a file or a model's name.
    """

    backbone: Backbone
    weights: WeightSource
    location: str | None


@configuration
class TrainConfig:
    """How every row is trained (§IV-C).

    Attributes:
        seed: of the first training of each row; the next trainings count on.
        pairs: of images, the same for every row: a batch of two takes half as many steps; a row may have its own.
        learning_rate: of Adam, at its highest; it rises, then falls as half a cosine.
        weight_decay: of Adam.
        evaluations: on validation scenes, evenly over the training; the best weights by PCK@80 are kept.
        tolerance: a point is hidden in the other view if the depth there differs by more, metres.
        least_matches: a pair of views that share fewer pixels is drawn again.
        margin: of the pixelwise loss.
        apart: a pixel nearer to the true match than this is no non-match, pixels.
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
        title: as the tables say it.
        loss: what is minimised.
        data: which scenes it learns from.
        seeds: how often it is trained.
        cross_object: pixelwise loss with a third view, of another object ([1]).
        augmentations: of one image; true for all of them, false for none, or those that are named.
        both: whether both images are augmented (§III-A: it does not help).
        scenes: the first so many of the training set; None: all.
        dimensions: D of the descriptors.
        batch: pairs of images in a step.
        pairs: in the whole training; None: as `train` says.
        matches: correspondences of a pair of images.
        non_matches: for each match; of the pixelwise loss.
        temperature: tau, of NT-Xent.
        objects_only: ours: matches on known objects alone, which takes masks.
        different_scenes: ours: the pairs of a batch are of different scenes.
        background: ours: so many pixels of the table in each image are further negatives; of NT-Xent.
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
    matches: Count = 128
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
    """The augmentations of a configuration that are named; the strengths of all others are 0."""
    off = {field: 0.0 for name, fields in STRENGTHS.items() if name not in chosen for field in fields}
    return dataclasses.replace(config, **off)


@configuration
class EvaluateConfig:
    """§IV-D and §IV-E.

    Attributes:
        seed: of image pairs, queries and the bootstrap.
        pairs: image pairs per object type, within a scene and across scenes (the paper: 500).
        queries: pixels on the object in the first image (the paper: 100).
        travel, turn: least distance (metres) and angle (degrees) between the two views of a pair within a scene.
        validation_pairs: image pairs per object type in the validation scenes.
        tracked: query points per object and sequence (the paper: 2 to 5).
        replicates: of the bootstrap over test scenes.
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
class Don:
    """One field for each section of `params.yaml`, in the order of the paper."""

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
