"""Segmenting one's own picture: classes and instances of all its pixels (§III)."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from graspbook.core.memory import check_memory
from graspbook.data.pictures import check_colour
from graspbook.joint.model_file import FILES, JointModel
from graspbook.joint.network import JointNetwork
from graspbook.joint.segment import SceneSegmentation, segment
from graspbook.nn.model_file import check_model

BYTES = 250
"""Of memory that a pixel takes at least."""


def check_scene(model: JointModel, picture: UInt8[np.ndarray, "H W 3"]) -> None:
    """Refuse what `segment_scene` cannot segment.

    Args:
        model: Network for classes and instances, as `graspbook.load("joint")` returns it.
        picture: RGB picture, uint8 [H, W, 3].

    Raises:
        InputError: The model is no such network, or the picture has another shape or type, is smaller than a superpixel
            or too large for the memory.
    """
    check_model(model, JointNetwork, FILES.kind)
    check_colour(picture, "picture", model.network.k)
    height, width = picture.shape[:2]
    check_memory(BYTES * height * width, f"picture: {width}x{height} pixels")


def segment_scene(model: JointModel, picture: UInt8[np.ndarray, "H W 3"]) -> SceneSegmentation:
    """Classes and instances of a picture's pixels, with the settings that belong to the model (§III-B, §III-C).

    Args:
        model: Network for classes and instances, as `graspbook.load("joint")` returns it.
        picture: RGB picture of any size from one superpixel, uint8 [H, W, 3]; it is seen as it is, so objects should
            appear about as large as in training pictures, whose size the model's settings name.

    Returns:
        Class of each pixel, uint8 [H, W], instances on pixels, their scores, and the time of each part, milliseconds.

    Raises:
        InputError: The model is no such network or gives no finite numbers, or the picture has another shape or type,
            is too small, or too large for the memory.
    """
    check_scene(model, picture)
    settings = model.settings
    clustering = settings.clustering["all-to-all" if model.network.centre is None else "centres"]
    return segment(model.network, picture, clustering, settings.compactness)
