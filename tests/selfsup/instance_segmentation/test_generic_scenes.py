"""Pictures of random shapes: determined by seed and number, with true labels, and nothing of the robot's world."""

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.selfsup.instance_segmentation.generic_scenes import GenericScenes


def test_a_picture_depends_on_the_seed_and_its_number_alone():
    once, again = GenericScenes(5, 48, seed=3), GenericScenes(9, 48, seed=3)
    for number in (4, 0):
        assert np.array_equal(once[number].image, again[number].image)
        assert np.array_equal(once[number].ids, again[number].ids)
    assert not np.array_equal(once[0].image, once[1].image)
    assert not np.array_equal(once[0].image, GenericScenes(5, 48, seed=4)[0].image)


def test_pictures_are_rgb_with_ids_of_the_same_size():
    scene = GenericScenes(1, 40, seed=0)[0]
    assert (scene.image.shape, scene.image.dtype) == ((40, 60, 3), np.uint8)
    assert (scene.ids.shape, scene.ids.dtype) == ((40, 60), np.uint16)


def test_the_number_of_shapes_stays_within_its_limits_and_some_hide_others():
    scenes = GenericScenes(30, 48, seed=1, objects=(2, 6))
    counts = [np.count_nonzero(np.unique(scenes[k].ids)) for k in range(30)]
    assert 2 < max(counts) <= 6
    assert len(set(counts)) > 2
    crowded = GenericScenes(5, 48, seed=1, objects=(60, 60), sizes=(0.7, 0.8))
    assert all(np.count_nonzero(np.unique(crowded[k].ids)) < 60 for k in range(5))


def test_sizes_follow_the_diameters_asked_for():
    def area(sizes):
        scenes = GenericScenes(20, 64, seed=2, objects=(1, 1), sizes=sizes)
        return np.mean([(scenes[k].ids > 0).sum() for k in range(20)])

    small, large = area((0.1, 0.11)), area((0.4, 0.41))
    assert 5 < small < 64**2 * 0.11**2 * 1.5
    assert large > 8 * small


def test_labels_lie_where_the_picture_changes():
    # without shapes the ground is smooth; at their outlines it is not
    scenes = GenericScenes(20, 64, seed=5, objects=(3, 3), sizes=(0.3, 0.4))
    for k in range(20):
        scene = scenes[k]
        step = np.abs(np.diff(scene.image.astype(float), axis=1)).mean(-1)
        crossing = np.diff(scene.ids.astype(int), axis=1) != 0
        if crossing.any():
            assert step[crossing].mean() > step[~crossing].mean()


@pytest.mark.parametrize(("count", "height"), [(0, 48), (3, 0)])
def test_no_picture_or_no_height_is_refused(count, height):
    with pytest.raises(InputError, match="positive count and height"):
        GenericScenes(count, height, seed=0)


@pytest.mark.parametrize("index", [-1, 3])
def test_a_picture_that_does_not_exist_is_an_index_error(index):
    with pytest.raises(IndexError):
        GenericScenes(3, 48, seed=0)[index]
