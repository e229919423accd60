import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.matching import Candidates, mask_overlaps, match_greedily, match_images
from graspbook.instances.types import Instances, labelled, no_instances

THRESHOLDS = np.linspace(0.5, 0.95, 10)


def match_reference(overlap, outside, odd, threshold):
    """COCO's rules for one image, range and threshold, as they are told: hit, and ignored."""
    free, hit, ignored = set(range(len(outside))), [], []
    for row, unlike in zip(overlap, odd, strict=True):
        able = [g for g in sorted(free) if row[g] >= threshold]
        inside = [g for g in able if not outside[g]]
        best = None
        for g in inside or able:
            if best is None or row[g] >= row[best]:
                best = g
        free.discard(best)
        hit.append(best is not None and not outside[best])
        ignored.append(bool(unlike if best is None else outside[best]))
    return hit, ignored


def candidates(rng, n_found, n_objects, ranges=3):
    overlap = np.round(rng.random((n_found, n_objects)), 1)  # ties, and overlaps equal to a threshold
    outside, odd = rng.random((ranges, n_objects)) < 0.4, rng.random((ranges, n_found)) < 0.4
    return Candidates(overlap, np.sort(rng.integers(0, 4, n_found) / 4)[::-1], outside, odd)


@pytest.mark.parametrize(("n_found", "n_objects"), [(6, 5), (1, 1), (5, 0), (0, 5), (0, 0), (9, 2)])
@pytest.mark.parametrize("seed", range(3))
def test_matching_follows_the_rules_step_by_step(seed, n_found, n_objects):
    image = candidates(np.random.default_rng(seed), n_found, n_objects)
    matches = match_images([image], THRESHOLDS)
    assert matches.hit.shape == matches.ignored.shape == (3, 10, n_found)
    for area in range(3):
        for number, threshold in enumerate(THRESHOLDS):
            expected = match_reference(image.overlap, image.outside[area], image.ignored[area], threshold)
            assert (matches.hit[area, number].tolist(), matches.ignored[area, number].tolist()) == expected


def test_detections_are_ranked_over_all_images_and_equals_stay_in_their_order():
    rng = np.random.default_rng(0)
    images = [candidates(rng, n_found, 3) for n_found in (4, 0, 5, 3)]
    matches, alone = match_images(images, THRESHOLDS), [match_images([image], THRESHOLDS) for image in images]
    rows = [(-s, number, k) for number, image in enumerate(images) for k, s in enumerate(image.scores)]
    order = sorted(rows)
    assert matches.score.tolist() == [-score for score, _, _ in order]
    assert matches.image.tolist() == [number for _, number, _ in order]
    for field in ("hit", "ignored"):
        expected = [getattr(alone[number], field)[..., k] for _, number, k in order]
        np.testing.assert_array_equal(getattr(matches, field), np.stack(expected, -1))
    assert matches.n_objects.tolist() == np.stack([(~image.outside).sum(1) for image in images], 1).tolist()
    blocks = [(number, score) for score, number, _ in order]
    for i in range(len(order)):
        for j in range(len(order)):
            assert (matches.block[i] == matches.block[j]) == (blocks[i] == blocks[j])


def test_without_ranges_every_object_and_detection_counts():
    overlap = np.array([[0.9, 0.6], [0.8, 0.0], [0.7, 0.7]])
    matches = match_images([Candidates(overlap, np.array([0.9, 0.8, 0.7]))], [0.5])
    assert matches.hit.tolist() == [[[True, False, True]]]
    assert not matches.ignored.any()
    assert matches.n_objects.tolist() == [[2]]


def test_of_equal_overlaps_the_last_object_is_taken():
    overlap = np.array([[1.0, 1.0, 0.2], [1.0, 0.0, 0.0]])
    assert match_greedily(overlap, [0.5])[0, 0].tolist() == [1, 0]
    assert match_greedily(overlap[:, ::-1], [0.5])[0, 0].tolist() == [2, -1]  # the first, in reverse


def test_overlaps_are_counted_pixel_by_pixel():
    rng = np.random.default_rng(0)
    found = Instances(rng.random((4, 9, 11)) < 0.4, np.array([0, 1, 1, 0]), np.linspace(0.9, 0.1, 4))
    truth = labelled(rng.random((3, 9, 11)) < 0.6, np.array([1, 0, 0]))
    overlaps = mask_overlaps(found, truth)
    for i, (mask, kind) in enumerate(zip(found.masks, found.classes, strict=True)):
        for j, (label, other) in enumerate(zip(truth.masks, truth.classes, strict=True)):
            both = (mask & label).sum() if kind == other else 0
            assert overlaps.shared[i, j] == both
            assert overlaps.iop[i, j] == both / mask.sum()
            assert overlaps.iog[i, j] == both / label.sum()
            assert overlaps.iou[i, j] == both / (mask.sum() + label.sum() - both)
    assert mask_overlaps(no_instances((9, 11)), truth).iou.shape == (0, 3)
    with pytest.raises(InputError, match="expected"):
        mask_overlaps(no_instances((3, 3)), truth)
