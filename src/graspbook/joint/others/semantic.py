"""A network for semantic segmentation alone, on pictures of any size (Table II)."""

from __future__ import annotations

import time

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import pad

from graspbook.core.errors import InputError
from graspbook.data.cityscapes import CLASSES
from graspbook.instances.types import LabelMap
from graspbook.joint.others.enet import ENet
from graspbook.joint.others.erfnet import ERFNet
from graspbook.joint.others.segnet import SegNet
from graspbook.joint.segment import SceneSegmentation
from graspbook.joint.superpixels import as_rgb
from graspbook.nn.backbone import normalise_rgb

NETWORKS: dict[str, type[nn.Module]] = {"segnet": SegNet, "erfnet": ERFNet, "enet": ENet}


class SemanticNetwork(nn.Module):
    """One of the three networks, for pictures of any size.

    Args:
        name: Architecture: "segnet", "erfnet" or "enet".
        width: Factor on the number of channels.

    Raises:
        InputError: There is no such network.
    """

    def __init__(self, name: str, width: float = 1.0) -> None:
        super().__init__()
        if name not in NETWORKS:
            raise InputError(f"network: expected one of {', '.join(NETWORKS)}, got {name!r}")
        self.inner = NETWORKS[name](CLASSES, width)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c h w"]:
        """Computes class logits of each pixel.

        Sides that are no multiples of the network's stride are filled up by repeating the last row or column.

        Args:
            images: RGB in 0..1, [b, 3, h, w].
        """
        height, width = images.shape[-2:]
        below, right = -height % self.inner.stride, -width % self.inner.stride
        images = normalise_rgb(images)
        if below or right:
            images = pad(images, (0, right, 0, below), mode="replicate")
        return self.inner(images)[..., :height, :width]


@torch.inference_mode()
def segment_classes(network: SemanticNetwork, picture: np.ndarray) -> SceneSegmentation:
    """Class of each pixel of a picture, no instances, and the time of the "network", milliseconds.

    Args:
        network: Network in evaluation mode.
        picture: Grey or RGB picture of any size, uint8 or uint16.
    """
    image: UInt8[np.ndarray, "h w 3"] = as_rgb(picture)
    device = next(network.parameters()).device
    start = time.perf_counter()
    outputs = network(torch.from_numpy(image).to(device).permute(2, 0, 1)[None].float() / 255)
    classes = outputs[0].argmax(0).to(torch.uint8).cpu().numpy()
    spent = 1e3 * (time.perf_counter() - start)
    nothing = LabelMap(np.zeros(classes.shape, np.int32), np.zeros(0, np.int64))
    return SceneSegmentation(classes, nothing, np.zeros(0), {"network": spent})
