"""Configuration of the grasp data (§III-D)."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Count, Natural, NonNegative, Positive, Seed, configuration


@configuration
class DataConfig:
    """How many images, and which grasps are tried in each.

    Attributes:
        seed: of the training images; validation and test have the next two.
        n_train, n_validation, n_test: images; no two of these sets share an object.
        views: images of an object as it lies, each with a camera and with verified grasps of its own.
        least_labels: an image with fewer successful grasps is left out.
        train_labels: at most so many successful grasps of a training image are kept.
        test_labels: the same of a validation or test image, where all good grasps should be known.
        tries_per_label: at most so many antipodal candidates are tried for each label wanted.
        others: further grasps that are tried in each image, half of them anywhere on the object, half near a
            successful one: they teach and test the judge of grasps (§IV-A).
        clearance: the fingers open this much wider than the contacts are apart, metres.
    """

    seed: Seed
    n_train: Count
    n_validation: Count
    n_test: Count
    views: Count
    least_labels: Count
    train_labels: Count
    test_labels: Count
    tries_per_label: Annotated[int, Interval(ge=1, le=100)]
    others: Natural
    clearance: NonNegative

    def __post_init__(self) -> None:
        for name in ("train_labels", "test_labels"):
            if getattr(self, name) < self.least_labels:
                raise ValueError(f"{name} is {getattr(self, name)}, below least_labels, {self.least_labels}")


@configuration
class ClutterConfig:
    """Cluttered images, fused from images of single objects (§III-D).

    Attributes:
        seed: of the training images; validation has the next.
        n_train, n_validation: images.
        min_objects, max_objects: fused into one image.
        min_scale, max_scale: zoom of each object.
        spread: objects are moved from the middle by at most this part of the image's width.
        finger: thickness of a finger, pixels at a size of 80; a label whose fingers would reach into an object is
            pruned.
        depth: how far the fingers reach below the grasped surface, metres.
    """

    seed: Seed
    n_train: Count
    n_validation: Count
    min_objects: Count
    max_objects: Count
    min_scale: Positive
    max_scale: Positive
    spread: NonNegative
    finger: Positive
    depth: NonNegative

    def __post_init__(self) -> None:
        if self.min_objects > self.max_objects or self.min_scale > self.max_scale:
            raise ValueError("min_objects and min_scale: expected no more than max_objects and max_scale")
