"""Milliseconds of the three parts (Table I), at the paper's size of pictures.

Networks know things of the size that they were trained on, and at 1024x512 those of our small pictures would be four
times as large. So the picture is enlarged for the superpixels and the network, whose time does not depend on what is
seen; what is clustered are the grids of the small picture, enlarged: as many things, of as many more elements each.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch.nn.functional import interpolate

from graspbook.joint.config import ClusterConfig, TimingConfig
from graspbook.joint.network import JointNetwork
from graspbook.joint.segment import Grids, Method, find_instances, predict_grids
from graspbook.joint.superpixels import grid_size, spread, superpixels

LONG = 10.0
"""Seconds from which a run is not repeated: what warms up in the first one is little beside it."""


def shortest(call: Callable[[], object], repeats: int, device: torch.device | None = None) -> float:
    """The shortest time of several runs, milliseconds; a first run warms up, and is the only one if it exceeds `LONG`.

    Args:
        call: Function to time.
        repeats: Number of timed runs.
        device: Device to synchronise with, if it is a GPU.
    """
    spent = []
    for _ in range(repeats + 1):
        start = _now(device)
        call()
        spent.append(_now(device) - start)
        if spent[0] > LONG:
            return 1e3 * spent[0]
    return 1e3 * min(spent[1:])


def time_parts(
    network: JointNetwork,
    image: UInt8[np.ndarray, "h w 3"],
    clustering: ClusterConfig,
    method: Method,
    compactness: float,
    timing: TimingConfig,
) -> dict[str, float]:
    """Milliseconds of `superpixels`, `network` and `clustering` for one picture.

    The time of the clustering includes the way back to pixels.

    Args:
        network: Network in evaluation mode, on the device to measure.
        image: RGB image of the size that the network was trained on, uint8 [h, w, 3].
        clustering: Clustering settings.
        method: Clustering method.
        compactness: Compactness of the superpixels, in units of Lab per k pixels.
        timing: Size of the timed pictures, and number of repetitions.
    """
    device = next(network.parameters()).device
    size = (timing.height, timing.width)
    large = torch.from_numpy(enlarged(image, size)).to(device)
    grids = enlarged_grids(predict_grids(network, image), grid_size(*size, network.k))
    labels = superpixels(large, network.k, compactness)

    def cluster() -> None:
        found, _ = find_instances(grids, clustering, method)
        both = torch.from_numpy(np.stack([grids.classes.astype(np.int32), found.ids])).to(device)
        spread(both, labels).cpu()

    return {
        "superpixels": shortest(lambda: superpixels(large, network.k, compactness), timing.repeats, device),
        "network": time_network(network, timing),
        "clustering": shortest(cluster, timing.repeats, device),
    }


@torch.inference_mode()
def time_network(network: torch.nn.Module, timing: TimingConfig) -> float:
    """Time that a network takes for a random picture of that size, milliseconds; the content does not matter.

    Args:
        network: Network in evaluation mode, on the device to measure.
        timing: Size of the picture, and number of repetitions.
    """
    device = next(network.parameters()).device
    image = torch.rand(1, 3, timing.height, timing.width, generator=torch.Generator().manual_seed(0)).to(device)
    return shortest(lambda: network(image), timing.repeats, device)


def enlarged(image: UInt8[np.ndarray, "h w 3"], size: tuple[int, int]) -> UInt8[np.ndarray, "H W 3"]:
    """Resizes a picture.

    Args:
        image: RGB image, uint8 [h, w, 3].
        size: New height and width, pixels.
    """
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)


def enlarged_grids(grids: Grids, size: tuple[int, int]) -> Grids:
    """Resizes grids by bilinear interpolation.

    Args:
        grids: Outputs of a network.
        size: New rows and columns, elements.
    """

    def larger(values: Float[np.ndarray, "c h w"]) -> Float[np.ndarray, "c H W"]:
        return interpolate(torch.from_numpy(values)[None], size=size, mode="bilinear")[0].numpy()

    confidence = None if grids.confidence is None else larger(grids.confidence[None])[0]
    return Grids(larger(grids.probability), larger(grids.embeddings), confidence)


def _now(device: torch.device | None) -> float:
    if device is not None and device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
