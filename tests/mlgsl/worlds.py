"""The standard world with few images, for tests that simulate."""

import dataclasses

from graspbook.mlgsl.grasp_data.config import DataConfig
from graspbook.mlgsl.grasp_data.episode import TableWorld
from tests.conftest import standard

STANDARD = standard("mlgsl")
WORLD = TableWorld(STANDARD.world.camera, STANDARD.world.objects, STANDARD.world.gripper)


def small_data(**changes) -> DataConfig:
    """Few labels and views, so that an episode takes a second."""
    small = {"views": 2, "least_labels": 3, "train_labels": 4, "test_labels": 5, "others": 6}
    return dataclasses.replace(STANDARD.data, **(small | changes))
