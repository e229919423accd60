"""Configuration of the grasp data (§III-D)."""

from typing import Annotated

from annotated_types import Interval

from graspbook.core.configuration import Count, Natural, NonNegative, Positive, Seed, configuration


@configuration
class DataConfig:
    """How many images, and which grasps are tried in each.

    Attributes:
        seed: The seed of the training images; validation and test images have the next two.
        n_train, n_validation, n_test: The numbers of images; no two of these sets share an object.
        views: The number of images of an object as it lies, each with a camera and with verified grasps of its own.
        least_labels: The smallest number of successful grasps of an image; one with fewer is left out.
        train_labels: The largest number of successful grasps that are kept of a training image.
        test_labels: The same of a validation or test image, where all good grasps should be known.
        tries_per_label: The largest number of antipodal candidates that are tried for each label wanted.
        others: The number of further grasps that are tried in each image, half of them anywhere on the object, half
            near a successful one: they teach and test the judge of grasps (§IV-A).
        clearance: The distance by which the fingers open wider than the contacts are apart, in metres.

    Raises:
        ValueError: `train_labels` or `test_labels` is below `least_labels`.
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
        seed: The seed of the training images; validation images have the next.
        n_train, n_validation: The numbers of images.
        min_objects, max_objects: The smallest and the largest number of objects that are fused into one image.
        min_scale, max_scale: The smallest and the largest factor by which an object is enlarged.
        spread: The largest distance, along each axis, by which an object is moved, as a fraction of the image's width.
        finger: The thickness of a finger, in pixels of an image of 80 x 80; a label whose fingers would reach into an
            object is pruned.
        depth: The distance that the fingers reach below the grasped surface, in metres.

    Raises:
        ValueError: `min_objects` exceeds `max_objects`, or `min_scale` exceeds `max_scale`.
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
