"""Mask2Former for bins of objects of one class (`selfsup` paper, §III-B.4, §V-A; Cheng et al. 2022).

The network is that of transformers; only its backbone's weights, its criterion and its size are ours. Each of Q
queries predicts whether it has an object and that object's mask; Hungarian matching gives every object one
query. The criterion adds two things to the usual one, both baselines of §V-A:

- An image may be *single*: it has one known mask among unknown objects. Then only the matched query learns;
  the others are not told that there is no object (§V-A.1).
- With a `robust_margin`, masks are compared with the closest one within the margin (§V-A.2).
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
import transformers
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment
from torch import Generator, Tensor, nn
from transformers import Mask2FormerConfig, Mask2FormerForUniversalSegmentation, TimmBackboneConfig

from graspbook.errors import InputError
from graspbook.instances.model import Batch
from graspbook.nn.backbone import BackboneName, build_backbone, normalise_rgb
from graspbook.nn.mask_loss import mask_losses
from graspbook.nn.weights import Pretrained
from graspbook.selfsup.instance_segmentation.set_loss import robust_target

transformers.logging.set_verbosity_error()  # it warns about defaults that are meant

_TIMM_NAMES = {"mobilenet_v2": "mobilenetv2_100", "resnet50": "resnet50"}
OBJECT, NOTHING = 0, 1
"""The two outputs of the class head."""
CLASS_WEIGHT, MASK_WEIGHT, DICE_WEIGHT = 2.0, 5.0, 5.0
"""Weights of the three losses, in the matching's cost too, as in the original."""
NOTHING_WEIGHT = 0.1
"""Weight of a query without an object in the class loss, as in the original."""
N_WAVES = 5
"""Wavelengths of the position features, each half of the one before."""
OVERSAMPLE, IMPORTANT = 3, 0.75
"""Points are chosen among three times as many; three in four are the least sure of them, as in the original."""


@dataclass(frozen=True)
class Mask2FormerSettings:
    """What the model is made of; transformers' defaults, which the paper has, in brackets.

    Attributes:
        backbone: ("resnet50").
        queries: most objects that can be found in an image (100).
        hidden: channels of pixel decoder and transformer decoder (256); 8 attention heads share them.
        encoder_layers: of the pixel decoder (6).
        encoder_feedforward: hidden channels of its layers (1024).
        decoder_layers: mask predictions, the queries' own before the first layer included (10, that is 9 layers).
        feedforward: hidden channels of the transformer decoder's layers (2048).
        points: where masks are compared, per object (12544).
        positions: whether the features that masks are made of are told where in the image they are (no). A mask
            is where the features agree with a query; equal objects in two places have to differ in something
            before one query can have one of them, and convolutions alone are slow to learn that.
        robust_margin: lowest IoU of the robust set loss, 0.7 in §V-A.2; None: the usual loss.
    """

    backbone: BackboneName = "mobilenet_v2"
    queries: int = 40
    hidden: int = 128
    encoder_layers: int = 1
    encoder_feedforward: int = 256
    decoder_layers: int = 4
    feedforward: int = 512
    points: int = 512
    positions: bool = True
    robust_margin: float | None = None


class Mask2Former(nn.Module):
    """Images to queries' classes and masks; see `graspbook.instances.model.InstanceModel`."""

    def __init__(self, config: Mask2FormerSettings):
        super().__init__()
        self.config = config
        backbone = TimmBackboneConfig(
            backbone=_TIMM_NAMES[config.backbone],
            use_pretrained_backbone=False,  # its weights come from `load_pretrained`, never from the network
            out_indices=[1, 2, 3, 4],
            features_only=True,
        )
        self.net = Mask2FormerForUniversalSegmentation(
            Mask2FormerConfig(
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
        del self.net.criterion  # ours is below
        if config.positions:
            decoder = self.net.model.pixel_level_module.decoder
            decoder.mask_projection = nn.Sequential(decoder.mask_projection, _Positions(config.hidden))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[tuple[Tensor, Tensor]]:
        """Class logits [b, q, 2] and mask logits [b, q, h/4, w/4] of each decoder layer, the last one's last."""
        out = self.net(pixel_values=normalise_rgb(images), output_auxiliary_logits=True)
        layers = [(a["class_queries_logits"], a["masks_queries_logits"]) for a in out.auxiliary_logits]
        return [*layers, (out.class_queries_logits, out.masks_queries_logits)]

    def loss(self, batch: Batch, generator: Generator) -> Tensor:
        """See `InstanceModel.loss`; the sum over all decoder layers, each matched for itself."""
        labels = _Labels(batch)
        layers = self(batch.images)
        return sum(layer_loss(*layer, labels, self.config, generator) for layer in layers)

    def detect(self, images: Float[Tensor, "b 3 h w"]) -> list[tuple[Tensor, Tensor]]:
        """See `InstanceModel.detect`; score = probability of an object x mean probability within its mask."""
        classes, masks = self(images)[-1]
        masks = F.interpolate(masks, images.shape[-2:], mode="bilinear", align_corners=False)
        inside = masks > 0
        sure = (masks.sigmoid() * inside).sum((-2, -1)) / inside.sum((-2, -1)).clamp(min=1)
        return list(zip(classes.softmax(-1)[..., OBJECT] * sure, inside, strict=True))

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

        Raises:
            InputError: they are not this backbone's.
        """
        own = self._backbone.state_dict()
        names, theirs = _learned(own), _learned(build_backbone(self.config.backbone).state_dict())
        values = [pretrained.body.get(key) for key in theirs]
        if len(names) != len(theirs) or any(
            value is None or value.shape != own[key].shape for key, value in zip(names, values, strict=True)
        ):
            raise InputError(f"pretrained weights: not those of {self.config.backbone!r}")
        self._backbone.load_state_dict(own | dict(zip(names, values, strict=True)))

    @property
    def _backbone(self) -> nn.Module:
        return self.net.model.pixel_level_module.encoder._backbone


class _Positions(nn.Module):
    """Adds a learned mixture of sines and cosines of a pixel's place to its features."""

    def __init__(self, channels: int):
        super().__init__()
        self.mix = nn.Conv2d(4 * N_WAVES, channels, 1, bias=False)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return features + self.mix(waves(*features.shape[-2:]).to(features))


def waves(height: int, width: int) -> Float[Tensor, "1 f h w"]:
    """Sines and cosines of the rows' and columns' place, of 1/2, 1, 2, ... periods over the image's height."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    phase = math.pi * 2.0 ** torch.arange(N_WAVES).view(-1, 1, 1) * torch.stack([y, x])[:, None] / height
    return torch.cat([phase.sin(), phase.cos()]).flatten(0, 1)[None]


def _learned(state: dict[str, Tensor]) -> list[str]:
    """Names of a state without the counters of batch normalisation, in the order of the layers."""
    return [key for key in state if not key.endswith("num_batches_tracked")]


class _Labels:
    """The objects of a batch, laid out for the criterion.

    Attributes:
        masks: of all objects, float [n, 1, h, w].
        counts: objects of each image.
        single: see `Batch`.
    """

    def __init__(self, batch: Batch):
        self.masks = torch.cat(list(batch.masks))[:, None].float()
        self.counts = [len(masks) for masks in batch.masks]
        self.single = batch.single


def layer_loss(
    classes: Float[Tensor, "b q 2"],
    masks: Float[Tensor, "b q h4 w4"],
    labels: _Labels,
    config: Mask2FormerSettings,
    generator: Generator,
) -> Tensor:
    """Class, cross-entropy and Dice loss of one layer's predictions."""
    image, query, label = hungarian_match(classes, masks, labels, config.points, generator)
    target = torch.full(classes.shape[:2], NOTHING, device=classes.device)
    target[labels.single] = -100  # left out: nobody knows
    target[image, query] = OBJECT
    weight = torch.tensor([1.0, NOTHING_WEIGHT], device=classes.device)
    each = F.cross_entropy(classes.transpose(1, 2), target, weight, reduction="none", ignore_index=-100)
    weights = torch.where(target == OBJECT, 1.0, NOTHING_WEIGHT) * (target != -100)
    total = CLASS_WEIGHT * each.sum() / weights.sum().clamp(min=NOTHING_WEIGHT)
    if not len(image):
        return total + 0 * masks.sum()
    predicted, wanted = masks[image, query][:, None], labels.masks[label]
    if config.robust_margin is not None:
        wanted = _within_margin(predicted, wanted, config.robust_margin)
    points = uncertain_points(predicted, config.points, generator)
    x, y = sample(predicted, points), sample(wanted, points)
    entropy, dice = mask_losses(x, y)
    return total + MASK_WEIGHT * entropy + DICE_WEIGHT * dice


@torch.no_grad()
def hungarian_match(
    classes: Float[Tensor, "b q 2"],
    masks: Float[Tensor, "b q h4 w4"],
    labels: _Labels,
    n_points: int,
    generator: Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Hungarian matching: of each image, every object with another query (all queries, if there are fewer).

    Returns:
        Image, query and object (its place in `labels.masks`) of each pair, int64.
    """
    pairs, start = [], 0
    points = torch.rand(1, n_points, 2, generator=generator).to(masks.device)
    sampled = sample(masks.flatten(0, 1)[:, None], points.expand(masks.shape[0] * masks.shape[1], -1, -1))
    sampled = sampled.view(*masks.shape[:2], n_points)
    wanted = sample(labels.masks, points.expand(len(labels.masks), -1, -1))
    for image, count in enumerate(labels.counts):
        x, y = sampled[image], wanted[start : start + count]
        p = x.sigmoid()
        # softplus(-x) for pixels inside, softplus(x) = softplus(-x) + x outside
        entropy = (F.softplus(x).sum(1, keepdim=True) - x @ y.T) / n_points
        dice = 1 - (2 * p @ y.T + 1) / (p.sum(1, keepdim=True) + y.sum(1) + 1)
        chance = classes[image].softmax(-1)[:, OBJECT, None]
        cost = MASK_WEIGHT * entropy + DICE_WEIGHT * dice - CLASS_WEIGHT * chance
        # a diverging model must reach the check of its loss, not an error of the matching
        query, label = linear_sum_assignment(torch.nan_to_num(cost, 1e9, 1e9, -1e9).float().cpu())
        pairs += [(image, q, start + k) for q, k in zip(query.tolist(), label.tolist(), strict=True)]
        start += count
    return tuple(torch.tensor(pairs, dtype=torch.long, device=masks.device).reshape(-1, 3).unbind(1))


@torch.no_grad()
def uncertain_points(logits: Float[Tensor, "n 1 h w"], count: int, generator: Generator) -> Float[Tensor, "n p 2"]:
    """Points (x, y) in 0..1 where each mask is to be compared: mostly where its logit is near zero."""
    points = torch.rand(len(logits), OVERSAMPLE * count, 2, generator=generator).to(logits.device)
    n_important = int(IMPORTANT * count)
    nearest = sample(logits, points).abs().topk(n_important, 1, largest=False, sorted=False).indices
    important = points.gather(1, nearest[..., None].expand(-1, -1, 2))
    others = torch.rand(len(logits), count - n_important, 2, generator=generator).to(logits.device)
    return torch.cat([important, others], 1)


def sample(maps: Float[Tensor, "n 1 h w"], points: Float[Tensor, "n p 2"]) -> Float[Tensor, "n p"]:
    """Values at points (x, y) in 0..1, bilinear."""
    return F.grid_sample(maps, 2 * points[:, :, None] - 1, align_corners=False)[:, 0, :, 0]


@torch.no_grad()
def _within_margin(logits: Float[Tensor, "n 1 h4 w4"], masks: Float[Tensor, "n 1 h w"], margin: float) -> Tensor:
    """The masks that the robust set loss asks for, at the labels' size, where one pixel is one pixel of IoU."""
    grown = F.interpolate(logits, masks.shape[-2:], mode="bilinear", align_corners=False)
    target = robust_target(grown.flatten(1), masks.flatten(1) > 0.5, margin)
    return target.view(masks.shape).float()
