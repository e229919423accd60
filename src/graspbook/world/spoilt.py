"""The truth with chosen faults as the robot's eyes (ours): which mistakes of a model does a robot notice?"""

import dataclasses
import zlib

import cv2
import numpy as np

from graspbook.errors import InputError
from graspbook.world.picking import Beliefs
from graspbook.world.policy import NoisyPolicy, Observation

EMPTY_RADIUS = 0.1
"""Radius of a mask on empty ground, as a fraction of the image height: about that of an object's."""


@dataclasses.dataclass(frozen=True)
class SpoiltTruth:
    """A segmenter that sees the true masks with the faults that a `NoisyPolicy` makes, all with score 1.

    Attributes:
        faults: which, and how often.
        empty: probability that a further mask lies on empty ground, a disc of `EMPTY_RADIUS` that touches no object.
    """

    faults: NoisyPolicy
    empty: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.empty <= 1:
            raise InputError(f"empty: expected 0 to 1, got {self.empty!r}")

    @property
    def key(self) -> str:
        """Names the faults."""
        return f"{self.faults.key}, empty={self.empty:g}"

    def __call__(self, image: np.ndarray, ids: np.ndarray) -> Beliefs:
        """The spoilt masks; what is drawn depends on the image's bytes alone.

        Args:
            image: uint8 RGB [H, W, 3].
            ids: uint8 [H, W] true object ids, 0 = background.
        """
        rng = np.random.default_rng(zlib.crc32(image.tobytes()))
        masks = self.faults(Observation(image, np.zeros(ids.shape, np.float32), ids), rng)
        if rng.random() < self.empty:
            masks = np.concatenate([masks, _empty_ground(ids, rng)])
        return Beliefs(masks, np.ones(len(masks)))


def _empty_ground(ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A disc anywhere in the picture that touches no object, bool [1, H, W]; [0, H, W] if there is no room."""
    radius = EMPTY_RADIUS * ids.shape[0]
    framed = np.pad((ids == 0).astype(np.uint8), 1)  # the disc must not leave the picture either
    room = np.argwhere(cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1] > radius + 1)
    if not len(room):
        return np.zeros((0, *ids.shape), bool)
    row, column = room[rng.integers(len(room))]
    rows, columns = np.ogrid[: ids.shape[0], : ids.shape[1]]
    return (np.hypot(rows - row, columns - column) <= radius)[None]
