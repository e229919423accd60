import numpy as np
import pytest

from graspbook.data.cityscapes import Street
from graspbook.instances.average_precision import match_classes
from graspbook.instances.types import LabelMap, labelled, ranked
from graspbook.joint import evaluate as module
from graspbook.joint.evaluate import evaluate_by, instance_scores, match_things
from graspbook.joint.segment import SceneSegmentation

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
    return SceneSegmentation(street.classes, LabelMap(street.instances, owners), scores, {})


def test_all_right_is_100_and_a_wrong_class_is_nothing():
    streets = [truth((3, 0, 8), (3, 8, 16), (1, 16, 20)), truth()]
    right = [said((3, 0, 8, 0.9), (3, 8, 16, 0.8), (1, 16, 20, 0.7)), said()]
    scores = instance_scores(match_things(streets, right, 1))
    assert scores["ap50"][0] == pytest.approx(100)
    assert scores["ap"][0] == pytest.approx(100)
    wrong = [said((2, 0, 8, 0.9), (2, 8, 16, 0.8), (4, 16, 20, 0.7)), said()]
    assert instance_scores(match_things(streets, wrong, 1))["ap50"][0] == 0


def test_two_neighbours_taken_for_one_cost_the_class_and_nothing_else():
    streets = [truth((3, 0, 8), (3, 8, 16), (1, 16, 20))]
    merged = [said((3, 0, 16, 0.9), (1, 16, 20, 0.7))]
    matches = match_things(streets, merged, 1)
    # the whole covers each half with an IoU of 0.5: one of the two is found at that threshold, none at higher ones
    assert instance_scores(matches)["ap50"][0] == pytest.approx((100 + 100 * 51 / 101) / 2)
    assert instance_scores(matches)["ap"][0] < 60


def test_small_objects_and_what_nobody_told_apart_count_neither_way():
    street = truth((3, 0, 8), (3, 18, 20))
    found = said((3, 0, 8, 0.5), (3, 18, 20, 0.9))
    assert instance_scores(match_things([street], [found], 50))["ap50"][0] == pytest.approx(100)
    classes = street.classes.copy()
    classes[:, 10:16] = 3  # a group
    grouped = Street(BLANK, classes, street.instances)
    found = said((3, 0, 8, 0.5), (3, 10, 16, 0.9))
    assert instance_scores(match_things([grouped], [found], 50))["ap50"][0] == pytest.approx(100)
    assert instance_scores(match_things([street], [found], 50))["ap50"][0] == pytest.approx(50)


@pytest.mark.parametrize("seed", range(5))
def test_label_maps_are_matched_as_their_masks_are(seed):
    rng = np.random.default_rng(seed)
    streets, scenes, truth, masks = [], [], [], []
    for _ in range(4):
        ids, found = (np.repeat(np.sort(rng.integers(0, 5, 20))[None], 10, 0).astype(np.int32) for _ in range(2))
        ids = np.searchsorted(np.unique([0, *ids[0]]), ids).astype(np.int32)  # each number is there
        owners, kinds = rng.integers(1, 3, ids.max()), rng.integers(1, 3, 4)
        scores = rng.integers(1, 6, 4) / 8  # as exact in single precision
        streets.append(Street(BLANK, np.append(0, owners)[ids].astype(np.uint8), ids))
        scenes.append(SceneSegmentation(streets[-1].classes, LabelMap(found, kinds), scores, {}))
        truth.append(labelled(ids == np.arange(1, ids.max() + 1)[:, None, None], owners))
        masks.append(ranked(found == np.arange(1, 5)[:, None, None], kinds, scores))
    present = np.unique(np.concatenate([one.classes for one in truth]))
    for number, expected in zip(present, match_classes(masks, truth), strict=True):
        matches = match_things(streets, scenes, 1)[number - 1]
        np.testing.assert_array_equal(matches.image, expected.image)
        np.testing.assert_array_equal(matches.score, expected.score)
        np.testing.assert_array_equal(matches.hit[0], expected.hit[0])
        np.testing.assert_array_equal(matches.n_objects[0], expected.n_objects[0])


def test_detections_of_a_picture_are_matched_from_the_surest_to_the_least_sure():
    """Two halves of one thing, each of which would be right: the surer one is."""
    matches = match_things([truth((3, 0, 8))], [said((3, 0, 4, 0.2), (3, 4, 8, 0.9))], 1)[2]
    assert matches.score.tolist() == pytest.approx([0.9, 0.2])
    assert matches.hit[0, 0].tolist() == [True, False]


def test_a_group_of_one_class_excuses_no_detection_of_another():
    classes = np.zeros((10, 20), np.uint8)
    classes[:, :8], classes[:, 10:16] = 3, 1
    instances = np.zeros((10, 20), np.int32)
    instances[:, :8] = 1
    grouped = Street(BLANK, classes, instances)  # nobody told the things of class 1 apart
    found = said((3, 10, 16, 0.9), (3, 0, 8, 0.5))
    assert instance_scores(match_things([grouped], [found], 1))["ap50"][0] == pytest.approx(50)


def test_large_and_small_things_have_scores_of_their_own():
    image = np.zeros((40, 40, 3), np.uint8)
    classes, instances = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.int32)
    classes[:, :30], instances[:, :30] = 3, 1  # 1,200 pixels
    classes[:4, 34:38], instances[:4, 34:38] = 3, 2
    street = Street(image, classes, instances)
    only_large = SceneSegmentation(classes, LabelMap(np.where(instances == 1, 1, 0), np.array([3])), np.ones(1), {})
    scores = instance_scores(match_things([street], [only_large], 1))
    assert scores["ap_large"][0] == pytest.approx(100) and scores["ap_small"][0] == 0


def test_each_picture_has_counts_of_its_own():
    class Some(list):
        cities = ("a", "b")

    streets = Some([truth((3, 0, 8)), truth((1, 0, 20))])
    made = evaluate_by(lambda image: said((3, 0, 8, 0.9)), streets, 1)
    assert made.counts.sum((1, 2)).tolist() == [200, 200]
    assert made.counts[1].sum(1)[1] + made.counts[1].sum(0)[1] == 200


def test_a_network_is_evaluated_by_the_method_and_the_cells_that_are_asked_for(monkeypatch):
    given = []
    monkeypatch.setattr(module, "segment", lambda *parts: given.append(parts) or said((3, 0, 8, 0.9)))

    class Some(list):
        cities = ("a",)

    module.evaluate("network", Some([truth((3, 0, 8))]), "clustering", 10.0, 1, "components", True)
    assert given[0][2:] == ("clustering", 10.0, "components", True)
