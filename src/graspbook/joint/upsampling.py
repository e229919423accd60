"""Three ways from a grid to pixels (§III-C): superpixels, and what they are to be better than."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch.nn.functional import interpolate

from graspbook.joint.superpixels import spread

Upsampling = Literal["superpixels", "bilinear", "nearest"]
WAYS: dict[str, Upsampling] = {"Superpixels": "superpixels", "Bilinear": "bilinear", "Nearest": "nearest"}
"""By their names in the tables."""


def classes_on_pixels(
    probability: Float[np.ndarray, "c h w"], labels: Int[torch.Tensor, "H W"], k: int, way: Upsampling
) -> UInt8[np.ndarray, "H W"]:
    """The likeliest class of each pixel.

    Args:
        probability: Probability of each class at each element, 0..1, [c, h, w].
        labels: Superpixel of each pixel, [H, W].
        k: Pixels along one side of an element.
        way: "superpixels": each pixel has the class of its superpixel; "nearest": of its square cell; "bilinear": the
            likeliest one after bilinear interpolation of the probabilities between the centres of the cells.
    """
    grid = torch.from_numpy(np.ascontiguousarray(probability))
    height, width = labels.shape
    if way == "superpixels":
        return spread(grid.argmax(0), labels).to(torch.uint8).numpy()
    mode = {"bilinear": "bilinear", "nearest": "nearest-exact"}[way]
    large = interpolate(grid[None], scale_factor=k, mode=mode)[0, :, :height, :width]
    return large.argmax(0).to(torch.uint8).numpy()
