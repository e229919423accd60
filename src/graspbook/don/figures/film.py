"""A short film along the trajectory: what the camera sees, and the descriptors of the same view in three colours."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import normalize

from graspbook.don.figures.pictures import descriptor_picture, enlarge, main_axes
from graspbook.don.model_file import DescriptorModel
from graspbook.don.network import describe
from graspbook.don.scores import measure_of

DURATION = 180
"""Milliseconds that each view is shown."""
QUALITY = 70
"""Of the film, 0..100."""


def described(trained: DescriptorModel, images: UInt8[np.ndarray, "n h w 3"]) -> Float[Tensor, "n p d"]:
    """Descriptor images of several views; of length one where they are compared by cosine.

    Args:
        trained: Network with its row.
        images: RGB images, uint8 [n, h, w, 3].
    """
    found = torch.stack([describe(trained.network, torch.from_numpy(image)) for image in images])
    return normalize(found, dim=2) if measure_of(trained.row) == "cosine" else found


def film_frames(trained: DescriptorModel, images: UInt8[np.ndarray, "n h w 3"]) -> list[UInt8[np.ndarray, "H W 3"]]:
    """Each view beside its descriptors; one set of main axes for all of them, so that colours can be followed.

    Args:
        trained: Network with its row.
        images: RGB images, uint8 [n, h, w, 3].
    """
    every = described(trained, images)
    axes, size = main_axes(every.flatten(0, 1)), images.shape[1:3]
    return [
        np.concatenate([enlarge(image), enlarge(descriptor_picture(own, size, axes))], 1)
        for image, own in zip(images, every, strict=True)
    ]
