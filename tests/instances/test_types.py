import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.types import Instances, labelled, no_instances, of_one_class, pooled, ranked

MASKS = np.eye(3, dtype=bool)[:, None]  # three masks of one row


def test_masks_classes_and_scores_that_do_not_belong_together_are_refused():
    two, kinds = np.zeros((2, 4, 5), bool), np.zeros(2, np.int64)
    assert len(Instances(two, kinds, np.zeros(2))) == 2
    for masks, classes, scores in (
        (two, kinds, np.zeros(3)),
        (two, kinds[:1], np.zeros(2)),
        (two.astype(float), kinds, np.zeros(2)),
        (two, np.zeros(2), kinds),  # the wrong way round
        (np.zeros((4, 5), bool), np.int64(0), np.zeros(())),
    ):
        with pytest.raises(InputError, match=r"masks bool \[n, h, w\], classes int \[n\] and scores \[n\], got"):
            Instances(masks, classes, scores)
    with pytest.raises(InputError, match="falling scores"):
        of_one_class(two, np.array([0.1, 0.2]))


def test_what_is_known_has_score_one_and_what_has_no_class_class_zero():
    assert labelled(MASKS, np.array([2, 0, 1])).scores.tolist() == [1, 1, 1]
    one = of_one_class(MASKS)
    assert (one.scores.tolist(), one.classes.tolist(), one.size) == ([1, 1, 1], [0, 0, 0], (1, 3))
    assert len(no_instances((4, 5))) == 0 and no_instances((4, 5)).size == (4, 5)


def test_ranked_sorts_by_score_and_leaves_out_what_has_no_pixel():
    masks = np.concatenate([MASKS, np.zeros((1, 1, 3), bool)])
    found = ranked(masks, np.array([5, 6, 7, 8]), np.array([0.2, 0.9, 0.2, 1.0]))
    assert found.classes.tolist() == [6, 5, 7]  # equal scores keep their order
    assert found.masks.argmax(2)[:, 0].tolist() == [1, 0, 2]


def test_some_of_the_instances():
    found = Instances(MASKS, np.array([5, 6, 7]), np.array([0.9, 0.5, 0.1]))
    assert found.filter_by_score(0.5).classes.tolist() == [5, 6]
    assert found.select(np.array([0, 2])).scores.tolist() == [0.9, 0.1]
    assert found.select(found.classes == 6).masks[:, 0].argmax(1).tolist() == [1]


def test_pooled_says_which_answer_each_instance_comes_from():
    found = Instances(MASKS, np.array([5, 6, 7]), np.array([0.9, 0.5, 0.1]))
    masks, classes, scores, sample = pooled([found, no_instances((1, 3)), found.select(np.array([1]))])
    assert masks.shape == (4, 1, 3)
    assert classes.tolist() == [5, 6, 7, 6]
    assert scores.tolist() == [0.9, 0.5, 0.1, 0.5]
    assert sample.tolist() == [0, 0, 0, 2]
    with pytest.raises(InputError, match="all of one size"):
        pooled([found, no_instances((3, 3))])
    with pytest.raises(InputError, match="at least one"):
        pooled([])
