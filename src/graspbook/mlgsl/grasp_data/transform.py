"""Rotation, zoom, shift and mirror image of a grasp image, which carry the labels along exactly (§III-D).

For the pixel p, the middle of the image c, a turn by alpha (clockwise on the screen, as phi grows) and a zoom z:

    p' = z R(alpha) (p - c) + c + t,    phi' = phi + alpha,    w' = z w;

a mirror image, taken first, has u' = 2 c - u and phi' = -phi. Depth values stay: the camera does not come nearer.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from jaxtyping import Float, Float32

from graspbook.world.grippers.jaw.grasp import half_turn


@dataclasses.dataclass(frozen=True)
class Similarity:
    """A change of the image plane.

    Attributes:
        turn: The angle in radians, clockwise on the screen.
        zoom: The factor of enlargement; above 1 enlarges.
        shift: The shift to the right and down in pixels, after turning.
        mirror: Whether left and right are exchanged first.
    """

    turn: float = 0.0
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    mirror: bool = False

    def matrix(self, size: int) -> Float[np.ndarray, "2 3"]:
        """The affine map of pixel coordinates in an image of `size` x `size` pixels.

        Args:
            size: The height and width of the image in pixels.
        """
        middle = (size - 1) / 2
        cos, sin = self.zoom * np.cos(self.turn), self.zoom * np.sin(self.turn)
        linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if self.mirror else 1.0, 1.0])
        offset = np.array([middle, middle]) + self.shift - linear @ (middle, middle)
        return np.column_stack([linear, offset])


def transform_labels(labels: np.ndarray, change: Similarity, size: int) -> np.ndarray:
    """Rows (u, v, phi, w) after a change; rows of NaN stay. Centres may leave the image.

    Args:
        labels: Rows (u, v, phi, w) in pixels and radians, [..., 4]; rows of NaN stay.
        change: The change.
        size: The height and width of the image in pixels.

    Returns:
        The changed rows, [..., 4].
    """
    matrix = change.matrix(size)
    angle = -labels[..., 2] if change.mirror else labels[..., 2]
    moved = labels[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    rest = np.stack([half_turn(angle + change.turn), labels[..., 3] * change.zoom], -1)
    return np.concatenate([moved, rest], -1).astype(labels.dtype)


def transform_image(image: Float32[np.ndarray, "h h"], change: Similarity) -> Float32[np.ndarray, "h h"]:
    """The image after a change, bilinear; what comes in from outside repeats the rim.

    Args:
        image: The image, float32 [H, H].
        change: The change.
    """
    size = len(image)
    return cv2.warpAffine(
        image, change.matrix(size), (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def draw_similarity(rng: np.random.Generator, rotate: float, zoom: float, mirror: bool) -> Similarity:
    """A random change.

    Args:
        rng: The random generator; it draws turn, zoom and mirror image, in this order.
        rotate: The largest angle of the turn, either way, in degrees.
        zoom: The largest logarithm of the zoom, which lies between exp(-zoom) and exp(zoom), uniformly in its
            logarithm.
        mirror: Whether images are mirrored with a probability of one half.
    """
    turn, scale, side = rng.uniform(-1, 1, 3)
    return Similarity(float(np.radians(rotate) * turn), float(np.exp(zoom * scale)), mirror=bool(mirror and side > 0))


def inside(labels: np.ndarray, size: int) -> np.ndarray:
    """Which rows have their centre in the image; not those of NaN.

    Args:
        labels: Rows (u, v, phi, w) in pixels and radians, [..., 4].
        size: The height and width of the image in pixels.

    Returns:
        Whether the centre of each row lies in the image, bool [...].
    """
    with np.errstate(invalid="ignore"):
        return ((labels[..., :2] >= 0) & (labels[..., :2] <= size - 1)).all(-1)
