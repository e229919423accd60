"""The truth with chosen faults as the robot's eyes (ours): which mistakes of a model does a robot notice?"""

import dataclasses
import zlib

import numpy as np

from graspbook.world.picking import Beliefs
from graspbook.world.policy import NoisyPolicy, Observation


@dataclasses.dataclass(frozen=True)
class SpoiltTruth:
    """A segmenter that sees the true masks with the faults that a `NoisyPolicy` makes, all with score 1.

    Attributes:
        faults: which, and how often.
    """

    faults: NoisyPolicy

    @property
    def key(self) -> str:
        """Names the faults."""
        return self.faults.key

    def __call__(self, image: np.ndarray, ids: np.ndarray) -> Beliefs:
        """The spoilt masks; what is drawn depends on the image's bytes alone.

        Args:
            image: uint8 RGB [H, W, 3].
            ids: uint8 [H, W] true object ids, 0 = background.
        """
        masks = self.faults(
            Observation(image, np.zeros(ids.shape, np.float32), ids), np.random.default_rng(zlib.crc32(image.tobytes()))
        )
        return Beliefs(masks, np.ones(len(masks)))
