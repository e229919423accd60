"""What is chosen on validation pictures (§III-B): threshold of the confidence, distance to a centre, score.

The paper prints 0.7 and delta_a, and leaves the score open. One rule for every way to cluster: of what is tried, the
settings of the highest AP50; of equals, what was named first.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from graspbook.core.errors import InputError
from graspbook.data.cityscapes import Street
from graspbook.instances.types import LabelMap
from graspbook.joint.clustering import score_instances
from graspbook.joint.config import ChoiceConfig, ClusterConfig
from graspbook.joint.evaluate import instance_scores, match_things
from graspbook.joint.network import JointNetwork
from graspbook.joint.segment import Grids, Method, SceneSegmentation, find_instances, predict_grids
from graspbook.joint.superpixels import spread, superpixels

CONFIDENCE = "confidence"
"""The score that only a network with centres can give; clustering without centres does without it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """A picture and the network's outputs for it.

    Attributes:
        street: Picture with its labels.
        grids: Outputs of the network on the grid.
        labels: Superpixel of each pixel, [H, W].
    """

    street: Street
    grids: Grids
    labels: torch.Tensor


def look(network: JointNetwork, streets: Sequence[Street], compactness: float) -> list[Seen]:
    """Outputs of a network for some pictures; they depend on no setting of the clustering.

    Args:
        network: Network in evaluation mode.
        streets: Pictures with labels.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
    """
    return [
        Seen(
            street,
            predict_grids(network, street.image),
            superpixels(torch.from_numpy(street.image), network.k, compactness),
        )
        for street in streets
    ]


def alternatives(method: Method, choice: ChoiceConfig, clustering: ClusterConfig) -> Iterator[ClusterConfig]:
    """The settings to try for a clustering method, except for the score.

    Args:
        method: Clustering method.
        choice: Values to try.
        clustering: All other settings.
    """
    if method == "centres":
        for threshold, assign in itertools.product(choice.thresholds, choice.assign):
            yield dataclasses.replace(clustering, threshold=threshold, assign=assign)
    elif method == "all-to-all":
        for radius in choice.radii:
            yield dataclasses.replace(clustering, radius=radius)
    else:
        yield clustering


def try_settings(
    seen: Sequence[Seen], method: Method, choice: ChoiceConfig, clustering: ClusterConfig, least_area: int
) -> pd.DataFrame:
    """AP50 and AP of one network, percent, for all settings to try; one line each, in the order tried.

    Args:
        seen: Validation pictures with the network's outputs.
        method: Clustering method.
        choice: Values to try.
        clustering: All other settings.
        least_area: Least area of objects and detections that count, pixels.
    """
    scores = [score for score in choice.scores if method == "centres" or score != CONFIDENCE]
    lines = []
    for config in alternatives(method, choice, clustering):
        found = [find_instances(one.grids, config, method)[0] for one in seen]
        ids = [spread(torch.from_numpy(own.ids), one.labels).numpy() for own, one in zip(found, seen, strict=True)]
        for score in scores:
            segmented = [
                _said(one.grids, own, pixels, score) for one, own, pixels in zip(seen, found, ids, strict=True)
            ]
            value = instance_scores(match_things([one.street for one in seen], segmented, least_area))
            lines.append(
                {"method": method, "threshold": config.threshold, "assign": config.assign, "radius": config.radius}
                | {"score": score, "ap50": float(value["ap50"][0]), "ap": float(value["ap"][0])}
            )
    return pd.DataFrame(lines)


def best_settings(tried: pd.DataFrame, clustering: ClusterConfig) -> ClusterConfig:
    """The settings with the highest mean of AP50 over the networks; of equals, what was tried first.

    Args:
        tried: Lines of `try_settings` for one method and any number of networks, one network after another.
        clustering: All other settings.
    """
    keys = ["threshold", "assign", "radius", "score"]
    mean = tried.groupby(keys, sort=False)["ap50"].mean()
    *numbers, score = mean.index[int(mean.to_numpy().argmax())]
    threshold, assign, radius = (float(number) for number in numbers)
    return dataclasses.replace(clustering, threshold=threshold, assign=assign, radius=radius, score=score)


def chosen_text(chosen: dict[Method, ClusterConfig]) -> str:
    """JSON text that `read_chosen` reads.

    Args:
        chosen: Settings of each clustering method.
    """
    return json.dumps({method: dataclasses.asdict(config) for method, config in chosen.items()}, indent=2) + "\n"


def read_chosen(path: Path) -> dict[Method, ClusterConfig]:
    """Reads the settings of each clustering method that a page chose.

    Args:
        path: JSON file.

    Raises:
        InputError: The file is missing, or holds no such settings.
    """
    try:
        return {method: ClusterConfig(**values) for method, values in json.loads(Path(path).read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: no choice of the clustering can be read: {error}") from None


def _said(grids: Grids, found: LabelMap, pixels: np.ndarray, score: str) -> SceneSegmentation:
    scores = score_instances(found, grids.probability, grids.confidence, score)
    return SceneSegmentation((pixels * 0).astype(np.uint8), LabelMap(pixels, found.classes), scores, {})
