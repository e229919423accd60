"""Segmenting one's own grasp: what was taken from between two images (§III-B)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, UInt8

from graspbook.core.errors import InputError
from graspbook.core.memory import check_memory
from graspbook.data.pictures import check_colour
from graspbook.nn.model_file import check_model
from graspbook.selfsup.grasp_segmentation.inference import BYTES, segment_arrays
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter
from graspbook.selfsup.model_file import KIND, GraspSegmentationModel


@dataclass(frozen=True, eq=False)
class GraspMasks:
    """The object that a grasp has taken away, in the image before the grasp.

    Attributes:
        visible: Its visible pixels, bool [H, W].
        amodal: Its pixels, those that other objects hide included, bool [H, W].
        entropy: Entropy of the visible mask at each pixel, equation (3), nats, 0..ln 2, float [H, W].
        kept: Whether the filter trusts the visible mask (§III-B.1); never where it is empty.
    """

    visible: Bool[np.ndarray, "h w"]
    amodal: Bool[np.ndarray, "h w"]
    entropy: Float[np.ndarray, "h w"]
    kept: bool


def segment_grasp(
    model: GraspSegmentationModel,
    before: UInt8[np.ndarray, "h w 3"],
    after: UInt8[np.ndarray, "h w 3"],
    suction: Bool[np.ndarray, "h w"],
) -> GraspMasks:
    """Segments the object that a grasp has taken away (§III-B).

    Args:
        model: Grasp segmentation model, as `graspbook.load("selfsup")` returns it.
        before: RGB image before the grasp, uint8 [H, W, 3].
        after: RGB image after the object was taken away, uint8 [H, W, 3].
        suction: Footprints of the active suction cups in `before`, bool [H, W].

    Returns:
        Visible and amodal mask, their entropy, and whether to trust them.

    Raises:
        InputError: The model is none of these or gives no finite numbers, an image or the footprints have another shape
            or type, or are too large for the memory.
    """
    check_model(model, GraspSegmenter, KIND)
    check_colour(before, "before")
    check_colour(after, "after")
    if after.shape != before.shape:
        raise InputError(f"after: expected the size of before, {list(before.shape)}, got {list(after.shape)}")
    if not isinstance(suction, np.ndarray) or suction.dtype != np.bool_ or suction.shape != before.shape[:2]:
        seen = f"{suction.dtype} {list(suction.shape)}" if isinstance(suction, np.ndarray) else type(suction).__name__
        raise InputError(f"suction: expected bool {list(before.shape[:2])}, as large as before, got {seen}")
    height, width = suction.shape
    check_memory(BYTES * height * width, f"before: {width}x{height} pixels")
    found = segment_arrays(model.network, before[None], after[None], suction[None], model.settings.filter)
    if not np.isfinite(found.entropy).all():
        raise InputError("model: its outputs are not finite; expected a trained network")
    return GraspMasks(found.visible[0], found.amodal[0], found.entropy[0], bool(found.kept[0]))
