import dataclasses

import numpy as np
import pytest

from graspbook.mlgsl.grasp_data import clutter as module
from graspbook.mlgsl.grasp_data.clutter import fuse, fuse_many, prune, table_plane
from graspbook.mlgsl.grasp_data.dataset import GraspImages
from tests.mlgsl.worlds import STANDARD

SIZE = 80
CLUTTER = STANDARD.clutter


@pytest.fixture
def bars():
    """Four images of a bar 4 cm high on a tilted table, with grasps across it."""
    row, column = np.indices((SIZE, SIZE))
    table = 1 / (1.6 + 0.001 * column - 0.0005 * row)
    mask = (np.abs(row - 40) <= 3) & (np.abs(column - 40) <= 15)
    depth = np.where(mask, table - 0.04, table).astype(np.float32)
    labels = np.array([[u, 40, -np.pi / 2, 12] for u in (30, 36, 44, 50)], np.float32)
    names = tuple(f"o{k}/0_o{k}" for k in range(4))
    return GraspImages(np.stack([depth] * 4), (labels,) * 4, np.stack([mask] * 4), tuple("abcd"), names)


def test_the_bare_table_is_found_below_the_object(bars):
    plane = table_plane(bars.depth[0], bars.masks[0])
    np.testing.assert_allclose(plane[bars.masks[0]] - bars.depth[0][bars.masks[0]], 0.04, atol=1e-4)


def test_the_highest_object_is_seen(bars):
    fused = fuse(bars, np.arange(4), CLUTTER, np.random.default_rng(0))
    heights = table_plane(bars.depth[0], bars.masks[0]) - fused.depth[0]
    assert fused.masks[0].sum() > bars.masks[0].sum()
    assert heights.max() == pytest.approx(0.04, abs=1e-3)
    assert np.abs(heights[~fused.masks[0]]).max() < 0.04


def test_labels_stay_on_what_is_seen(bars):
    for seed in range(5):
        fused = fuse(bars, np.arange(4), CLUTTER, np.random.default_rng(seed))
        for u, v, _, w in fused.labels[0]:
            assert fused.masks[0][round(float(v)), round(float(u))]
            assert 12 * CLUTTER.min_scale - 1e-3 <= w <= 12 * CLUTTER.max_scale + 1e-3


def test_a_label_whose_finger_would_hit_a_neighbour_is_pruned(bars):
    heights, owner = np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), -1)
    heights[bars.masks[0]], owner[bars.masks[0]] = 0.04, 0
    assert len(prune(bars.labels[0], 0, heights, owner, CLUTTER)) == 4
    heights[47:52, 48:60], owner[47:52, 48:60] = 0.05, 1  # where the lower finger of the last label goes
    kept = prune(bars.labels[0], 0, heights, owner, CLUTTER)
    assert kept[:, 0].tolist() == [30, 36, 44]
    heights[47:52, 48:60] = 0.015  # low enough to reach over
    assert len(prune(bars.labels[0], 0, heights, owner, CLUTTER)) == 4


def test_an_object_is_not_in_the_way_of_its_own_grasps_and_hides_those_of_another(bars):
    heights, owner = np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), -1)
    heights[bars.masks[0]], owner[bars.masks[0]] = 0.04, 0
    heights[47:52, 48:60], owner[47:52, 48:60] = 0.05, 0  # the object's own, below the last label's finger
    assert len(prune(bars.labels[0], 0, heights, owner, CLUTTER)) == 4
    owner[38:43, 34:39] = 1  # lies over the second label
    assert prune(bars.labels[0], 0, heights, owner, CLUTTER)[:, 0].tolist() == [30, 44, 50]


@pytest.mark.parametrize(("side", "left"), [(1, 0), (-1, 1)])
def test_fingers_are_where_the_angle_of_a_label_says(side, left):
    heights, owner = np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), -1)
    owner[39:42, 39:42] = 0
    u, v = round(40 + 7.5 * np.cos(0.7)), round(40 + side * 7.5 * np.sin(0.7))
    heights[v - 1 : v + 2, u - 1 : u + 2], owner[v - 1 : v + 2, u - 1 : u + 2] = 0.05, 1
    assert len(prune(np.array([[40, 40, 0.7, 12]], np.float32), 0, heights, owner, CLUTTER)) == left


def test_each_image_depends_on_the_seed_and_its_number_alone(bars):
    few, more = (fuse_many(bars, count, CLUTTER, 5) for count in (2, 3))
    np.testing.assert_array_equal(few.depth, more.depth[:2])
    assert len(more) == 3
    assert not np.array_equal(more.depth[0], more.depth[1])


def test_labels_move_with_their_objects_and_stay_on_what_is_seen_of_them(bars):
    """Each image alone: nothing hides its labels, and the middle of the bar is where it was moved to."""
    still = dataclasses.replace(CLUTTER, spread=0.2)
    for seed in range(5):
        fused = fuse(bars, np.array([seed % 4]), still, np.random.default_rng(seed))
        rows = fused.labels[0]
        row, column = np.nonzero(fused.masks[0])
        for u, v, _, _ in rows:
            assert fused.masks[0][round(float(v)), round(float(u))]
        if len(rows) == 4:
            np.testing.assert_allclose(rows[:, :2].mean(0), (column.mean(), row.mean()), atol=1.5)


def test_where_objects_cover_each_other_the_higher_one_is_seen_with_its_labels(bars):
    """Two bars in one place, the second twice as high: whichever comes first, it alone is seen."""
    higher = np.where(bars.masks[0], bars.depth[0] - 0.04, bars.depth[0]).astype(np.float32)
    other = bars.labels[0] + np.array([0, 0, 0, 2], np.float32)
    both = dataclasses.replace(
        bars, depth=np.stack([bars.depth[0], higher, *bars.depth[2:]]), labels=(bars.labels[0], other, *bars.labels[2:])
    )
    fixed = dataclasses.replace(CLUTTER, min_scale=1.0, max_scale=1.0, spread=0.0)

    class Straight:
        """Draws no turn and no shift."""

        def uniform(self, low, high, size=None):
            return np.zeros(size) if size else 0.0

    for chosen in ([0, 1], [1, 0]):
        fused = fuse(both, np.array(chosen), fixed, Straight())
        heights = table_plane(bars.depth[0], bars.masks[0]) - fused.depth[0]
        assert np.median(heights[fused.masks[0]]) == pytest.approx(0.08, abs=2e-3)
        assert len(fused.labels[0]) and (fused.labels[0][:, 3] == 14).all(), "labels of what is hidden are gone"


def test_a_finger_is_as_thick_in_a_larger_image(bars):
    heights, owner = np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), -1)
    heights[bars.masks[0]], owner[bars.masks[0]] = 0.04, 0
    reach = round(46 + CLUTTER.finger)
    heights[reach : reach + 1, 40:60], owner[reach : reach + 1, 40:60] = 0.05, 1
    small = prune(bars.labels[0], 0, heights, owner, CLUTTER)
    heights, owner = (array.repeat(2, 0).repeat(2, 1) for array in (heights, owner))
    large = prune(bars.labels[0] * [2, 2, 1, 2] + [[0.5, 0.5, 0, 0]], 0, heights, owner, CLUTTER)
    assert len(small) == len(large)


def test_images_have_different_objects_and_each_a_label(bars, monkeypatch):
    chosen, fused = [], module.fuse

    def watched(images, numbers, config, rng):
        chosen.append(numbers.tolist())
        made = fused(images, numbers, config, rng)
        return made if len(chosen) % 2 else dataclasses.replace(made, labels=(made.labels[0][:0],))

    monkeypatch.setattr(module, "fuse", watched)
    four = dataclasses.replace(CLUTTER, min_objects=3, max_objects=4)
    made = fuse_many(bars, 4, four, 1)
    assert all(len(set(numbers)) == len(numbers) for numbers in chosen) and {len(n) for n in chosen} == {3, 4}
    assert len(made) == 4 and all(len(rows) for rows in made.labels), "those without a label are left out"
    assert len(chosen) >= 7


def test_fingers_reach_down_beside_a_grasp(bars):
    """What is higher than the finger's tips is in the way, though it is lower than the grasped point."""
    heights, owner = np.zeros((SIZE, SIZE)), np.full((SIZE, SIZE), -1)
    heights[bars.masks[0]], owner[bars.masks[0]] = 0.04, 0
    tips = 0.04 - CLUTTER.depth
    heights[47:52, 48:60], owner[47:52, 48:60] = (tips + 0.04) / 2 + 0.004, 1
    assert prune(bars.labels[0], 0, heights, owner, CLUTTER)[:, 0].tolist() == [30, 36, 44]
