"""A robot whose camera is upset: what spoils photographs of the calibrated cell spoils what it sees (ours).

Beside `grasp_segmentation.upset_grasps`, which upsets the photographs of a data set.
"""

import dataclasses

import numpy as np

from graspbook.core.fingerprint import fingerprint
from graspbook.instances.types import Instances
from graspbook.world.bin.corruptions import Corruptions, upset_photograph
from graspbook.world.bin.segmenter import Segmenter


@dataclasses.dataclass(frozen=True)
class CorruptedSegmenter:
    """Shows another segmenter the upset photograph. Depth is measured by other means, and stays as it is.

    Attributes:
        segmenter: the other one.
        upsets: what befalls a photograph, how often; nudges do not, since a robot looks anew after each grasp.
    """

    segmenter: Segmenter
    upsets: Corruptions

    @property
    def key(self) -> str:
        """Names the other one and the upsets."""
        return f"upset {fingerprint(dataclasses.asdict(self.upsets))}: {self.segmenter.key}"

    def __call__(self, image: np.ndarray, ids: np.ndarray, rng: np.random.Generator) -> Instances:
        """What the other one takes for items in the upset photograph; `rng` draws what befalls it."""
        return self.segmenter(upset_photograph(image, ids > 0, rng, self.upsets), ids, rng)
