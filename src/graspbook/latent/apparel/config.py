"""Configuration of the data set `apparel`."""

from graspbook.core.configuration import Count, Seed, configuration
from graspbook.world.apparel.config import ApparelConfig


@configuration
class DataConfig:
    """How many images of which totes.

    Attributes:
        seed: of the training images; validation and test have the next two.
        n_train, n_validation, n_test: images, each of a tote of its own; test prints are on no other image.
        totes: what they show.
    """

    seed: Seed
    n_train: Count
    n_validation: Count
    n_test: Count
    totes: ApparelConfig
