import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.rle import encode_mask
from graspbook.instances.detection_table import tabulate
from graspbook.instances.mistakes import count_mistakes, judge
from graspbook.instances.types import of_one_class

H, W = 12, 16


def labels(images):
    """COCO labels of images, each a list of masks."""
    annotations = [
        {"image_id": 7 + number, "segmentation": {"size": [H, W], "counts": encode_mask(mask)}}
        for number, masks in enumerate(images)
        for mask in masks
    ]
    entries = [{"id": 7 + k, "height": H, "width": W, "file_name": f"{k}"} for k in range(len(images))]
    return {"images": entries, "annotations": annotations}


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def naive(masks, objects):
    """One detection after the other, object by object."""
    kinds, taken = [], set()
    for mask in masks:
        best, choice = 0.0, None
        for number, thing in enumerate(objects):
            if number not in taken and iou(mask, thing) > best:
                best, choice = iou(mask, thing), number
        anywhere = max((iou(mask, thing) for thing in objects), default=0.0)
        if best >= 0.5:
            taken.add(choice)
            kinds.append("right")
        elif anywhere >= 0.5:
            kinds.append("repeated")
        elif anywhere >= 0.1:
            kinds.append("badly outlined")
        else:
            kinds.append("on nothing")
    return kinds


@pytest.mark.parametrize("seed", range(20))
def test_the_same_as_a_plain_loop(seed):
    rng = np.random.default_rng(seed)

    def box():
        mask = np.zeros((H, W), bool)
        y, x = rng.integers(0, H - 4), rng.integers(0, W - 4)
        mask[y : y + rng.integers(2, 8), x : x + rng.integers(2, 8)] = True
        return mask

    images = [[box() for _ in range(rng.integers(0, 4))] for _ in range(5)]
    found = []
    for objects in images:
        masks = [box() for _ in range(rng.integers(0, 4))] + [thing.copy() for thing in objects] * rng.integers(0, 3)
        scores = np.sort(rng.random(len(masks)).astype(np.float32))[::-1]
        found.append(of_one_class(np.array(masks, bool).reshape(-1, H, W), scores))
    counted = count_mistakes(labels(images), tabulate([f"{k}" for k in range(5)], found), 0.3)
    kinds = [naive(f.masks[f.scores >= 0.3], objects) for f, objects in zip(found, images, strict=True)]
    for kind in ("right", "repeated", "badly outlined", "on nothing"):
        assert counted[kind] == sum(part.count(kind) for part in kinds), kind
    assert counted["missed"] == sum(len(objects) for objects in images) - counted["right"]


def test_each_kind():
    overlap = np.array([[0.9, 0.0], [0.8, 0.2], [0.3, 0.4], [0.05, 0.0], [0.5, 0.5]])
    assert judge(overlap) == ["right", "repeated", "badly outlined", "on nothing", "right"]


def test_nothing_to_find_and_nothing_found():
    assert judge(np.zeros((2, 0))) == ["on nothing"] * 2
    assert judge(np.zeros((0, 3))) == []


def test_other_images_are_refused():
    table = tabulate(["a"], [of_one_class(np.zeros((0, H, W), bool), np.zeros(0, np.float32))])
    with pytest.raises(InputError, match=r"on 1 images, expected the 2"):
        count_mistakes(labels([[], []]), table)


def test_an_object_that_is_found_second_best_is_taken_all_the_same():
    overlap = np.array([[0.9, 0.1], [0.8, 0.6], [0.1, 0.7]])
    assert judge(overlap) == ["right", "right", "repeated"]
