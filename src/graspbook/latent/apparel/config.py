"""Configuration of the data set `apparel`."""

from graspbook.core.configuration import Count, Seed, configuration
from graspbook.world.totes.config import ApparelConfig


@configuration
class DataConfig:
    """Number and contents of the images.

    Attributes:
        seed: Seed of the training images; validation and test images take the next two integers.
        n_train: Training images, each of a tote of its own.
        n_validation: Validation images, each of a tote of its own.
        n_test: Test images, each of a tote of its own; their prints are on no other image.
        totes: Contents and pictures of the totes.
    """

    seed: Seed
    n_train: Count
    n_validation: Count
    n_test: Count
    totes: ApparelConfig
