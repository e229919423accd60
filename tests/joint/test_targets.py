import math

import numpy as np
import torch

from graspbook.joint.targets import find_centres, grid_labels, make_targets


def test_centres_are_what_a_loop_finds():
    rng = np.random.default_rng(0)
    for _ in range(20):
        instances = rng.integers(0, 5, (7, 9)) * rng.integers(0, 2, (7, 9))
        expected = np.zeros((7, 9), bool)
        for number in np.unique(instances[instances > 0]):
            places = np.argwhere(instances == number)
            middle = places.mean(0)
            expected[tuple(min(places.tolist(), key=lambda place: round(math.dist(place, middle), 9)))] = True
        np.testing.assert_array_equal(find_centres(instances), expected)


def test_the_centre_of_an_instance_that_an_occluder_splits_lies_on_it():
    instances = np.zeros((5, 9), int)
    instances[1:4, :3], instances[1:4, 6:] = 1, 1
    found = find_centres(instances)
    assert found.sum() == 1
    assert instances[found] == 1
    assert not find_centres(np.zeros((3, 3), int)).any()


def test_targets_of_a_picture_come_from_its_superpixels(streets):
    grids = [grid_labels(street, 4, 10.0) for street in streets]
    wanted = make_targets(grids)
    assert wanted.classes.shape == (5, 8, 16)
    assert set(wanted.classes.unique().tolist()) == {0, 3}
    assert wanted.centres.flatten(1).sum(1).tolist() == [2, 2, 2, 2, 0]
    assert torch.equal(wanted.classes > 0, wanted.instances > 0)
