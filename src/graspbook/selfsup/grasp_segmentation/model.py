"""The grasp segmentation model (`selfsup` paper, §III-A, Figure 2).

From the image before a grasp, the image after it and the mask of the active suction cups, it predicts the
visible and the amodal mask of the object that was taken.
"""

import dataclasses
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from graspbook.core.errors import InputError
from graspbook.nn.backbone import normalise_rgb
from graspbook.nn.fpn import StrideFourFeatures
from graspbook.nn.gated import GatedUpsample
from graspbook.nn.registry import build_backbone
from graspbook.nn.weight_file import load_weights, save_weights
from graspbook.nn.weights import Pretrained, load_body
from graspbook.selfsup.grasp_segmentation.config import GraspSegmenterConfig

IN_CHANNELS = 10
"""i_b, i_a and i_b - i_a with three channels each, and g with one."""
STRIDE = 32
"""The coarsest stride of the backbone: heights and widths are padded to its multiples."""
FORMAT = "graspbook.selfsup.GraspSegmenter"
"""Name of the metadata entry that holds a model file's configuration as JSON."""


class GraspSegmenter(nn.Module):
    """Backbone, Feature Pyramid Network, two gated upsampling blocks, two channels."""

    def __init__(self, config: GraspSegmenterConfig):
        super().__init__()
        self.config = config
        backbone = build_backbone(config.backbone)
        backbone.replace_first_conv(_wider(backbone.first_conv))
        self.features = StrideFourFeatures(backbone, config.fpn_channels)
        half, quarter = config.fpn_channels // 2, config.fpn_channels // 4
        self.head = nn.Sequential(
            GatedUpsample(config.fpn_channels, half), GatedUpsample(half, quarter), nn.Conv2d(quarter, 2, 1)
        )

    def forward(
        self,
        before: Float[Tensor, "b 3 h w"],
        after: Float[Tensor, "b 3 h w"],
        suction: Float[Tensor, "b 1 h w"],
    ) -> Float[Tensor, "b 2 h w"]:
        """Logits of the visible (channel 0) and the amodal mask (channel 1).

        The images are normalised by ImageNet's mean and deviation, the difference by the deviation alone, and
        g is left as it is; then everything is padded on the right and below with zeros (the mean colour) to
        multiples of 32, and the logits are cropped back.

        Args:
            before: i_b, RGB in 0..1.
            after: i_a, RGB in 0..1.
            suction: g, 1 on the footprints of the active cups, else 0.
        """
        height, width = before.shape[-2:]
        b, a = normalise_rgb(before), normalise_rgb(after)
        x = torch.cat([b, a, b - a, suction], 1)
        x = F.pad(x, (0, -width % STRIDE, 0, -height % STRIDE))
        return self.head(self.features(x))[..., :height, :width]

    def train(self, mode: bool = True) -> "GraspSegmenter":
        """As in every module, but frozen batch normalisation stays in evaluation mode."""
        super().train(mode)
        if self.config.freeze_norm:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval().requires_grad_(False)
        return self


def _wider(conv: nn.Conv2d) -> nn.Conv2d:
    """A convolution like `conv` that reads the model's 10 channels, with fresh random weights."""
    return nn.Conv2d(
        IN_CHANNELS,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        bias=conv.bias is not None,
    )


def build_grasp_segmenter(config: GraspSegmenterConfig, pretrained: Pretrained | None, seed: int) -> GraspSegmenter:
    """A model ready for training.

    Args:
        config: What to build.
        pretrained: Weights of the backbone (and, where they have it, of a pyramid of as many channels), or
            None for random ones.
        seed: Of whatever starts at random; PyTorch's own generator is left as it was.

    Raises:
        InputError: If `pretrained` does not fit, or is missing where the first layer is inflated from it.
    """
    if pretrained is None and config.first_layer == "inflated":
        raise InputError("first_layer: 'inflated' needs pretrained weights; use 'random'")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GraspSegmenter(config)
        source = build_backbone(config.backbone)
    if pretrained is None:
        return model
    load_body(source, pretrained.body, f"pretrained weights of {config.backbone!r}")
    fresh = model.features.backbone.first_conv
    if config.first_layer == "inflated":
        filters = source.first_conv.weight.detach()
        parts = [filters, torch.zeros_like(filters), filters, filters.mean(1, keepdim=True)]
        with torch.no_grad():
            fresh.weight.copy_(torch.cat(parts, 1))
    source.replace_first_conv(fresh)
    model.features.backbone = source
    if pretrained.fpn is not None:
        try:
            model.features.load_fpn(pretrained.fpn)
        except RuntimeError as error:
            raise InputError(
                f"fpn_channels: {config.fpn_channels} does not fit the pretrained pyramid: {error}"
            ) from error
    return model


def save_grasp_segmenter(model: GraspSegmenter, path: Path) -> None:
    """Write weights (matrices and filters in half precision) and configuration to one file, whole or not at all."""
    save_weights(model, path, FORMAT, dataclasses.asdict(model.config))


def load_grasp_segmenter(path: Path) -> GraspSegmenter:
    """Read a model that `save_grasp_segmenter` wrote; on the CPU, float32, in evaluation mode.

    Raises:
        InputError: If the file is missing or is not such a model.
    """
    kind = "a grasp segmentation model"
    return load_weights(path, FORMAT, kind, lambda about: GraspSegmenter(GraspSegmenterConfig(**about)))


@torch.inference_mode()
def predict_grasps(
    model: GraspSegmenter,
    before: UInt8[np.ndarray, "n h w 3"],
    after: UInt8[np.ndarray, "n h w 3"],
    suction: Bool[np.ndarray, "n h w"],
    batch_size: int = 16,
) -> Float[np.ndarray, "n 2 h w"]:
    """Probabilities of the visible (channel 0) and amodal mask (channel 1) of each grasp, float32.

    Moves the model to the GPU if there is one, and leaves it in the mode (training or evaluation) it was in.

    Args:
        model: Trained model.
        before: RGB images before the grasps.
        after: RGB images after the grasps.
        suction: Footprints of the active cups in `before`.
        batch_size: Grasps at once; changes only memory and speed (and the last bits).

    Raises:
        InputError: If shapes or types are others than these: an image in 0..1 or a mask in 0..255 would be misread.
    """
    _check_images(before, after, suction)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    was_training = model.training
    model.to(device).eval()
    probabilities = np.empty((len(before), 2, *before.shape[1:3]), np.float32)
    for start in range(0, len(before), batch_size):
        rows = slice(start, start + batch_size)
        inputs = images_to_tensors(before[rows], after[rows], suction[rows], device)
        probabilities[rows] = torch.sigmoid(model(*inputs)).float().cpu().numpy()
    model.train(was_training)
    return probabilities


def _check_images(before: np.ndarray, after: np.ndarray, suction: np.ndarray) -> None:
    expected = {"before": (before, np.uint8), "after": (after, np.uint8), "suction": (suction, np.bool_)}
    for name, (array, dtype) in expected.items():
        if not isinstance(array, np.ndarray) or array.dtype != dtype:
            found = getattr(array, "dtype", type(array).__name__)
            raise InputError(f"{name}: expected an array of {np.dtype(dtype)}, got {found}")
    if before.shape != after.shape or before.shape[:3] != suction.shape or before.shape[3:] != (3,):
        raise InputError(
            f"before, after and suction: expected [N,H,W,3], [N,H,W,3] and [N,H,W], "
            f"got {before.shape}, {after.shape} and {suction.shape}"
        )
    if 0 in before.shape[1:]:
        raise InputError(f"before, after: expected at least one pixel, got {before.shape}")


def images_to_tensors(
    before: UInt8[np.ndarray, "n h w 3"],
    after: UInt8[np.ndarray, "n h w 3"],
    suction: Bool[np.ndarray, "n h w"],
    device: torch.device,
) -> tuple[Float[Tensor, "n 3 h w"], Float[Tensor, "n 3 h w"], Float[Tensor, "n 1 h w"]]:
    """The model's inputs: RGB in 0..1 and g as 0 or 1, float32, channels first."""
    before, after, suction = (np.ascontiguousarray(x) for x in (before, after, suction))  # torch takes no mirrored view
    b, a = (torch.from_numpy(x).to(device).permute(0, 3, 1, 2).float() / 255 for x in (before, after))
    return b, a, torch.from_numpy(suction).to(device)[:, None].float()
