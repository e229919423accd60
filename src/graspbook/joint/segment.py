"""The whole method on one picture: superpixels, network, post-processing, and back to pixels, each of them timed."""

from __future__ import annotations

import dataclasses
import time
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8

from graspbook.core.errors import InputError
from graspbook.instances.types import LabelMap
from graspbook.joint.clustering import (
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
    """Outputs of the network for one picture, on the grid of superpixels.

    Attributes:
        probability: Probability of each class at each element, 0..1, [c, h, w].
        embeddings: Embedding of each element, [d, h, w].
        confidence: Confidence that each element is a centre, 0..1, [h, w]; None from a network without that decoder.
    """

    probability: Float[np.ndarray, "c h w"]
    embeddings: Float[np.ndarray, "d h w"]
    confidence: Float[np.ndarray, "h w"] | None

    @property
    def classes(self) -> Int[np.ndarray, "h w"]:
        """The likeliest class of each element."""
        return self.probability.argmax(0)


@dataclasses.dataclass(frozen=True, eq=False)
class SceneSegmentation:
    """Classes and instances of one picture, on its pixels.

    Attributes:
        classes: Class of each pixel, uint8 [H, W]; 0: background, 1 to 8: things.
        instances: Instances on pixels; some may have no pixel.
        scores: Confidence of each instance, 0..1, [n].
        milliseconds: Time spent on "superpixels", "network" and "clustering", milliseconds.
    """

    classes: UInt8[np.ndarray, "H W"]
    instances: LabelMap
    scores: Float[np.ndarray, n]
    milliseconds: dict[str, float]


@torch.inference_mode()
def predict_grids(network: JointNetwork, image: UInt8[np.ndarray, "H W 3"]) -> Grids:
    """Runs the network on one picture.

    Args:
        network: Network in evaluation mode, on any device.
        image: RGB image, uint8 [H, W, 3].
    """
    device = next(network.parameters()).device
    outputs = network(torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float() / 255)
    confidence = None if outputs.centres is None else torch.sigmoid(outputs.centres[0]).cpu().numpy()
    return Grids(outputs.classes[0].softmax(0).cpu().numpy(), outputs.embeddings[0].cpu().numpy(), confidence)


def find_instances(grids: Grids, config: ClusterConfig, method: Method) -> tuple[LabelMap, np.ndarray]:
    """Instances on the grid, and their scores.

    Args:
        grids: Network outputs for one picture.
        config: Clustering settings; without a decoder of centres the score "confidence" becomes "certainty".
        method: Clustering method, see `graspbook.joint.clustering`.

    Returns:
        The instances on the grid, and the score of each, 0..1, [n].

    Raises:
        InputError: The method is "centres", and the network has no decoder of centres.
    """
    classes = grids.classes
    if method == "centres":
        if grids.confidence is None:
            raise InputError("method: 'centres' needs a decoder of centres; use 'all-to-all' or 'components'")
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
) -> SceneSegmentation:
    """Classes and instances of a picture's pixels.

    Args:
        network: Network in evaluation mode, on any device.
        picture: Grey or RGB picture of any size, uint8 or uint16.
        config: Clustering settings.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
        method: Clustering method; None: "centres", or "all-to-all" for a network without a decoder of centres.
        square: Whether square cells of pixels replace the superpixels, as in the paper's baseline.

    Returns:
        Classes and instances on pixels, and the time of each part.

    Raises:
        InputError: The picture has another shape or type, or is smaller than a superpixel, or the network's outputs are
            not finite.
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
    if not np.isfinite(grids.probability).all():
        raise InputError("model: its outputs are not finite; expected a trained network")
    if method is None:
        method = "all-to-all" if grids.confidence is None else "centres"
    found, scores = find_instances(grids, config, method)
    both = torch.from_numpy(np.stack([grids.classes.astype(np.int32), found.ids])).to(device)
    classes, ids = spread(both, labels).cpu().numpy()
    times.append(_now(device))
    spent = dict(zip(("superpixels", "network", "clustering"), 1e3 * np.diff(times), strict=True))
    return SceneSegmentation(classes.astype(np.uint8), LabelMap(ids, found.classes), scores, spent)


def square_cells(height: int, width: int, k: int) -> Int[torch.Tensor, "H W"]:
    """The cell of each pixel in a grid that follows no edge: what superpixels are compared with.

    Args:
        height: Height of the picture, pixels.
        width: Width of the picture, pixels.
        k: Side of a cell, pixels.

    Returns:
        Row-major number of each pixel's cell, [H, W].
    """
    columns = grid_size(height, width, k)[1]
    return torch.arange(height)[:, None] // k * columns + torch.arange(width) // k


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
