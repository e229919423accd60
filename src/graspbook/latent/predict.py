"""Segmentations of images from a trained model: one of each by the prior's mean, or samples (§III-A, Figure 3)."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import UInt8

from graspbook.instances.model import images_to_tensor
from graspbook.instances.types import Instances, ranked
from graspbook.latent.model import Answer, LatentMaskRCNN
from graspbook.training.seeds import generator

SAMPLE_STREAM = 3
"""Which of a seed's streams of random numbers the codes of samples come from."""


@torch.inference_mode()
def predict(model: LatentMaskRCNN, images: UInt8[np.ndarray, "n h w 3"], batch_size: int = 8) -> list[Instances]:
    """Segment images with the mean of the prior (§IV-D), or with a plain Mask R-CNN.

    Args:
        model: Model in evaluation mode.
        images: RGB images, uint8 [n, h, w, 3].
        batch_size: Images in each batch.
    """
    device, found = next(model.parameters()).device, []
    for start in range(0, len(images), batch_size):
        answers = model.detect_classes(images_to_tensor(images[start : start + batch_size]).to(device))
        found += [_segmentation(answer) for answer in answers]
    return found


@torch.inference_mode()
def draw_samples(
    model: LatentMaskRCNN, image: UInt8[np.ndarray, "h w 3"], count: int, *key: int, least: float = 0.0
) -> list[Instances]:
    """Samples K segmentations of an image: codes z ~ p(z|x), decoded in one batch.

    Args:
        model: Model in evaluation mode.
        image: RGB image, uint8 [h, w, 3].
        count: Number K of samples; a plain Mask R-CNN gives the same segmentation K times.
        key: Integers that seed the codes, such as a seed and the number of the image.
        least: Least score of the detections in a sample, 0..1.
    """
    encoded = model.encode(images_to_tensor(image[None]).to(next(model.parameters()).device))
    if encoded.prior is None:
        return [_segmentation(model.decode(encoded, None, least)[0][0]).filter_by_score(least)] * count
    codes = encoded.prior.sample(generator(SAMPLE_STREAM, *key), count)
    return [_segmentation(answer).filter_by_score(least) for answer in model.decode(encoded, codes, least)[0]]


def _segmentation(answer: Answer) -> Instances:
    scores, masks, classes = (part.cpu().numpy() for part in answer)
    return ranked(masks, classes, scores.astype(np.float64))
