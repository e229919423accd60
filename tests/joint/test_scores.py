import numpy as np
import pytest

from graspbook.data.cityscapes import Street
from graspbook.joint.clustering import Instances
from graspbook.joint.iou import class_iou, confusion, mean_iou
from graspbook.joint.scores import instance_scores, match_pictures
from graspbook.joint.segment import Segmentation

BLANK = np.zeros((10, 20, 3), np.uint8)


def truth(*boxes):
    """A picture with instances (class, left, right) over its full height."""
    classes, instances = np.zeros((10, 20), np.uint8), np.zeros((10, 20), np.int32)
    for number, (owner, left, right) in enumerate(boxes, 1):
        classes[:, left:right], instances[:, left:right] = owner, number
    return Street(BLANK, classes, instances)


def said(*boxes):
    """What was found: (class, left, right, score)."""
    street = truth(*(box[:3] for box in boxes))
    owners = np.array([box[0] for box in boxes], np.int64)
    scores = np.array([box[3] for box in boxes], float)
    return Segmentation(street.classes, Instances(street.instances, owners), scores, {})


def test_iou_is_what_loops_find():
    rng = np.random.default_rng(0)
    found, true = rng.integers(0, 4, (2, 8, 9))
    iou = class_iou(confusion(found, true))
    for number in range(4):
        both, either = ((found == number) & (true == number)).sum(), ((found == number) | (true == number)).sum()
        assert iou[number] == pytest.approx(100 * both / either)
    assert np.isnan(iou[4:]).all()
    assert mean_iou(confusion(found, true)) == pytest.approx(iou[1:4].mean())


def test_all_right_is_100_and_a_wrong_class_is_nothing():
    streets = [truth((3, 0, 8), (3, 8, 16), (1, 16, 20)), truth()]
    right = [said((3, 0, 8, 0.9), (3, 8, 16, 0.8), (1, 16, 20, 0.7)), said()]
    scores = instance_scores(match_pictures(streets, right, 1))
    assert scores["ap50"][0] == pytest.approx(100)
    assert scores["ap"][0] == pytest.approx(100)
    wrong = [said((2, 0, 8, 0.9), (2, 8, 16, 0.8), (4, 16, 20, 0.7)), said()]
    assert instance_scores(match_pictures(streets, wrong, 1))["ap50"][0] == 0


def test_two_neighbours_taken_for_one_cost_the_class_and_nothing_else():
    streets = [truth((3, 0, 8), (3, 8, 16), (1, 16, 20))]
    merged = [said((3, 0, 16, 0.9), (1, 16, 20, 0.7))]
    matches = match_pictures(streets, merged, 1)
    # the whole covers each half with an IoU of 0.5: one of the two is found at that threshold, none at higher ones
    assert instance_scores(matches)["ap50"][0] == pytest.approx((100 + 100 * 51 / 101) / 2)
    assert instance_scores(matches)["ap"][0] < 60


def test_small_objects_and_what_nobody_told_apart_count_neither_way():
    street = truth((3, 0, 8), (3, 18, 20))
    found = said((3, 0, 8, 0.5), (3, 18, 20, 0.9))
    assert instance_scores(match_pictures([street], [found], 50))["ap50"][0] == pytest.approx(100)
    classes = street.classes.copy()
    classes[:, 10:16] = 3  # a group
    grouped = Street(BLANK, classes, street.instances)
    found = said((3, 0, 8, 0.5), (3, 10, 16, 0.9))
    assert instance_scores(match_pictures([grouped], [found], 50))["ap50"][0] == pytest.approx(100)
    assert instance_scores(match_pictures([street], [found], 50))["ap50"][0] == pytest.approx(50)
