import contextlib
import copy
import io

import numpy as np
import pandas as pd
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from graspbook.core.errors import InputError
from graspbook.data.rle import decode_mask, encode_mask
from graspbook.instances.average_precision import (
    METRICS,
    average_precision,
    bootstrap_ap,
    class_average_precision,
    match_classes,
    match_detections,
)
from graspbook.instances.detection_table import tabulate
from graspbook.instances.types import labelled, no_instances, of_one_class, ranked

HEIGHT, WIDTH = 80, 120
RANGES = {"all": (0, 1e5), "medium": (16, 144), "large": (144, 1e5)}
"""Of an object's area in the images of these tests, pixels."""


def blob(rng, size=None):
    """A random ellipse, small, medium or large."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    radius = rng.uniform(1, 12, 2) if size is None else np.full(2, size)
    centre = rng.uniform(0, (HEIGHT, WIDTH))
    mask = ((rows - centre[0]) / radius[0]) ** 2 + ((columns - centre[1]) / radius[1]) ** 2 < 1
    mask[int(centre[0]), int(centre[1])] = True
    return mask


def scenes(seed, count=12, ties=False):
    """Labels and detections: some good, some shifted, some doubled, some of nothing; images without either."""
    rng = np.random.default_rng(seed)
    images, annotations, detections = [], [], []
    for number in range(count):
        images.append({"id": 10 + number, "file_name": f"{number}.png", "height": HEIGHT, "width": WIDTH})
        objects = [blob(rng) for _ in range(rng.integers(0, 7) if number else 0)]
        for mask in objects:
            annotations.append(annotation(len(annotations) + 1, 10 + number, mask))
        masks = [blob(rng) for _ in range(rng.integers(0, 3))]
        for mask in objects * rng.integers(0, 3):
            masks.append(np.roll(mask, tuple(rng.integers(-2, 3, 2)), (0, 1)))
        scores = rng.random(len(masks)).astype(np.float32)
        if ties:
            scores = np.round(scores * 4) / 4
        stack = np.stack(masks) if masks else np.zeros((0, HEIGHT, WIDTH), bool)
        detections.append(ranked(stack, np.zeros(len(masks), np.int64), np.maximum(scores, 0.04)))
    truth = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "object"}]}
    return truth, tabulate([image["file_name"] for image in images], detections)


def annotation(number, image_id, mask):
    rle = {"size": [HEIGHT, WIDTH], "counts": encode_mask(mask)}
    return {
        "id": number, "image_id": image_id, "category_id": 1, "iscrowd": 0,
        "segmentation": rle, "area": int(mask.sum()), "bbox": [0, 0, 1, 1],
    }  # fmt: skip


def reference(truth, detections, copies=None):
    """pycocotools' own numbers, with image k there copies[k] times."""
    copies = [1] * len(truth["images"]) if copies is None else copies
    images, labels, results = [], [], []
    for number, (image, times) in enumerate(zip(truth["images"], copies, strict=True)):
        for _ in range(times):
            new = len(images) + 1
            images.append(image | {"id": new})
            for label in truth["annotations"]:
                if label["image_id"] == image["id"]:
                    labels.append(copy.deepcopy(label) | {"id": len(labels) + 1, "image_id": new})
            for row in detections.rows[detections.rows["image"] == number].itertuples():
                rle = {"size": [HEIGHT, WIDTH], "counts": row.mask_rle}
                results.append({
                    "id": len(results) + 1, "image_id": new, "category_id": 1, "iscrowd": 0,
                    "segmentation": rle, "area": row.area, "bbox": [0, 0, 1, 1], "score": float(row.score),
                })  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        gt, dt = COCO(), COCO()
        gt.dataset = {"images": images, "annotations": labels, "categories": truth["categories"]}
        dt.dataset = {"images": images, "annotations": results, "categories": truth["categories"]}
        gt.createIndex(), dt.createIndex()
        evaluation = COCOeval(gt, dt, "segm")
        evaluation.params.areaRng = list(RANGES.values())
        evaluation.params.areaRngLbl = list(RANGES)
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, 0, :, -1]  # [T, recalls, A]
    value = {
        "ap": precision[..., 0], "ap50": precision[0, :, 0], "ap75": precision[5, :, 0],
        "apl": precision[..., 2], "apm": precision[..., 1],
    }  # fmt: skip
    return {name: np.nan if (part < 0).all() else 100 * part.mean() for name, part in value.items()}


def same(ours, theirs, row=0):
    assert list(ours) == METRICS
    np.testing.assert_allclose([ours[name][row] for name in METRICS], [theirs[name] for name in METRICS], atol=1e-9)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_average_precision_equals_that_of_pycocotools(seed, ties):
    truth, detections = scenes(seed, ties=ties)
    same(average_precision(match_detections(truth, detections, RANGES)), reference(truth, detections))


@pytest.mark.slow
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_weight_counts_an_image_as_often_as_so_many_copies_of_it(seed, ties):
    truth, detections = scenes(seed, ties=ties)
    weights = np.random.default_rng(seed).integers(0, 4, (5, len(truth["images"])))
    ours = average_precision(match_detections(truth, detections, RANGES), weights)
    for row, copies in enumerate(weights):
        same(ours, reference(truth, detections, copies), row)


def perfect(truth):
    """The labels themselves as detections."""
    found = []
    for image in truth["images"]:
        labels = [label for label in truth["annotations"] if label["image_id"] == image["id"]]
        masks = [decode_mask(label["segmentation"]["counts"], HEIGHT, WIDTH) for label in labels]
        stack = np.stack(masks) if masks else np.zeros((0, HEIGHT, WIDTH), bool)
        found.append(of_one_class(stack, np.full(len(masks), 0.9, np.float32)))
    return tabulate([image["file_name"] for image in truth["images"]], found)


def test_perfect_detections_score_100_and_none_score_0():
    truth, _ = scenes(1)
    assert all(
        value == pytest.approx(100)
        for value in average_precision(match_detections(truth, perfect(truth), RANGES)).values()
    )
    none = [of_one_class(np.zeros((0, HEIGHT, WIDTH), bool), np.zeros(0, np.float32))] * len(truth["images"])
    nothing = tabulate([image["file_name"] for image in truth["images"]], none)
    assert all(value == 0 for value in average_precision(match_detections(truth, nothing, RANGES)).values())


def test_sizes_without_an_object_have_no_value():
    truth, detections = scenes(1)
    truth["annotations"] = [label for label in truth["annotations"] if label["area"] < 144]
    value = average_precision(match_detections(truth, detections, RANGES))
    assert np.isnan(value["apl"][0])
    assert value["apm"][0] > 0 and value["ap"][0] > 0
    # and where the images with objects weigh nothing, nothing has one
    silent = average_precision(match_detections(truth, detections, RANGES), np.zeros((1, len(truth["images"]))))
    assert all(np.isnan(part[0]) for part in silent.values())


def test_only_a_false_detection_surer_than_a_true_one_does_harm():
    truth, _ = scenes(2, count=3)
    found = perfect(truth)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[:2, :2] = True
    row = {"image": 1, "name": "1.png", "score": np.float32(0.5), "area": 4, "mask_rle": encode_mask(mask)}

    def ap_with(score):
        rows = pd.concat([found.rows, pd.DataFrame([row | {"score": np.float32(score)}])], ignore_index=True)
        return average_precision(match_detections(truth, type(found)(found.names, found.size, rows), RANGES))["ap"][0]

    assert ap_with(0.5) == pytest.approx(100)
    assert ap_with(0.95) < 100


def test_the_given_ranges_decide_what_is_medium_and_large():
    size = (20, 30)
    mask = np.zeros(size, bool)
    mask[:5, :5] = True
    label = {"id": 1, "image_id": 1, "area": 25, "iscrowd": 0, "category_id": 1}
    label["segmentation"] = {"size": list(size), "counts": encode_mask(mask)}
    image = {"id": 1, "file_name": "a.png", "height": size[0], "width": size[1]}
    truth = {"images": [image], "annotations": [label], "categories": [{"id": 1, "name": "object"}]}
    found = tabulate(["a.png"], [of_one_class(mask[None], np.ones(1, np.float32))])
    for large_from, n_medium, n_large in ((25, 1, 1), (26, 1, 0), (24, 0, 1)):
        ranges = {"all": (0, 600), "medium": (10, large_from), "large": (large_from, 600)}
        matches = match_detections(truth, found, ranges)
        assert dict(zip(ranges, matches.n_objects[:, 0], strict=True)) == {
            "all": 1, "medium": n_medium, "large": n_large,
        }  # fmt: skip
    with pytest.raises(InputError, match="expected the ranges all, medium, large, got all"):
        match_detections(truth, found, {"all": (0, 600)})


def test_bootstrap_replicates_are_paired_over_methods_and_resample_whole_bins():
    truth, detections = scenes(3, count=12)
    groups = np.repeat(["a", "b", "c"], 4)
    matches = {
        "One": match_detections(truth, detections, RANGES),
        "Same": match_detections(truth, detections, RANGES),
        "Truth": match_detections(truth, perfect(truth), RANGES),
    }
    point, replicates = bootstrap_ap(matches, groups, 40, np.random.default_rng(5))
    assert point["method"].tolist() == list(matches)
    assert len(replicates) == 120
    wide = replicates.pivot(index="replicate", columns="method", values="ap")
    assert (wide["One"] == wide["Same"]).all() and wide["One"].std() > 0
    assert np.allclose(wide["Truth"], 100)
    # three bins can be drawn in ten ways, and each is one of pycocotools' numbers with whole bins repeated
    counts = np.random.default_rng(5).multinomial(3, np.full(3, 1 / 3), size=40)
    for draw in (0, 1, 2):
        assert wide["One"][draw] == pytest.approx(reference(truth, detections, np.repeat(counts[draw], 4))["ap"])
    again = bootstrap_ap(matches, groups, 40, np.random.default_rng(5))[1]
    pd.testing.assert_frame_equal(replicates, again)


def test_detections_on_other_images_are_refused():
    truth, detections = scenes(4, count=4)
    other = scenes(4, count=5)[0]
    with pytest.raises(InputError, match="on 4 images, expected the 5"):
        match_detections(other, detections, RANGES)
    truth["images"][2]["height"] = 99
    with pytest.raises(InputError, match="expected 99x120 as image 12"):
        match_detections(truth, detections, RANGES)
    with pytest.raises(InputError, match="weights: expected"):
        average_precision(match_detections(*scenes(4, count=4), RANGES), -np.ones((1, 4)))
    with pytest.raises(InputError, match="that have a group"):
        bootstrap_ap({}, np.zeros(4), 3, np.random.default_rng(0))


def instances_of(truth, detections, classes):
    """The images' objects and detections with a class each, drawn at random."""
    rng, found, labels = np.random.default_rng(0), [], []
    for number, image in enumerate(truth["images"]):
        notes = [note for note in truth["annotations"] if note["image_id"] == image["id"]]
        masks = [decode_mask(note["segmentation"]["counts"], HEIGHT, WIDTH) for note in notes]
        stack = np.array(masks, bool).reshape(-1, HEIGHT, WIDTH)
        labels.append(labelled(stack, rng.integers(0, classes, len(masks))))
        one = detections.of_image(number)
        found.append(ranked(one.masks, rng.integers(0, classes, len(one)), one.scores))
    return found, labels


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_masks_of_one_class_score_as_their_table_does(seed, ties):
    truth, detections = scenes(seed, ties=ties)
    weights = np.random.default_rng(seed).integers(0, 4, (5, len(truth["images"])))
    ours = class_average_precision(match_classes(*instances_of(truth, detections, 1)), weights)
    theirs = average_precision(match_detections(truth, detections, RANGES), weights)
    assert list(ours) == ["ap", "ap50", "ap75"]  # whatever their area
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name])


def test_with_several_classes_the_mean_over_those_that_have_objects_counts():
    found, truth = instances_of(*scenes(2), 3)
    weights = np.random.default_rng(0).integers(0, 2, (6, len(truth))).astype(float)
    weights[0] = 0
    ours = class_average_precision(match_classes(found, truth), weights)["ap"]
    each = [
        class_average_precision(match_classes([f.select(f.classes == k) for f in found], alone), weights)["ap"]
        for k in range(3)
        for alone in [[t.select(t.classes == k) for t in truth]]
    ]
    assert np.isnan(each)[:, 0].all() and np.isnan(ours[0])
    for value, of_class in zip(ours[1:], np.transpose(each)[1:], strict=True):
        assert value == pytest.approx(np.mean([one for one in of_class if one == one]))


def test_no_object_at_all_has_no_average_precision():
    empty = [no_instances((HEIGHT, WIDTH))]
    assert np.isnan(class_average_precision(match_classes(empty, empty))["ap"])
    assert class_average_precision(match_classes(empty, [of_one_class(np.ones((1, HEIGHT, WIDTH), bool))]))["ap"] == [0]
