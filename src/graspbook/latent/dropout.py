"""Answers of a plain Mask R-CNN that differ by dropout: a cheap way to samples without a code (ours).

MC dropout (Gal and Ghahramani, 2016) keeps dropout on at test time. Torchvision's Mask R-CNN has none, so channels of
the pyramid, where the code would join it, are dropped; nothing is trained for it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import UInt8
from torchvision.models.detection.image_list import ImageList

from graspbook.core.errors import InputError
from graspbook.instances.model import images_to_tensor
from graspbook.instances.types import Instances, ranked
from graspbook.latent.model import Encoded, LatentMaskRCNN
from graspbook.training.seeds import generator

STREAM = 4
"""Which of a seed's streams of random numbers the dropped channels come from."""


@torch.inference_mode()
def dropout_samples(
    model: LatentMaskRCNN, image: UInt8[np.ndarray, "h w 3"], count: int, rate: float, *key: int
) -> list[Instances]:
    """Segmentations of an image, each with other channels of the pyramid dropped; backbone and pyramid run once.

    Args:
        model: Plain Mask R-CNN in evaluation mode.
        image: RGB image, uint8 [h, w, 3].
        count: Number of segmentations.
        rate: Share of the channels to drop, 0..1; the others are scaled by 1 / (1 - rate).
        key: Integers that seed the dropped channels.

    Raises:
        InputError: The model has a latent code.
    """
    if model.latent is not None:
        raise InputError("dropout_samples: expected a plain Mask R-CNN, got a model with a latent code")
    encoded = model.encode(images_to_tensor(image[None]).to(next(model.parameters()).device))
    draws, features = generator(STREAM, *key), {}
    for level, feature in encoded.features.items():
        kept = torch.rand(count, feature.shape[1], 1, 1, generator=draws) >= rate
        features[level] = feature * (kept / (1 - rate)).to(feature)
    listed = encoded.images
    sizes = listed.image_sizes * count
    several = ImageList(listed.tensors.expand(len(sizes), -1, -1, -1), sizes)
    found = []
    for (scores, masks, classes), *_ in model.decode(Encoded(several, features, None), None):
        found.append(ranked(masks.cpu().numpy(), classes.cpu().numpy(), scores.double().cpu().numpy()))
    return found
