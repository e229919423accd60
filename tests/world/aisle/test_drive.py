import itertools

import numpy as np
import pytest

from graspbook.data.cityscapes import THING_LABELS
from graspbook.world.aisle.classes import NUMBER_OF, THINGS
from graspbook.world.aisle.drive import run_drive, split_textures
from graspbook.world.aisle.scene import LANE, draw_aisle
from graspbook.world.aisle.things import REACH, SHARE, SPACING, draw_things
from tests.world.aisle.small import small


def test_a_drive_follows_from_its_number_alone():
    once, again, other = (list(run_drive(small(), 1, number)) for number in (3, 3, 4))
    for first, second in zip(once, again, strict=True):
        np.testing.assert_array_equal(first.image, second.image)
        np.testing.assert_array_equal(first.instances, second.instances)
    assert (once[0].image != other[0].image).mean() > 0.5


def test_labels_do_not_depend_on_the_samples_of_light():
    coarse, fine = (next(run_drive(small(samples=samples), 1, 0)) for samples in (1, 2))
    np.testing.assert_array_equal(coarse.instances, fine.instances)
    np.testing.assert_array_equal(coarse.classes, fine.classes)


def test_an_instance_has_one_class_and_things_come_nearer():
    near = far = 0
    for number in range(6):
        first, last = run_drive(small(), 1, number)
        for view in (first, last):
            assert view.image.shape == (32, 64, 3)
            np.testing.assert_array_equal(view.classes > 0, view.instances > 0)
            for value in np.unique(view.instances):
                assert len(np.unique(view.classes[view.instances == value])) == 1
        for value in np.intersect1d(first.instances, last.instances)[1:]:
            inside = (last.instances == value)[1:-1, 1:-1].sum() == (last.instances == value).sum()
            if inside:
                near += (last.instances == value).sum()
                far += (first.instances == value).sum()
    assert near > 1.2 * far > 0


def test_a_row_holds_neighbours_of_one_class_and_the_cameras_lane_stays_free():
    rows = 0
    for seed in range(12):
        aisle = draw_aisle(np.random.default_rng(seed), small(row_share=1.0, max_things=3, min_things=3), 4)
        numbers = aisle.classes[1:].tolist()
        rows += sum(a == b for a, b in itertools.pairwise(numbers))
        for part, owner in zip(aisle.parts, aisle.owners, strict=True):
            if owner and part.vertices[:, 0].min() < 3:
                across = part.vertices[:, 1] - aisle.lane
                assert across.min() > -LANE + 0.3 or across.max() < LANE - 0.3 or (abs(across) > 0.1).all()
    assert rows > 8


@pytest.mark.parametrize("kind", list(SHARE))
def test_things_stand_on_the_floor_within_their_reach(kind):
    for seed in range(5):
        for name, parts in draw_things(kind, np.random.default_rng(seed), 4, ridden=True):
            points = np.concatenate([part.vertices for part in parts])
            assert name in NUMBER_OF
            assert points[:, 2].min() > -0.03
            assert np.hypot(points[:, 0], points[:, 1]).max() < REACH[kind] + 0.35
            assert all(part.faces.max() < len(part.vertices) for part in parts)
    assert kind in SPACING or kind == "tugger train"


def test_every_class_stands_for_one_of_cityscapes():
    assert tuple(thing.label for thing in THINGS) == THING_LABELS
    assert len({thing.stands_for for thing in THINGS}) == 8


def test_splits_share_no_texture():
    one, two = split_textures(1), split_textures(2)
    assert not any((first == second).all() for first in one for second in two)


def test_a_range_that_is_empty_is_refused():
    with pytest.raises(ValueError, match="min_row is 9, above max_row"):
        small(min_row=9)
