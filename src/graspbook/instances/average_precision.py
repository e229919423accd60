"""COCO's average precision, with bootstrap intervals (`selfsup` paper, §V, Table II).

Detections are ranked over all images by their score; each is a true positive if it covers an object that is
not yet taken by a surer one with an IoU of at least t. AP_t is the area below the precision-recall curve of
this ranking, and AP its mean over t = 0.50, 0.55, ... 0.95. AP^L and AP^M count large and medium objects only;
who measures says how many pixels these have (`match_detections`). With several classes, it is the mean over them.

The matching is done once (`graspbook.instances.matching`); a bootstrap replicate only changes how often each image
counts (`average_precision`).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from pycocotools import mask as coco_mask

from graspbook.core.errors import InputError
from graspbook.instances.detection_table import DetectionTable
from graspbook.instances.matching import Candidates, Matches, mask_overlaps, match_images
from graspbook.instances.types import Instances
from graspbook.statistics.bootstrap import bootstrap

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
"""Where the precision-recall curve is sampled."""
MAX_PER_IMAGE = 100
"""As many detections of a class in an image, the surest, count in `match_classes`, as in COCO's evaluation."""

METRICS = ["ap", "ap50", "ap75", "apl", "apm"]
"""The columns of Table II."""

AREAS = {"all": (0, 1e5**2), "medium": (32**2, 96**2), "large": (96**2, 1e5**2)}
"""COCO's ranges of an object's area, both ends included, in pixels of images whose longer side is 640."""

Areas = Mapping[str, tuple[float, float]]
"""Ranges like `AREAS`, of the same names in the same order, in pixels of the images at hand."""

_AP_OF = {"ap": (0, None), "ap50": (0, 0), "ap75": (0, 5), "apl": (2, None), "apm": (1, None)}
"""The range of `AREAS` and the threshold of each metric; None: the mean over thresholds."""


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
    images = (
        Candidates(
            overlap,
            found["score"].to_numpy(np.float64),
            outside_ranges(np.array([label["area"] for label in labels], np.float64), limits),
            outside_ranges(found["area"].to_numpy(), limits),
        )
        for labels, found, overlap in overlaps(truth, detections)
    )
    return match_images(images, IOU_THRESHOLDS)


def match_classes(found: Sequence[Instances], truth: Sequence[Instances]) -> list[Matches]:
    """Match predictions with objects by COCO's rules, whatever their area, for each class that has an object.

    Args:
        found: The predictions of each image.
        truth: The objects of the same images.
    """
    return [
        match_images((_of_class(f, t, number) for f, t in zip(found, truth, strict=True)), IOU_THRESHOLDS)
        for number in labelled_classes(truth)
    ]


def labelled_classes(truth: Sequence[Instances]) -> np.ndarray:
    """The classes that have an object in some image, rising, int [C].

    Args:
        truth: The objects of each image.
    """
    return np.unique(np.concatenate([one.classes for one in truth])) if truth else np.zeros(0, np.int64)


def outside_ranges(area: Float[np.ndarray, " k"], limits: Float[np.ndarray, "A 2"]) -> Bool[np.ndarray, "A k"]:
    """Whether areas lie outside each range.

    Args:
        area: The areas, [k].
        limits: The least and the largest area of each range, [A, 2], in the unit of the areas.
    """
    return (area < limits[:, :1]) | (area > limits[:, 1:])


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


def average_precision(matches: Matches, weights: Float[np.ndarray, "R N"] | None = None) -> dict[str, np.ndarray]:
    """Table II's metrics, in percent, for each weighting of the images.

    An image of weight w counts as if it were there w times: equal to pycocotools' `accumulate` on so many copies, also
    where scores tie. (Where they tie within an image, a weight that is no whole number counts as if each detection were
    there w times.)

    Args:
        matches: The matches on N images, at `IOU_THRESHOLDS`, with all ranges of `AREAS` or the first alone.
        weights: The number of times that each image counts in each of R weightings, float [R, N]; None counts each once
            (then R is 1).

    Returns:
        For each of `METRICS` whose range is there, an array [R] in per cent; NaN where no image that counts has an
        object of that size.

    Raises:
        InputError: The weights have another shape, or one is negative.
    """
    n_images = matches.n_objects.shape[1]
    weights = np.ones((1, n_images)) if weights is None else np.asarray(weights, np.float64)
    if weights.ndim != 2 or weights.shape[1] != n_images or not (weights >= 0).all():
        raise InputError(f"weights: expected [R, {n_images}], none below 0, got {list(weights.shape)}")
    n_ranges = len(matches.n_objects)
    curves = np.full((n_ranges, len(IOU_THRESHOLDS), len(weights)), np.nan)
    for area in range(n_ranges):
        objects = weights @ matches.n_objects[area]
        some = np.flatnonzero(objects > 0)
        for threshold in range(len(IOU_THRESHOLDS)):
            ranked = _area_below_curve(matches, area, threshold, weights[some], objects[some])
            curves[area, threshold, some] = ranked
    return {
        metric: 100 * (curves[area].mean(0) if number is None else curves[area, number])
        for metric, (area, number) in _AP_OF.items()
        if area < n_ranges
    }


def class_average_precision(
    classes: Sequence[Matches], weights: Float[np.ndarray, "R N"] | None = None
) -> dict[str, np.ndarray]:
    """The metrics of `average_precision`, as means over the classes that have objects.

    Args:
        classes: The matches of each class on the same N images.
        weights: The number of times that each image counts in each of R weightings, float [R, N]; None counts each once
            (then R is 1).

    Returns:
        For each metric an array [R] in per cent; NaN where no class has an object that counts.
    """
    each = [average_precision(matches, weights) for matches in classes if matches.n_objects[0].any()]
    names, count = each[0] if each else METRICS, 1 if weights is None else len(weights)
    return {name: mean_over_classes([one[name] for one in each], count) for name in names}


def mean_over_classes(values: Sequence[Float[np.ndarray, " R"]], count: int) -> Float[np.ndarray, " R"]:
    """The mean over classes of what is a number; NaN where nothing is.

    Args:
        values: The values of each class, [R] each; there may be no class.
        count: The number R of values of each class.
    """
    stacked = np.stack(values) if values else np.full((1, count), np.nan)
    number = (~np.isnan(stacked)).sum(0)
    return np.where(number > 0, np.nansum(stacked, 0) / np.maximum(number, 1), np.nan)


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


def _of_class(found: Instances, truth: Instances, number: int) -> Candidates:
    """The predictions and objects of one class in one image; scores as exact as in a file of detections."""
    of_class = found.select(np.flatnonzero(found.classes == number)[:MAX_PER_IMAGE])
    overlap = mask_overlaps(of_class, truth.select(truth.classes == number)).iou
    return Candidates(overlap, of_class.scores.astype(np.float32))


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
