"""Mask2Former for objects of one class (Cheng et al. 2022; the `selfsup` paper's choice, §III-B.4).

The network is that of transformers; only its backbone's weights, its criterion and its size are ours. Each of Q
queries predicts whether it has an object and that object's mask (`mask2former_loss` says how they learn).
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor, nn

from graspbook.core.errors import InputError
from graspbook.instances.config import Mask2FormerSettings
from graspbook.instances.mask2former_loss import OBJECT, Labels, layer_loss
from graspbook.instances.model import Batch, score_within
from graspbook.nn.backbone import normalise_rgb
from graspbook.nn.registry import build_backbone
from graspbook.nn.weights import Pretrained

_TIMM_NAMES = {"mobilenet_v2": "mobilenetv2_100", "resnet50": "resnet50"}
N_WAVES = 5
"""Wavelengths of the position features, each half of the one before."""


class Mask2Former(nn.Module):
    """Images to queries' classes and masks; see `graspbook.instances.model.InstanceModel`."""

    def __init__(self, config: Mask2FormerSettings):
        super().__init__()
        self.config = config
        self.net = _transformers_network(config)
        del self.net.criterion  # ours is below
        if config.positions:
            decoder = self.net.model.pixel_level_module.decoder
            decoder.mask_projection = nn.Sequential(decoder.mask_projection, _Positions(config.hidden))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[tuple[Tensor, Tensor]]:
        """Run the network.

        Args:
            images: The RGB images in 0..1, float [b, 3, h, w].

        Returns:
            The class logits [b, q, 2] and mask logits [b, q, h/4, w/4] of each decoder layer, the last layer's last.
        """
        out = self.net(pixel_values=normalise_rgb(images), output_auxiliary_logits=True)
        layers = [(a["class_queries_logits"], a["masks_queries_logits"]) for a in out.auxiliary_logits]
        return [*layers, (out.class_queries_logits, out.masks_queries_logits)]

    def loss(self, batch: Batch, generator: Generator) -> Tensor:
        """See `InstanceModel.loss`; the sum over all decoder layers, each matched for itself."""
        labels = Labels(batch)
        points, margin = self.config.points, self.config.robust_margin
        return sum(layer_loss(*layer, labels, points, margin, generator) for layer in self(batch.images))

    def detect(self, images: Float[Tensor, "b 3 h w"]) -> list[tuple[Tensor, Tensor]]:
        """See `InstanceModel.detect`; score = probability of an object x mean probability within its mask."""
        classes, masks = self(images)[-1]
        masks = F.interpolate(masks, images.shape[-2:], mode="bilinear", align_corners=False)
        inside = masks > 0
        scores = classes.softmax(-1)[..., OBJECT] * score_within(masks.sigmoid(), inside)
        return list(zip(scores, inside, strict=True))

    def train(self, mode: bool = True) -> "Mask2Former":
        """As in every module, but batch normalisation keeps the pretrained statistics, scales and offsets."""
        super().train(mode)
        for module in self._backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval().requires_grad_(False)
        return self

    def backbone_parameters(self) -> list[nn.Parameter]:
        """See `InstanceModel.backbone_parameters`."""
        return [parameter for parameter in self._backbone.parameters() if parameter.requires_grad]

    def load_pretrained(self, pretrained: Pretrained) -> None:
        """Load a backbone's weights, whose names torchvision and timm choose differently, but not their order.

        Args:
            pretrained: The weights of the backbone, with torchvision's names.

        Raises:
            InputError: The weights are not those of this backbone.
        """
        own = self._backbone.state_dict()
        names, pretrained_names = _learned(own), _learned(build_backbone(self.config.backbone).state_dict())
        values = [pretrained.body.get(key) for key in pretrained_names]
        if len(names) != len(pretrained_names) or any(
            value is None or value.shape != own[key].shape for key, value in zip(names, values, strict=True)
        ):
            raise InputError(f"pretrained weights: not those of {self.config.backbone!r}")
        self._backbone.load_state_dict(own | dict(zip(names, values, strict=True)))

    @property
    def _backbone(self) -> nn.Module:
        return self.net.model.pixel_level_module.encoder._backbone


def _transformers_network(config: Mask2FormerSettings) -> nn.Module:
    """The network of transformers with random weights."""
    # imported here: transformers takes seconds, and most who import this module build no network
    import transformers

    transformers.logging.set_verbosity_error()  # it warns about defaults that are meant
    backbone = transformers.TimmBackboneConfig(
        backbone=_TIMM_NAMES[config.backbone],
        use_pretrained_backbone=False,  # its weights come from `load_pretrained`, never from the network
        out_indices=[1, 2, 3, 4],
        features_only=True,
    )
    return transformers.Mask2FormerForUniversalSegmentation(
        transformers.Mask2FormerConfig(
            backbone_config=backbone,
            num_labels=1,
            num_queries=config.queries,
            hidden_dim=config.hidden,
            feature_size=config.hidden,
            mask_feature_size=config.hidden,
            encoder_layers=config.encoder_layers,
            encoder_feedforward_dim=config.encoder_feedforward,
            decoder_layers=config.decoder_layers,
            dim_feedforward=config.feedforward,
            num_attention_heads=8,
        )
    )


class _Positions(nn.Module):
    """Adds a learned mixture of sines and cosines of a pixel's place to its features."""

    def __init__(self, channels: int):
        super().__init__()
        self.mix = nn.Conv2d(4 * N_WAVES, channels, 1, bias=False)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return features + self.mix(waves(*features.shape[-2:]).to(features))


def waves(height: int, width: int) -> Float[Tensor, "1 f h w"]:
    """Sines and cosines of the rows' and columns' place, of 1/2, 1, 2, ... periods over the image's height.

    Args:
        height: The height of the feature map in pixels.
        width: The width of the feature map in pixels.

    Returns:
        The position features, float32 [1, 4 * N_WAVES, height, width], in -1..1.
    """
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    phase = math.pi * 2.0 ** torch.arange(N_WAVES).view(-1, 1, 1) * torch.stack([y, x])[:, None] / height
    return torch.cat([phase.sin(), phase.cos()]).flatten(0, 1)[None]


def _learned(state: dict[str, Tensor]) -> list[str]:
    """Names of a state without the counters of batch normalisation, in the order of the layers."""
    return [key for key in state if not key.endswith("num_batches_tracked")]
