import numpy as np

from graspbook.instances.types import labelled, no_instances, ranked
from graspbook.latent.picking_area import count_picks, disc, landing, shrunk
from tests.latent.conftest import SIZE, random_segmentation, random_truth


def naive_landing(found, truth, radius):
    height, width = truth.size
    inside, double = np.zeros((2, height, width), bool)
    for y in range(height):
        for x in range(width):
            circle = [
                (v, u)
                for v in range(y - 9, y + 10)
                for u in range(x - 9, x + 10)
                if (v - y) ** 2 + (u - x) ** 2 <= radius**2
            ]
            within = [(v, u) for v, u in circle if 0 <= v < height and 0 <= u < width]
            inside[y, x] = len(within) == len(circle) and any(all(mask[c] for c in circle) for mask in found.masks)
            double[y, x] = sum(any(mask[c] for c in within) for mask in truth.masks) > 1
    return inside, double


def test_circles_land_as_in_a_loop_over_their_pixels():
    for seed, radius in ((0, 1.0), (1, 2.3), (2, 0.0)):
        rng = np.random.default_rng(seed)
        found, truth = random_segmentation(rng, 4), random_truth(rng, 5)
        for fast, slow in zip(landing(found, truth, radius), naive_landing(found, truth, radius), strict=True):
            np.testing.assert_array_equal(fast, slow)


def test_random_circles_come_near_the_share_of_all_places(rng):
    left, right = np.zeros((2, *SIZE), bool)
    left[3:15, 2:11], right[3:15, 11:20] = True, True
    truth = labelled(np.stack([left, right]), np.array([0, 0]))
    one = ranked((left | right)[None], np.array([0]), np.array([0.9]))
    inside, double = landing(one, truth, 2.0)
    counts = count_picks([one], [truth], 2.0, 40000, rng)
    expected = 100 * (inside & double).sum() / inside.sum()
    assert abs(counts.double_pick_rate()[0] - expected) < 2
    assert counts.pickable_area() == [100]
    two = ranked(truth.masks, truth.classes, np.array([0.9, 0.8]))
    assert count_picks([two], [truth], 2.0, 1000, rng).double_pick_rate() == [0]


def test_without_predictions_or_labels_there_is_no_rate(rng):
    truth = random_truth(rng, 2)
    empty = labelled(np.zeros((0, *SIZE), bool), np.zeros(0, np.int64))
    counts = count_picks([no_instances(SIZE)] * 2, [truth, empty], 1.0, 50, rng)
    assert np.isnan(counts.double_pick_rate()) and counts.pickable_area() == [0]
    np.testing.assert_array_equal(np.isnan(counts.pickable_area(np.eye(2))), [False, True])


def test_shrinking_takes_the_rim_and_drops_what_vanishes():
    wide, thin = np.zeros((2, *SIZE), bool)
    wide[3:10, 3:10], thin[12, 3:10] = True, True
    found = shrunk(ranked(np.stack([wide, thin]), np.array([0, 0]), np.array([0.9, 0.8])), 1.0)
    expected = np.zeros(SIZE, bool)
    expected[4:9, 4:9] = True
    np.testing.assert_array_equal(found.masks, expected[None])
    assert disc(1.0).sum() == 5


def test_an_area_counts_once_however_many_masks_cover_it(rng):
    one = np.zeros((2, *SIZE), bool)
    one[0, 2:8, 2:8], one[1, 5:11, 2:8] = True, True
    truth = random_truth(rng, 2)
    counts = count_picks([ranked(one, np.zeros(2, np.int64), np.ones(2))], [truth], 1.0, 10, rng)
    assert counts.predicted.tolist() == [one.any(0).sum()] == [54]
    assert counts.labelled.tolist() == [truth.masks.sum()]


def test_other_draws_are_other_circles():
    rng = np.random.default_rng(0)
    found, truth = random_segmentation(rng, 4), random_truth(rng, 5)
    picks = {int(count_picks([found], [truth], 1.0, 40, np.random.default_rng(k)).picks[0]) for k in range(8)}
    assert len(picks) > 2
