"""Segmenting one's own picture: confidence masks, union masks and samples of one image (§IV)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from graspbook.core.arguments import real_number, whole_number
from graspbook.core.errors import InputError
from graspbook.core.memory import check_memory
from graspbook.data.pictures import check_colour
from graspbook.data.rle import encode_mask
from graspbook.instances.types import Instances
from graspbook.latent.confidence import confidence_masks, partners_needed
from graspbook.latent.figures.pictures import draw_masks
from graspbook.latent.model import LatentMaskRCNN
from graspbook.latent.model_file import FILES, LatentModel
from graspbook.latent.predict import draw_samples
from graspbook.latent.union_nms import union_nms
from graspbook.nn.model_file import check_model
from graspbook.nn.weight_file import check_finite

SMALLEST, LARGEST = 32, 2048
"""Height that an image is segmented at, pixels."""
LARGEST_SEED = 2**63 - 1
BYTES, SAMPLE_BYTES, MASK_BYTES = 250, 6e6, 50
"""Of memory that at least are taken by a pixel that the model sees, by a sample, and by each pixel of a sample."""
WIDTH = 320
"""Of each part of the picture, pixels."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Predictions for one image; masks are as large as the image.

    Attributes:
        confidence: Confidence masks at probability p, disjoint.
        union: Masks of Union-NMS, which may overlap.
        samples: Sampled segmentations that both are made from.
        p: Share of the samples in which a confidence mask lies within one mask, 0..1.
    """

    confidence: Instances
    union: Instances
    samples: tuple[Instances, ...]
    p: float


def segment_instances(
    model: LatentModel,
    image: UInt8[np.ndarray, "h w 3"],
    p: float | None = None,
    samples: int | None = None,
    height: int | None = None,
    seed: int | None = None,
) -> Answer:
    """Samples segmentations of an image, and makes confidence masks and union masks from them (§IV).

    Args:
        model: Model with a latent code, as `graspbook.load("latent")` returns it.
        image: RGB image, uint8 [H, W, 3].
        p: Share of the samples in which a confidence mask lies within one mask, 0..1; None: the model's own.
        samples: Number K of samples; None: the model's own.
        height: Height at which the model sees the image, 32 to 2048 pixels; None: that of its training images.
        seed: Seed of the codes; None: the model's own.

    Returns:
        Confidence masks, union masks and samples, with masks bool [n, H, W].

    Raises:
        InputError: The model has no code or gives no finite numbers, the image has a wrong type or size, or p, samples,
            height or seed are out of range or too large for the memory.
    """
    check_model(model, LatentMaskRCNN, FILES.kind)
    if model.network.latent is None:
        raise InputError("model: a plain Mask R-CNN has one answer; expected a model with a latent code")
    check_colour(image, "image")
    defaults = model.settings.predict
    p = defaults.p if p is None else real_number(p, "p", 0, 1)
    samples = defaults.samples if samples is None else whole_number(samples, "samples", 1)
    seed = defaults.seed if seed is None else whole_number(seed, "seed", 0, LARGEST_SEED)
    partners_needed(samples, p)
    size = image.shape[:2]
    wanted = model.settings.height if height is None else whole_number(height, "height", 1)
    width = round(size[1] * wanted / size[0])
    if not (SMALLEST <= wanted <= LARGEST and SMALLEST <= width <= 4 * LARGEST):
        raise InputError(f"image: would be segmented at {width}x{wanted} pixels, expected {SMALLEST} to {LARGEST}")
    needed = BYTES * wanted * width + samples * (SAMPLE_BYTES + MASK_BYTES * wanted * width)
    check_memory(needed, f"samples: {samples} of {width}x{wanted} pixels")
    if (wanted, width) != size:
        image = cv2.resize(
            image, (width, wanted), interpolation=cv2.INTER_AREA if wanted < size[0] else cv2.INTER_LINEAR
        )
    check_finite(model.network)
    drawn = draw_samples(model.network, np.ascontiguousarray(image), samples, seed)
    sure = [sample.filter_by_score(defaults.hypothesis) for sample in drawn]
    made = confidence_masks(sure, p, 0.0, defaults.stop), union_nms(sure, defaults.nms)
    confidence, union = (_as_large_as(size, one) for one in made)
    return Answer(confidence, union, tuple(_as_large_as(size, one) for one in sure), p)


def as_records(answer: Answer) -> list[dict[str, Any]]:
    """All masks as records in COCO's format.

    Args:
        answer: Predictions for one image.

    Returns:
        One dictionary for each mask: `kind`, `sample` (from 1; 0 if the mask is no sample's), `score` (0..1), `class`
        and `segmentation` (run lengths).
    """
    groups = [("confidence", 0, answer.confidence), ("union", 0, answer.union)]
    groups += [("sample", number, one) for number, one in enumerate(answer.samples, 1)]
    return [
        {
            "kind": kind,
            "sample": number,
            "score": round(float(score), 6),
            "class": int(which),
            "segmentation": {"size": list(mask.shape), "counts": encode_mask(mask)},
        }
        for kind, number, one in groups
        for mask, which, score in zip(one.masks, one.classes, one.scores, strict=True)
    ]


def picture_of(image: UInt8[np.ndarray, "h w 3"], answer: Answer) -> np.ndarray:
    """Image, confidence masks and union masks above three of the samples: uint8 RGB.

    Args:
        image: RGB image, uint8 [h, w, 3].
        answer: Predictions for it.
    """
    nothing = np.zeros((0, *image.shape[:2]), bool)
    stacks = [nothing, answer.confidence.masks, answer.union.masks]
    stacks += [one.masks for one in answer.samples[:3]] + [nothing] * (3 - len(answer.samples[:3]))
    scale = max(1, round(WIDTH / image.shape[1]))
    parts = [draw_masks(image, masks, scale) for masks in stacks]
    return np.concatenate([np.concatenate(parts[:3], 1), np.concatenate(parts[3:], 1)])


def _as_large_as(size: tuple[int, int], found: Instances) -> Instances:
    """The same instances in an image of another size; those that lose all pixels are left out."""
    if found.size == size:
        return found
    masks = [cv2.resize(m.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST) > 0 for m in found.masks]
    larger = np.array(masks, bool).reshape(-1, *size)
    return dataclasses.replace(found, masks=larger).select(np.asarray(larger.any((1, 2))))
