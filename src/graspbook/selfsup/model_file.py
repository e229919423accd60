"""Files of trained grasp segmentation models."""

from pathlib import Path
from typing import Any

from graspbook.nn.model_file import Model
from graspbook.selfsup.grasp_segmentation.config import InferenceConfig
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter, load_grasp_segmenter

KIND = "a grasp segmentation model"
GraspSegmentationModel = Model[GraspSegmenter, None, InferenceConfig]


def load_network(path: Path) -> GraspSegmentationModel:
    """Read a grasp segmentation model; its file does not say how it is used.

    Args:
        path: File that `save_grasp_segmenter` wrote.

    Raises:
        InputError: The file is missing, or holds something else.
    """
    return Model(load_grasp_segmenter(path), None)


def inference_of(config: Any, root: Path) -> InferenceConfig:
    """What models are trained with, and which masks are trusted.

    Args:
        config: The paper's parameters.
        root: Folder of the repository; not needed.
    """
    return InferenceConfig(config.world.height, config.evaluate.filter)
