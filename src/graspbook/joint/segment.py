"""The whole method on one picture: superpixels, network, post-processing, and back to pixels, each of them timed."""

from __future__ import annotations

import dataclasses
import time
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from graspbook.joint.clustering import (
    Instances,
    cluster_all_to_all,
    cluster_by_centres,
    connected_components,
    score_instances,
)
from graspbook.joint.config import ClusterConfig
from graspbook.joint.network import JointNetwork
from graspbook.joint.superpixels import as_rgb, grid_size, spread, superpixels

Method = Literal["centres", "all-to-all", "components"]
"""How elements become instances, see `graspbook.joint.clustering`."""


@dataclasses.dataclass(frozen=True, eq=False)
class Grids:
    """What the network says of one picture, on the grid.

    Attributes:
        probability: of each class.
        embeddings: of each element.
        confidence: of being a centre; None from a network without that decoder.
    """

    probability: Float[np.ndarray, "c h w"]
    embeddings: Float[np.ndarray, "d h w"]
    confidence: Float[np.ndarray, "h w"] | None

    @property
    def classes(self) -> Int[np.ndarray, "h w"]:
        """The likeliest class of each element."""
        return self.probability.argmax(0)


@dataclasses.dataclass(frozen=True, eq=False)
class Segmentation:
    """What the method says of one picture, on its pixels.

    Attributes:
        classes: 0: background, 1 to 8.
        instances: on pixels; an instance without a pixel may be among them.
        scores: of the instances, 0..1.
        milliseconds: of "superpixels", "network", "clustering".
    """

    classes: UInt8[np.ndarray, "H W"]
    instances: Instances
    scores: Float[np.ndarray, n]
    milliseconds: dict[str, float]


@torch.inference_mode()
def predict_grids(network: JointNetwork, image: UInt8[np.ndarray, "H W 3"]) -> Grids:
    """What a network says of one picture; the network may be on any device."""
    device = next(network.parameters()).device
    said = network(torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float() / 255)
    confidence = None if said.centres is None else torch.sigmoid(said.centres[0]).cpu().numpy()
    return Grids(said.classes[0].softmax(0).cpu().numpy(), said.embeddings[0].cpu().numpy(), confidence)


def find_instances(grids: Grids, config: ClusterConfig, method: Method) -> tuple[Instances, np.ndarray]:
    """Instances on the grid, and their scores.

    Args:
        grids: Of one picture.
        config: Of the clustering; without a decoder of centres the score "confidence" becomes "certainty".
        method: How.
    """
    classes = grids.classes
    if method == "centres":
        found = cluster_by_centres(classes, grids.embeddings, grids.confidence, config)
    elif method == "all-to-all":
        found = cluster_all_to_all(classes, grids.embeddings, config)
    else:
        found = connected_components(classes, config)
    kind = "certainty" if grids.confidence is None and config.score == "confidence" else config.score
    return found, score_instances(found, grids.probability, grids.confidence, kind)


def segment(
    network: JointNetwork,
    picture: np.ndarray,
    config: ClusterConfig,
    compactness: float,
    method: Method | None = None,
    square: bool = False,
) -> Segmentation:
    """Classes and instances of a picture's pixels.

    Args:
        network: In evaluation mode.
        picture: uint8 or uint16, grey or RGB, of any size.
        config: Of the clustering.
        compactness: Of the superpixels.
        method: By default "centres", and "all-to-all" for a network without a decoder of centres.
        square: Without superpixels, as the paper's baseline does it: each element holds for its square of pixels.
    """
    image = as_rgb(picture)
    device = next(network.parameters()).device
    times = [_now(device)]
    if square:
        labels = square_cells(*image.shape[:2], network.k).to(device)
    else:
        labels = superpixels(torch.from_numpy(image).to(device), network.k, compactness)
    times.append(_now(device))
    grids = predict_grids(network, image)
    times.append(_now(device))
    if method is None:
        method = "all-to-all" if grids.confidence is None else "centres"
    found, scores = find_instances(grids, config, method)
    both = torch.from_numpy(np.stack([grids.classes.astype(np.int32), found.ids])).to(device)
    classes, ids = spread(both, labels).cpu().numpy()
    times.append(_now(device))
    spent = dict(zip(("superpixels", "network", "clustering"), 1e3 * np.diff(times), strict=True))
    return Segmentation(classes.astype(np.uint8), Instances(ids, found.classes), scores, spent)


def square_cells(height: int, width: int, k: int) -> Int[torch.Tensor, "H W"]:
    """The cell of each pixel in a grid that follows no edge: what superpixels are compared with."""
    columns = grid_size(height, width, k)[1]
    return torch.arange(height)[:, None] // k * columns + torch.arange(width) // k


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
