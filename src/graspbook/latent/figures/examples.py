"""Which samples a figure shows, by rules (Figure 7), and a closer look at a region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, UInt8

from graspbook.instances.matching import mask_overlaps
from graspbook.instances.types import Instances, labelled
from graspbook.latent.apparel.coins import parts_of, predict_pair
from graspbook.latent.figures.pictures import draw_masks
from graspbook.world.totes.answers import Answers

SURE = 0.5
"""An instance is looked at if a prediction is surer than this, and matches if its IoU is above this."""
MARGIN = 8
"""Pixels around a region."""
SIDE = 300
"""Width of a close look at a region, pixels of the picture."""

Example = tuple[int, Bool[np.ndarray, "h w"]]
"""Number of an image, and the region that the figure is about."""


def one_or_two(found: Sequence[Sequence[Instances]], answers: Sequence[Answers], least_pixels: int) -> Example | None:
    """The first pack of which as many samples as possible say "two" as say "one"; None if there is none.

    Args:
        found: For each image the answer of the prior's mean, then the samples.
        answers: Everything that each image could have been labelled as.
        least_pixels: Least area of each part of a pack, pixels.
    """
    best: tuple[float, Example] | None = None
    for number, (_, *samples) in enumerate(found):
        parts = parts_of(answers[number], least_pixels)
        if not len(parts.first):
            continue
        votes = np.array([predict_pair(parts, sample.filter_by_score(SURE)) for sample in samples])
        for question, column in enumerate(votes.T):
            split = -min((column == 1).sum(), (column == 0).sum())
            if split < 0 and (best is None or split < best[0]):
                best = float(split), (number, parts.first[question] | parts.second[question])
    return None if best is None else best[1]


def uncertain_extent(found: Sequence[Sequence[Instances]]) -> Example | None:
    """The instance that all samples find, with areas that differ most, as a share of their mean; None if none.

    Args:
        found: For each image the answer of the prior's mean, then the samples.
    """
    best: tuple[float, Example] | None = None
    for number, (mean, *samples) in enumerate(found):
        sure, confident = mean.filter_by_score(SURE), [sample.filter_by_score(SURE) for sample in samples]
        if not len(sure) or not all(len(sample) for sample in confident):
            continue
        truth = labelled(sure.masks, sure.classes)
        shared = [mask_overlaps(sample, truth) for sample in confident]
        iou = np.array([one.iou.max(0) for one in shared])
        area = np.array([one.predicted[one.iou.argmax(0)] for one in shared])
        spread = np.where((iou > SURE).all(0), area.std(0) / area.mean(0), -1.0)
        widest = int(spread.argmax())
        if spread[widest] >= 0 and (best is None or spread[widest] > best[0]):
            best = float(spread[widest]), (number, sure.masks[widest])
    return None if best is None else best[1]


def close_up(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "n h w"], region: Bool[np.ndarray, "h w"]
) -> np.ndarray:
    """A part of an image around a region, enlarged, with the masks that meet the region: uint8 RGB.

    Parts have the shape of the image, so that pictures of one row are alike.

    Args:
        image: RGB image, uint8 [h, w, 3].
        masks: Masks of instances, bool [n, h, w].
        region: Region to show, bool [h, w].
    """
    height, width = region.shape
    rows, columns = np.nonzero(region)
    half = max((np.ptp(rows) + 2 * MARGIN) / 2, (np.ptp(columns) + 2 * MARGIN) * height / width / 2)
    half_y = int(min(np.ceil(half), height // 2))
    half_x = int(min(np.ceil(half_y * width / height), width // 2))
    y = int(np.clip((rows.min() + rows.max()) // 2, half_y, height - half_y))
    x = int(np.clip((columns.min() + columns.max()) // 2, half_x, width - half_x))
    part = np.s_[y - half_y : y + half_y, x - half_x : x + half_x]
    kept = masks[(masks & region).any((1, 2))] if len(masks) else masks
    scale = max(1, round(SIDE / (2 * half_x)))
    return draw_masks(np.ascontiguousarray(image[part]), np.ascontiguousarray(kept[:, part[0], part[1]]), scale)
