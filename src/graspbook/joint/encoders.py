"""The two encoders (§III-A.1): MobileNetV2 and Darknet-53, with features at strides 2, 4, ... of the image.

Past the output stride, layers keep the resolution and widen their kernels' reach by dilation [6] instead.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graspbook.core.errors import InputError
from graspbook.joint.training_config import NetworkConfig
from graspbook.nn.registry import build_backbone
from graspbook.nn.weights import load_body, load_pretrained

WIDEST_STRIDE = 32
"""Of both encoders without dilation."""


class Encoder(nn.Module):
    """Stages that follow each other; each gives features of one stride, the last one of the output stride.

    Args:
        stages: Parts of the network, in order; of several with one stride the last one's features count.
        strides: Stride of each stage's output, pixels.
        channels: Channels of each stage's output.
    """

    def __init__(self, stages: list[nn.Module], strides: list[int], channels: list[int]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self._strides = strides
        self.channels = dict(zip(strides, channels, strict=True))

    def forward(self, image: Float[Tensor, "b 3 h w"]) -> dict[int, Tensor]:
        """Computes features by stride.

        Args:
            image: Normalised RGB images, [b, 3, h, w].
        """
        features = {}
        for stage, stride in zip(self.stages, self._strides, strict=True):
            image = stage(image)
            features[stride] = image
        return features


def build_encoder(name: str, config: NetworkConfig, data_dir: Path = Path("data")) -> Encoder:
    """An encoder with the weights that the configuration names, random ones from the default generator.

    Args:
        name: Architecture: "mobilenet_v2" or "darknet53".
        config: Output stride, width of Darknet-53, and sources of the weights.
        data_dir: Folder with the bundled weights.

    Raises:
        InputError: There is no such encoder, or its weights are missing.
    """
    if name == "mobilenet_v2":
        return _mobilenet(config, data_dir)
    if name == "darknet53":
        return _darknet(config)
    raise InputError(f"encoder: expected 'mobilenet_v2' or 'darknet53', got {name!r}")


def dilate(layers: nn.Module, stride: int, reached: int, output_stride: int) -> tuple[int, int]:
    """Replaces strides past the output stride by dilation, in place.

    Args:
        layers: Layers in the order in which they compute.
        stride: Stride at their input without dilation, pixels.
        reached: Stride at their input with dilation, pixels.
        output_stride: Largest stride that is wanted, pixels.

    Returns:
        Both strides at the output of the layers, pixels.
    """
    for layer in layers.modules():
        if not isinstance(layer, nn.Conv2d) or (layer.kernel_size[0] == 1 and layer.stride[0] == 1):
            continue
        before = stride // reached
        if layer.stride[0] == 2:
            stride *= 2
            if reached < output_stride:
                reached *= 2
            else:
                layer.stride = (1, 1)
        if layer.kernel_size[0] == 3 and before > 1:
            layer.dilation, layer.padding = (before, before), (before, before)
    return stride, reached


def _mobilenet(config: NetworkConfig, data_dir: Path) -> Encoder:
    """Stages end where the stride of the undilated network changes next."""
    backbone = build_backbone("mobilenet_v2")
    pretrained = load_pretrained(config.mobilenet_weights, "mobilenet_v2", data_dir, config.mobilenet_location)
    if pretrained is not None:
        load_body(backbone, pretrained.body, "pretrained weights of 'mobilenet_v2'")
    layers = list(backbone.features)
    stages = [nn.Sequential(*layers[a:b]) for a, b in ((0, 2), (2, 4), (4, 7), (7, 14), (14, 18))]
    return _assembled(stages, [16, *backbone.channels], config.encoder_stride)


def _darknet(config: NetworkConfig) -> Encoder:
    """Timm's Darknet-53 without its classifier, `darknet_width` times as wide."""
    from timm.models import cspnet  # seconds

    settings = cspnet.model_cfgs["darknet53"]
    width = config.darknet_width
    channels = [max(8, round(width * count)) for count in settings.stages.out_chs]
    settings = dataclasses.replace(
        settings,
        stem=dataclasses.replace(settings.stem, out_chs=max(8, round(width * settings.stem.out_chs))),
        stages=dataclasses.replace(settings.stages, out_chs=tuple(channels)),
    )
    network = cspnet.CspNet(settings, num_classes=0)
    if config.darknet_location is not None:
        network.load_state_dict(_read_darknet(config.darknet_location))
    stages = list(network.stages)
    stages[0] = nn.Sequential(network.stem, stages[0])
    return _assembled(stages, channels, config.encoder_stride)


def _assembled(stages: list[nn.Module], channels: list[int], output_stride: int) -> Encoder:
    stride = reached = 1
    strides = []
    for stage in stages:
        stride, reached = dilate(stage, stride, reached, output_stride)
        strides.append(reached)
    return Encoder(stages, strides, channels)


def _read_darknet(location: str) -> dict[str, Tensor]:
    """Weights of timm's Darknet-53: a `.safetensors` file, or a name for timm's hub."""
    if Path(location).suffix == ".safetensors":
        from safetensors.torch import load_file

        if not Path(location).is_file():
            raise InputError(f"{location}: missing; expected weights of timm's darknet53")
        state = load_file(location)
    else:
        import timm

        state = timm.create_model(location, pretrained=True).state_dict()
    return {key: value.to(torch.float32) for key, value in state.items() if not key.startswith("head.")}
