"""Fixtures of the instance models: images of boxes, and models small enough to train in a second."""

import numpy as np
import pytest
import torch

from graspbook.instances.config import Mask2FormerSettings, MaskRCNNSettings
from graspbook.instances.model import Batch


@pytest.fixture(scope="session")
def tiny():
    """Settings of a small model of each name."""
    return {
        "mask2former": Mask2FormerSettings(
            backbone="mobilenet_v2",
            queries=5,
            hidden=32,
            encoder_layers=1,
            encoder_feedforward=16,
            decoder_layers=2,
            feedforward=16,
            points=32,
            positions=True,
            robust_margin=None,
        ),
        "mask_rcnn": MaskRCNNSettings(
            backbone="mobilenet_v2",
            channels=8,
            hidden=16,
            mask_layers=1,
            anchors=((8.0, 12.0), (16.0, 24.0), (32.0, 48.0), (64.0, 96.0)),
            regions=4,
            mask_side=10,
            anchors_compared=16,
        ),
    }


@pytest.fixture(scope="session")
def boxes_batch():
    """Makes images with bright boxes, one mask per box: the number of boxes of each image, and which are single."""

    def make(counts, single=None, side=32, seed=0):
        rng = np.random.default_rng(seed)
        images = torch.full((len(counts), 3, side, side), 0.2)
        masks = []
        for image, count in zip(images, counts, strict=True):
            found = torch.zeros(count, side, side, dtype=torch.bool)
            for mask in found:
                y, x = rng.integers(0, side - 10, 2)
                mask[y : y + 10, x : x + 10] = True
                image[:, mask] = 0.9
            masks.append(found)
        return Batch(images, masks, torch.tensor(single or [False] * len(counts)))

    return make
