"""What was found in one image: masks of objects, and how sure the finder is of each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from graspbook.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Detections:
    """What was found in one image, the surest first.

    Attributes:
        scores: The confidence of each of the k detections in 0..1, float [k], falling.
        masks: The mask of each detection, bool [k, h, w]; none is empty.

    Raises:
        InputError: Scores and masks differ in number, or the masks are not bool [k, h, w].
    """

    scores: Float[np.ndarray, "k"]
    masks: Bool[np.ndarray, "k h w"]

    def __post_init__(self) -> None:
        if self.masks.ndim != 3 or self.masks.dtype != np.bool_ or self.scores.shape != self.masks.shape[:1]:
            got = f"{list(self.scores.shape)} and {self.masks.dtype} {list(self.masks.shape)}"
            raise InputError(f"detections: expected scores [k] and masks bool [k, h, w], got {got}")
