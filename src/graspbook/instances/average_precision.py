"""COCO's average precision, with bootstrap intervals (`selfsup` paper, §V, Table II).

Detections are ranked over all images by their score; each is a true positive if it covers an object that is
not yet taken by a surer one with an IoU of at least t. AP_t is the area below the precision-recall curve of
this ranking, and AP its mean over t = 0.50, 0.55, ... 0.95. AP^L and AP^M count large and medium objects only;
who measures says how many pixels these have (`match_detections`).

The matching of one image does not depend on the others, so it is done once (`match_detections`); a bootstrap replicate
only changes how often each image counts (`average_precision`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from pycocotools import mask as coco_mask

from graspbook.core.errors import InputError
from graspbook.instances.detection_table import DetectionTable
from graspbook.statistics.bootstrap import bootstrap

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
"""Where the precision-recall curve is sampled."""

METRICS = ["ap", "ap50", "ap75", "apl", "apm"]
"""The columns of Table II."""

AREAS = {"all": (0, 1e5**2), "medium": (32**2, 96**2), "large": (96**2, 1e5**2)}
"""COCO's ranges of an object's area, both ends included, in pixels of images whose longer side is 640."""

Areas = Mapping[str, tuple[float, float]]
"""Ranges like `AREAS`, of the same names in the same order, in pixels of the images at hand."""

_AP_OF = {"ap": ("all", None), "ap50": ("all", 0), "ap75": ("all", 5), "apl": ("large", None), "apm": ("medium", None)}


@dataclass(frozen=True)
class Matches:
    """What became of D detections on N images, in A ranges of area and at T thresholds of IoU.

    Attributes:
        image: The number of the image of each detection, int [D]; detections are in the order of falling score.
        block: The number of the block of each detection, int [D], rising along the ranking: detections of one image
            with the same score share one.
        hit: Whether each detection is a true positive, bool [A, T, D].
        ignored: Whether each detection counts neither as true nor as false, bool [A, T, D]: it took, or is, an object
            outside the range of area.
        n_objects: The number of objects of each range of area in each image, int [A, N].
    """

    image: Int[np.ndarray, "D"]
    block: Int[np.ndarray, "D"]
    hit: Bool[np.ndarray, "A T D"]
    ignored: Bool[np.ndarray, "A T D"]
    n_objects: Int[np.ndarray, "A N"]


def match_detections(truth: dict, detections: DetectionTable, areas: Areas) -> Matches:
    """Match detections with objects, image by image, by COCO's rules.

    Args:
        truth: The COCO labels of the images with masks as RLE, as `CocoScenes.truth` makes them.
        detections: The detections on the same images, in the same order.
        areas: The ranges of area of `AREAS` (all, medium, large), both ends included, in pixels of these images.

    Raises:
        InputError: The images differ in number, name or size, or the ranges are not those of `AREAS`.
    """
    if list(areas) != list(AREAS):
        raise InputError(f"areas: expected the ranges {', '.join(AREAS)}, got {', '.join(areas)}")
    limits = np.array(list(areas.values()), np.float64)
    parts, n_objects = [], np.zeros((len(limits), len(truth["images"])), np.int64)
    for number, (labels, found, overlap) in enumerate(overlaps(truth, detections)):
        area = np.array([label["area"] for label in labels], np.float64)
        outside = _outside(area, limits)
        n_objects[:, number] = (~outside).sum(1)
        if found.empty:
            continue
        hit, ignored = match_image(overlap, outside, _outside(found["area"].to_numpy(), limits))
        parts.append((np.full(len(found), number), found["score"].to_numpy(np.float64), hit, ignored))

    if not parts:
        nothing = np.zeros((len(limits), len(IOU_THRESHOLDS), 0), bool)
        return Matches(np.zeros(0, np.int64), np.zeros(0, np.int64), nothing, nothing, n_objects)
    image, score, hit, ignored = (np.concatenate(part, -1) for part in zip(*parts, strict=True))
    ranking = np.argsort(-score, kind="stable")  # COCO's: equal scores stay in the order of the images
    image, score = image[ranking], score[ranking]
    begins = (np.diff(image, prepend=-1) != 0) | (np.diff(score, prepend=2.0) != 0)
    return Matches(image, begins.cumsum() - 1, hit[..., ranking], ignored[..., ranking], n_objects)


def overlaps(
    truth: dict, detections: DetectionTable
) -> Iterator[tuple[list[dict], pd.DataFrame, Float[np.ndarray, "d g"]]]:
    """Image by image its G objects, its D detections and the IoU of each detection with each object.

    Args:
        truth: The COCO labels of the images; see `match_detections`.
        detections: The detections on the same images; see `match_detections`.

    Yields:
        For each image its objects' annotations, its detections' rows by falling score, and their IoU in 0..1, [D, G].

    Raises:
        InputError: The images differ in number, name or size.
    """
    _check_images(truth, detections)
    objects: dict[int, list[dict]] = {image["id"]: [] for image in truth["images"]}
    for annotation in truth["annotations"]:
        objects[annotation["image_id"]].append(annotation)
    by_image = dict(tuple(detections.rows.groupby("image", sort=True)))
    for number, labels in enumerate(objects.values()):
        found = by_image.get(number, detections.rows.iloc[:0])
        found = found.iloc[np.argsort(-found["score"].to_numpy(np.float64), kind="stable")]
        codes = [{"size": list(detections.size), "counts": counts} for counts in found["mask_rle"]]
        overlap = np.zeros((len(codes), len(labels)))
        if codes and labels:
            overlap = coco_mask.iou(codes, [label["segmentation"] for label in labels], [0] * len(labels))
        yield labels, found, overlap


def match_image(
    overlap: Float[np.ndarray, "d g"], outside: Bool[np.ndarray, "a g"], found_outside: Bool[np.ndarray, "a d"]
) -> tuple[Bool[np.ndarray, "a t d"], Bool[np.ndarray, "a t d"]]:
    """COCO's greedy matching in one image, for all ranges of area and all thresholds at once.

    The surest detection chooses first: among the objects that are still free and overlap it by at least the
    threshold, the one of highest IoU (the last of several), preferring any object inside the range to those
    outside. A detection that takes an object outside the range is ignored, and so is one that takes none and
    is itself outside.

    Args:
        overlap: The IoU of each detection with each object in 0..1, float [D, G], detections by falling score.
        outside: Whether each object is outside each range of area, bool [A, G].
        found_outside: Whether each detection is outside each range of area, bool [A, D].

    Returns:
        Whether each detection is a true positive, and whether it is ignored, both bool [A, T, D].
    """
    n_areas, n_objects = outside.shape
    hit = np.zeros((n_areas, len(IOU_THRESHOLDS), len(overlap)), bool)
    ignored = np.repeat(found_outside[:, None], len(IOU_THRESHOLDS), 1)
    if n_objects == 0:
        return hit, ignored
    free = np.ones((n_areas, len(IOU_THRESHOLDS), n_objects), bool)
    lowest = np.minimum(IOU_THRESHOLDS, 1 - 1e-10)[:, None]
    # an object inside the range beats every one outside
    bonus = np.where(outside, 0.0, 2.0)[:, None]
    for number, row in enumerate(overlap):
        able = free & (row >= lowest)
        worth = np.where(able, row + bonus, -1.0)
        choice = n_objects - 1 - worth[..., ::-1].argmax(-1)  # the last of the best
        area, threshold = np.nonzero(able.any(-1))
        taken = choice[area, threshold]
        free[area, threshold, taken] = False
        ignored[area, threshold, number] = outside[area, taken]
        hit[area, threshold, number] = ~outside[area, taken]
    return hit, ignored


def average_precision(matches: Matches, weights: Float[np.ndarray, "R N"] | None = None) -> dict[str, np.ndarray]:
    """Table II's metrics, in percent, for each weighting of the images.

    An image of weight w counts as if it were there w times: equal to pycocotools' `accumulate` on so many copies, also
    where scores tie. (Where they tie within an image, a weight that is no whole number counts as if each detection were
    there w times.)

    Args:
        matches: The matches that `match_detections` found on N images.
        weights: The number of times that each image counts in each of R weightings, float [R, N]; None counts each once
            (then R is 1).

    Returns:
        For each of `METRICS` an array [R] in per cent; NaN where no image that counts has an object of that size.

    Raises:
        InputError: The weights have another shape, or one is negative.
    """
    n_images = matches.n_objects.shape[1]
    weights = np.ones((1, n_images)) if weights is None else np.asarray(weights, np.float64)
    if weights.ndim != 2 or weights.shape[1] != n_images or not (weights >= 0).all():
        raise InputError(f"weights: expected [R, {n_images}], none below 0, got {list(weights.shape)}")
    curves = np.full((len(AREAS), len(IOU_THRESHOLDS), len(weights)), np.nan)
    for area in range(len(AREAS)):
        objects = weights @ matches.n_objects[area]
        some = np.flatnonzero(objects > 0)
        for threshold in range(len(IOU_THRESHOLDS)):
            ranked = _area_below_curve(matches, area, threshold, weights[some], objects[some])
            curves[area, threshold, some] = ranked
    names = list(AREAS)
    return {
        metric: 100 * (curves[names.index(area)].mean(0) if number is None else curves[names.index(area), number])
        for metric, (area, number) in _AP_OF.items()
    }


def bootstrap_ap(
    matches: Mapping[str, Matches], groups: np.ndarray, n_replicates: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table II's metrics of several methods, with bootstrap replicates over groups of images.

    The bootstrap is paired: in each replicate all methods see the same resampled groups.

    Args:
        matches: The matches of each method, by its name, on the same images.
        groups: The bin of each image, of any type, [N]; images of one bin are alike, so whole bins are resampled.
        n_replicates: The number of bootstrap replicates.
        rng: The random generator that resamples.

    Returns:
        The point estimates, one row per method with the columns `method` and `METRICS` in per cent; and the replicates,
        with the same columns and `replicate`. NaN where there is no object of that size.

    Raises:
        InputError: There is no method, or not one group per image.
    """
    counts = {method: found.n_objects.shape[1] for method, found in matches.items()}
    if not counts or set(counts.values()) != {len(groups)}:
        raise InputError(f"matches: expected methods on the {len(groups)} images that have a group, got {counts}")
    rows = {method: [partial(average_precision, found)] for method, found in matches.items()}
    return bootstrap(rows, groups, n_replicates, rng)


def _area_below_curve(
    matches: Matches, area: int, threshold: int, weights: np.ndarray, objects: np.ndarray
) -> np.ndarray:
    """AP at one threshold as a fraction, for each row of `weights` [R, N] with `objects` [R] > 0."""
    hit = matches.hit[area, threshold]
    places = np.flatnonzero(hit)
    if not len(places):
        return np.zeros(len(weights))
    # Between two hits precision only falls, so the curve is known at the hits; what follows the last is no matter.
    kept = np.flatnonzero(~matches.ignored[area, threshold, : places[-1] + 1])
    at_hits = np.searchsorted(kept, places)
    mixed = _mixed_blocks(matches, area, threshold)
    result = np.empty(len(weights))
    for row, (weight, total) in enumerate(zip(weights, objects, strict=True)):
        if (weight[mixed] > 1).any() and (weight == np.rint(weight)).all():
            ranked, true = _count_copies(matches, area, threshold, weight.astype(np.int64))
        else:
            ranked = np.cumsum(weight[matches.image[kept]])[at_hits]
            true = np.cumsum(weight[matches.image[places]])
        precision = true / (ranked + np.spacing(1))
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        reached = np.searchsorted(true / total, RECALLS, side="left")
        result[row] = np.append(envelope, 0)[reached].mean()
    return result


def _mixed_blocks(matches: Matches, area: int, threshold: int) -> np.ndarray:
    """The images in which a hit and a false positive are equally sure: there a copy is more than each one twice."""
    hit, ignored = matches.hit[area, threshold], matches.ignored[area, threshold]
    hits = np.bincount(matches.block, hit)
    misses = np.bincount(matches.block, ~hit & ~ignored)
    return np.unique(matches.image[(hits * misses > 0)[matches.block]])


def _count_copies(matches: Matches, area: int, threshold: int, copies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Detections that count, and true ones, up to each hit, with image k there copies[k] times.

    What is equally sure stays in the order of the images: all of one copy, then all of the next.
    """
    first = np.flatnonzero(np.diff(matches.block, prepend=-1))
    size = np.diff(first, append=len(matches.block))
    total = size * copies[matches.image[first]]
    within = np.arange(total.sum()) - np.repeat(total.cumsum() - total, total)
    ranking = np.repeat(first, total) + within % np.repeat(size, total)
    hit = matches.hit[area, threshold, ranking]
    ranked = np.cumsum(~matches.ignored[area, threshold, ranking])
    return ranked[hit], np.arange(1, hit.sum() + 1)


def _outside(area: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Whether areas [k] lie outside each range, bool [A, k]."""
    return (area < limits[:, :1]) | (area > limits[:, 1:])


def _check_images(truth: dict, detections: DetectionTable) -> None:
    images = truth["images"]
    if len(images) != len(detections.names):
        raise InputError(f"detections: on {len(detections.names)} images, expected the {len(images)} that have labels")
    for image, name in zip(images, detections.names, strict=True):
        if (image["height"], image["width"]) != detections.size:
            raise InputError(
                f"detections: masks of {detections.size} pixels, expected {image['height']}x{image['width']} as "
                f"image {image['id']} of the labels"
            )
        if image["file_name"] != name:
            raise InputError(f"detections: image {name}, expected {image['file_name']} as in the labels")
