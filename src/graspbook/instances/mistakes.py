"""What an instance segmentation model does wrong: the kinds of its sure detections (ours, beside §V of `selfsup`).

AP is one number for all that can go wrong. Here every detection that the model is sure of is one of `KINDS`, with
COCO's matching: the surest detection chooses first.
"""

from collections import Counter

import numpy as np
import pandas as pd
from jaxtyping import Float

from graspbook.instances.average_precision import overlaps
from graspbook.instances.detection_table import DetectionTable
from graspbook.instances.matching import match_greedily

KINDS = ("right", "repeated", "badly outlined", "on nothing")
"""right: the first on an object that it covers with an IoU of at least 0.5. repeated: such an object has been found by
a surer detection. badly outlined: an IoU of 0.1 to 0.5 with the nearest object. on nothing: less than that."""

FOUND, TOUCHED = 0.5, 0.1


def count_mistakes(truth: dict, detections: DetectionTable, min_score: float = 0.5) -> pd.Series:
    """How many sure detections are of each kind.

    Args:
        truth: The COCO labels of the images with masks as RLE, as `CocoScenes.truth` makes them.
        detections: The detections on the same images, in the same order.
        min_score: The lowest score of a sure detection, 0..1.

    Returns:
        The number of sure detections of each of `KINDS`, and as "missed" the number of objects that none has found.

    Raises:
        InputError: The images differ in number, name or size.
    """
    counts = Counter()
    for labels, found, overlap in overlaps(truth, detections):
        kinds = judge(overlap[found["score"].to_numpy() >= min_score])
        counts.update(kinds)
        counts["missed"] += len(labels) - kinds.count("right")
    return pd.Series({kind: counts[kind] for kind in (*KINDS, "missed")})


def judge(overlap: Float[np.ndarray, "d g"]) -> list[str]:
    """The kind of each detection of one image.

    Args:
        overlap: The IoU of each detection with each object in 0..1, float [D, G], detections by falling score.

    Returns:
        The kind of each detection, one of `KINDS`.
    """
    right = match_greedily(overlap[:, ::-1], [FOUND])[0, 0] >= 0  # in reverse: of equals, the first
    best = overlap.max(1, initial=0.0)
    kinds = np.select([right, best >= FOUND, best >= TOUCHED], KINDS[:3], KINDS[3])
    return kinds.tolist()
