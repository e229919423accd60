"""Mask R-CNN's masks at other thresholds than 0.5: its own knob, with which §V-D says that it has none.

Mask R-CNN says of each pixel of a box how probable it is that the object covers it. A mask is where that is above a
cut; a higher cut makes smaller masks, of the same objects with the same scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from graspbook.core.errors import InputError
from graspbook.instances.model import images_to_tensor, score_within
from graspbook.instances.types import Instances, ranked
from graspbook.latent.model import LatentMaskRCNN

USUAL = 0.5
"""Where Mask R-CNN's masks are cut."""


@dataclass(frozen=True, eq=False)
class SoftMasks:
    """Detections of a plain Mask R-CNN in one image, before masks are cut.

    Attributes:
        probability: Probability that each instance covers each pixel, 0..1, [n, h, w].
        classes: Class of each instance, from 0, [n].
        scores: Score of each instance at the usual cut, 0..1, [n].
    """

    probability: Float[np.ndarray, "n h w"]
    classes: Int[np.ndarray, " n"]
    scores: Float[np.ndarray, " n"]

    def at(self, cut: float) -> Instances:
        """The masks at a cut, with the scores of the usual one; those without a pixel are left out.

        Args:
            cut: Probability above which a pixel belongs to the mask, 0..1.
        """
        return ranked(self.probability > cut, self.classes, self.scores)


@torch.inference_mode()
def soft_masks(model: LatentMaskRCNN, images: UInt8[np.ndarray, "n h w 3"], batch_size: int = 8) -> list[SoftMasks]:
    """Soft masks of images, by a plain Mask R-CNN in evaluation mode.

    Args:
        model: Plain Mask R-CNN in evaluation mode.
        images: RGB images, uint8 [n, h, w, 3].
        batch_size: Images in each batch.

    Raises:
        InputError: The model has a latent code.
    """
    if model.latent is not None:
        raise InputError("soft_masks: expected a plain Mask R-CNN, got a model with a latent code")
    device, found = next(model.parameters()).device, []
    for start in range(0, len(images), batch_size):
        for result in model.net(list(images_to_tensor(images[start : start + batch_size]).to(device))):
            probability = result["masks"][:, 0]
            inside = probability > USUAL
            scores = (result["scores"] * score_within(probability, inside)).double()
            parts = probability, result["labels"] - 1, scores
            found.append(SoftMasks(*(part.cpu().numpy() for part in parts)))
    return found


def cut_to_area(
    soft: Sequence[SoftMasks], wanted: float, area_of: Callable[[list[Instances]], float], halvings: int = 20
) -> float:
    """The cut at which predictions cover a given area, found by bisection.

    Args:
        soft: Soft masks of some images.
        wanted: Area to cover, in the unit of `area_of`.
        area_of: Function from predictions of these images to the area they cover; it falls with the cut.
        halvings: Number of bisections of the interval from 0 to 1.
    """
    low, high = 0.0, 1.0
    for _ in range(halvings):
        middle = (low + high) / 2
        if area_of([one.at(middle) for one in soft]) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2
