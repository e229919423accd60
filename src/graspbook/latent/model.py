"""Latent-MaskRCNN: Mask R-CNN whose answer depends on a latent code (§III, appendix A).

The decoder is the Mask R-CNN of `graspbook.instances`; a code joins its pyramid's features before region proposal.
Without latent settings it is that Mask R-CNN, by the same path, which makes it the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNPredictor

from graspbook.core.errors import InputError
from graspbook.instances.config import MaskRCNNSettings
from graspbook.instances.mask_rcnn import MaskRCNN, torchvision_targets
from graspbook.instances.model import ClassBatch, score_within
from graspbook.latent.config import LatentSettings
from graspbook.latent.encoder import Encoder, Prior, Targets
from graspbook.latent.gaussian import Gaussian, kl_divergence
from graspbook.latent.injection import Injection

Code = Literal["sample", "own", "other", "prior"]
"""z ~ q(z|y, x); the encoder's mean; that of another image of the batch; the prior's mean."""
Answer = tuple[Tensor, Tensor, Tensor]
"""Scores float [n] in 0..1, masks bool [n, h, w] and classes int64 [n] from 0; in any order, some maybe empty."""


@dataclass(frozen=True)
class Encoded:
    """Intermediate results for images, computed once however many codes are decoded.

    Attributes:
        images: Images as torchvision lists them.
        features: Features of the pyramid by level, without a code.
        prior: Prior of the codes; None in a plain Mask R-CNN.
    """

    images: ImageList
    features: dict[str, Tensor]
    prior: Gaussian | None


class LatentMaskRCNN(MaskRCNN):
    """See the module.

    Args:
        config: Settings of Mask R-CNN.
        latent: Settings of the code, or None for a plain Mask R-CNN.
        classes: Number of classes of instances.
    """

    def __init__(self, config: MaskRCNNSettings, latent: LatentSettings | None, classes: int = 1) -> None:
        super().__init__(config)
        self.latent, self.classes = latent, classes
        if classes > 1:
            self.net.roi_heads.box_predictor = FastRCNNPredictor(config.hidden, classes + 1)
            self.net.roi_heads.mask_predictor = MaskRCNNPredictor(config.channels, config.channels, classes + 1)
        if latent is not None:
            self.prior = Prior(config.channels, latent)
            self.encoder = Encoder(config.channels, latent, classes)
            self.injection = Injection(config.channels, latent)

    def losses(
        self, batch: ClassBatch, generator: Generator, code: Code = "sample"
    ) -> tuple[dict[str, Tensor], Tensor | None]:
        """Mask R-CNN's losses (equation (2)) with a code, and what the code costs.

        Args:
            batch: Images with their instances; at least two for code "other".
            generator: Source, on the CPU, of the code and of torchvision's choices of anchors and regions.
            code: Code to decode: "sample", "own", "other" or "prior".

        Returns:
            The losses by torchvision's names, and D_KL(q || p) in nats [b, d]; None in a plain Mask R-CNN.
        """
        seed = int(torch.randint(2**62, (), generator=generator))
        # torchvision draws from the default generator: it is lent a state for that, and gets its own back
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            images, targets = self.net.transform(list(batch.images), targets_of(batch))
            features, kl = self.net.backbone(images.tensors), None
            if self.latent is not None:
                q, p = self.encoder(features, targets, images.image_sizes), self.prior(features)
                kl = kl_divergence(q, p)
                codes = {"own": q.mean, "other": q.mean.roll(1, 0), "prior": p.mean}
                z = q.sample(generator) if code == "sample" else codes[code]
                features = self.injection(features, z[:, None])
            proposals, losses = self.net.rpn(images, features, targets)
            losses |= self.net.roi_heads(features, proposals, images.image_sizes, targets)[1]
        return losses, kl

    def loss(self, batch: ClassBatch, generator: Generator, beta: float = 0.0) -> Tensor:
        """Equation (3): L_M with z ~ q, plus beta times the KL divergence, mean over images.

        Args:
            batch: Images with their instances.
            generator: Source, on the CPU, of the code and of torchvision's choices of anchors and regions.
            beta: Weight of the KL divergence.
        """
        losses, kl = self.losses(batch, generator)
        total = sum(losses.values())
        return total if kl is None else total + beta * kl.sum(1).mean()

    def encode(self, images: Float[Tensor, "b 3 h w"]) -> Encoded:
        """Computes backbone, pyramid and prior.

        Args:
            images: RGB in 0..1, [b, 3, h, w].
        """
        listed, _ = self.net.transform(list(images))
        features = self.net.backbone(listed.tensors)
        return Encoded(listed, features, None if self.latent is None else self.prior(features))

    def decode(self, encoded: Encoded, codes: Float[Tensor, "b k d"] | None, least: float = 0.0) -> list[list[Answer]]:
        """Decodes all codes of all images in one batch; in evaluation mode.

        Args:
            encoded: Result of `encode`.
            codes: K codes for each image, [b, k, d]; None in a plain Mask R-CNN, which has one answer.
            least: Least class probability of a detection, 0..1; less confident ones get no mask, which saves time.

        Returns:
            For each image one answer for each code.

        Raises:
            InputError: There are codes for a plain Mask R-CNN, or none for a latent one.
        """
        if (codes is None) != (self.latent is None):
            raise InputError("codes: expected some for a model with a latent code, and none for a plain one")
        listed, features, count = encoded.images, encoded.features, 1
        if codes is not None:
            count = codes.shape[1]
            features = self.injection(features, codes)
            sizes = [size for size in listed.image_sizes for _ in range(count)]
            # proposals read the images' size alone
            listed = ImageList(listed.tensors[:1].expand(len(sizes), -1, -1, -1), sizes)
        heads, sizes = self.net.roi_heads, listed.image_sizes
        proposals, _ = self.net.rpn(listed, features)
        usual, heads.score_thresh = heads.score_thresh, max(least, heads.score_thresh)
        try:
            results, _ = heads(features, proposals, sizes)
        finally:
            heads.score_thresh = usual
        results = self.net.transform.postprocess(results, sizes, sizes)
        answers = [_answer(result) for result in results]
        return [answers[start : start + count] for start in range(0, len(answers), count)]

    def detect(self, images: Float[Tensor, "b 3 h w"]) -> list[tuple[Tensor, Tensor]]:
        """See `InstanceModel.detect`: with the prior's mean (§IV-D), whatever the class.

        Args:
            images: RGB in 0..1, [b, 3, h, w].

        Returns:
            For each image scores in 0..1 [n] and masks bool [n, h, w].
        """
        return [(scores, masks) for scores, masks, _ in self.detect_classes(images)]

    def detect_classes(self, images: Float[Tensor, "b 3 h w"]) -> list[Answer]:
        """Vanilla prediction with the prior's mean (§IV-D); what a plain Mask R-CNN finds.

        Args:
            images: RGB in 0..1, [b, 3, h, w].
        """
        encoded = self.encode(images)
        codes = None if encoded.prior is None else encoded.prior.mean[:, None]
        return [answers[0] for answers in self.decode(encoded, codes)]

    @torch.no_grad()
    def calibrate(self, batches: list[ClassBatch]) -> None:
        """Calibrates the encoder on some batches, before the first step; see `Encoder.calibrate`.

        Args:
            batches: Images with their instances.
        """
        rows = []
        for batch in batches:
            images, targets = self.net.transform(list(batch.images), targets_of(batch))
            rows.append(self.encoder.pooled(self.net.backbone(images.tensors), targets, images.image_sizes))
        self.encoder.calibrate(torch.cat(rows))


def targets_of(batch: ClassBatch) -> Targets:
    """The instances of a batch as torchvision wants them, where class 0 is the background.

    Args:
        batch: Images with their instances.
    """
    return torchvision_targets(batch.masks, [classes + 1 for classes in batch.classes])


def _answer(result: dict[str, Tensor]) -> Answer:
    """Score = probability of the class x mean probability within the mask, as in `MaskRCNN.detect`."""
    masks = result["masks"][:, 0]
    inside = masks > 0.5
    return result["scores"] * score_within(masks, inside), inside, result["labels"] - 1
