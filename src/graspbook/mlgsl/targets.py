"""Label images for ImgMSE: GG-CNN's padding of sparse labels [15], and what it says outside them.

GG-CNN takes the middle third of each rectangle along the closing direction, over its whole height, as good grasps.
Everywhere else Q = 0, W = 0 - and the angle is 0 too, so that sin 2Phi = 0 and **cos 2Phi = 1**. Where few pixels are
labelled, nearly all of the image then teaches the angle 0. Another convention says sin 2Phi = cos 2Phi = 0 outside:
no direction at all.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32

from graspbook.mlgsl.config import Loss
from graspbook.mlgsl.maps import WIDEST

PART = 1 / 3
"""Of the rectangle along the closing direction."""


def cos_outside(loss: Loss) -> float:
    """What cos 2Phi is outside of the labels: 1 as in GG-CNN's code ("imgmse"), else 0.

    Args:
        loss: The name of the loss.
    """
    return 1.0 if loss == "imgmse" else 0.0


def padded_targets(
    labels: Float[np.ndarray, "b k 4"], size: int, jaw: float, cos_outside: float, padding: float = 1.0
) -> Float32[np.ndarray, "b 4 size size"]:
    """Label images of a batch.

    Args:
        labels: The grasps of each of B images, rows (u, v, phi, w) in pixels and radians, float [B, K, 4]; rows of NaN
            are none. Where several cover a pixel, the last one counts.
        size: The height and width of the images in pixels.
        jaw: The height of a grasp's rectangle, as a multiple of its opening.
        cos_outside: The value of cos 2Phi where no label is.
        padding: The covered width along the closing direction, as a multiple of GG-CNN's third of the rectangle; 3
            covers all of it.

    Returns:
        The label images of Q, sin 2Phi, cos 2Phi and W, float32 [B, 4, size, size].
    """
    part = PART * padding
    targets = np.zeros((len(labels), 4, size, size), np.float32)
    targets[:, 2] = cos_outside
    for target, rows in zip(targets, labels, strict=True):
        for u, v, phi, w in rows[~np.isnan(rows).any(1)].astype(float):
            reach = w * np.hypot(part, jaw) / 2 + 1
            left, right = (int(np.clip(edge, 0, size)) for edge in (np.floor(u - reach), np.ceil(u + reach) + 1))
            top, bottom = (int(np.clip(edge, 0, size)) for edge in (np.floor(v - reach), np.ceil(v + reach) + 1))
            dx, dy = np.arange(left, right) - u, (np.arange(top, bottom) - v)[:, None]
            along = np.abs(dx * np.cos(phi) + dy * np.sin(phi))
            across = np.abs(dy * np.cos(phi) - dx * np.sin(phi))
            covered = (along <= w * part / 2) & (across <= w * jaw / 2)
            values = 1.0, np.sin(2 * phi), np.cos(2 * phi), w / (WIDEST * size)
            for channel, value in enumerate(values):
                target[channel, top:bottom, left:right][covered] = value
    return targets
