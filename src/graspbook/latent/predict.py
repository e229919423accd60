"""Segmentations of images from a trained model: one of each by the prior's mean, or samples (§III-A, Figure 3)."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import UInt8

from graspbook.instances.model import images_to_tensor
from graspbook.latent.model import Answer, LatentMaskRCNN
from graspbook.latent.segmentation import Segmentation, ranked
from graspbook.training.seeds import generator

SAMPLE_STREAM = 3
"""Which of a seed's streams of random numbers the codes of samples come from."""


@torch.inference_mode()
def predict(model: LatentMaskRCNN, images: UInt8[np.ndarray, "n h w 3"], batch_size: int = 8) -> list[Segmentation]:
    """Segment images with the mean of the prior (§IV-D), or with a plain Mask R-CNN.

    Args:
        model: in evaluation mode.
        images: RGB.
        batch_size: images that go through the model at once.
    """
    device, found = next(model.parameters()).device, []
    for start in range(0, len(images), batch_size):
        answers = model.detect_classes(images_to_tensor(images[start : start + batch_size]).to(device))
        found += [_segmentation(answer) for answer in answers]
    return found


@torch.inference_mode()
def draw_samples(
    model: LatentMaskRCNN, image: UInt8[np.ndarray, "h w 3"], count: int, *key: int, least: float = 0.0
) -> list[Segmentation]:
    """K segmentations of an image: codes z ~ p(z|x), decoded at once.

    Args:
        model: in evaluation mode.
        image: RGB.
        count: K. A plain Mask R-CNN gives the same one K times.
        key: seeds the codes, such as (seed, number of the image).
        least: what a sample is less sure of than this is left out.
    """
    encoded = model.encode(images_to_tensor(image[None]).to(next(model.parameters()).device))
    if encoded.prior is None:
        return [_segmentation(model.decode(encoded, None, least)[0][0]).filter_by_score(least)] * count
    codes = encoded.prior.sample(generator(SAMPLE_STREAM, *key), count)
    return [_segmentation(answer).filter_by_score(least) for answer in model.decode(encoded, codes, least)[0]]


def _segmentation(answer: Answer) -> Segmentation:
    scores, masks, classes = (part.cpu().numpy() for part in answer)
    return ranked(masks, classes, scores.astype(np.float64))
