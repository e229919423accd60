"""What Tables I and III count on `objects` and `aisle`, or on a real data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graspbook.instances.types import Instances
from graspbook.latent.config import PredictConfig
from graspbook.latent.judging import confident_masks
from graspbook.latent.scores import renamed, scoring, table_1
from graspbook.latent.union_nms import union_nms
from graspbook.statistics.bootstrap import Statistic

METRICS = ("mrhp", "ar", "map")
"""Of Table I."""


@dataclass(frozen=True, eq=False)
class Judged:
    """The rows of Tables I and III for one training of each model on a data set; see `graspbook.latent.scores`.

    Attributes:
        table_1: Statistics of Table I, by row.
        table_3: Statistics of Table III, by row.
    """

    table_1: dict[str, Statistic]
    table_3: dict[str, Statistic]


def judge_set(
    name: str,
    plain: Sequence[Instances],
    samples: Sequence[Sequence[Instances]],
    truth: Sequence[Instances],
    predict: PredictConfig,
) -> Judged:
    """Judges a Mask R-CNN and a Latent-MaskRCNN on one data set.

    Args:
        name: Name of the data set, with which column names begin.
        plain: Detections of Mask R-CNN in each image.
        samples: For each image the answer of the prior's mean, then the samples.
        truth: Labelled instances of each image.
        predict: How predictions are made from samples.
    """
    mean, union, confident = [], [], []
    for own, *others in samples:
        mean.append(own)
        union.append(union_nms(others, predict.nms))
        confident.append(confident_masks(others, predict.p, predict))
    answers = {"MaskRCNN": list(plain), "Latent Union NMS": union}
    answers |= {"Latent Confidence Mask": confident, "Latent Prior Mean": mean}
    detections = {"MaskRCNN": [one.filter_by_score(predict.stop) for one in plain], "Confidence Mask": confident}
    columns = {metric: f"{name}_{metric}" for metric in METRICS}
    return Judged(
        {row: renamed(table_1(found, truth), columns) for row, found in answers.items()},
        {row: renamed(scoring(found, truth), {"auc": f"{name}_auc"}) for row, found in detections.items()},
    )
