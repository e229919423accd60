import dataclasses
import math

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.types import LabelMap
from graspbook.joint import clustering as c


def blobs_of(mask):
    """Connected components by flooding, 8 neighbours, in the order of their first elements."""
    left, found = {tuple(place) for place in np.argwhere(mask).tolist()}, []
    for start in np.argwhere(mask).tolist():
        if tuple(start) not in left:
            continue
        waiting, blob = [tuple(start)], []
        left.remove(tuple(start))
        while waiting:
            y, x = waiting.pop()
            blob.append((y, x))
            for near in [(y + a, x + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]:
                if near in left:
                    left.remove(near)
                    waiting.append(near)
        found.append(sorted(blob))
    return found


def middle_of(blob):
    mean = np.mean(blob, 0)
    return min(blob, key=lambda place: (round(math.dist(place, mean), 9), place))


def naive_centres(classes, embeddings, confidence, config):
    """§III-B step by step, as loops."""
    ids, owners = np.zeros(classes.shape, int), []
    for number in sorted(set(classes[classes > 0].tolist())):
        found = []
        for blob in blobs_of((classes == number) & (confidence > config.threshold)):
            found.append((max(confidence[place] for place in blob), middle_of(blob)))
        found.sort(key=lambda pair: -pair[0])
        kept = []
        for _, place in found:
            e = embeddings[:, *place]
            if all(math.dist(e, embeddings[:, *other]) >= config.duplicates for other in kept):
                kept.append(place)
        for place in np.argwhere(classes == number).tolist():
            away = [math.dist(embeddings[:, *place], embeddings[:, *centre]) for centre in kept]
            if away and min(away) <= config.assign:
                ids[*place] = len(owners) + away.index(min(away)) + 1
        owners += [number] * len(kept)
    return drop_small(ids, owners, config.least)


def drop_small(ids, owners, least):
    new, kept = np.zeros_like(ids), []
    for number, owner in enumerate(owners, 1):
        if (ids == number).sum() >= least:
            kept.append(owner)
            new[ids == number] = len(kept)
    return new, kept


@pytest.fixture(params=range(6))
def grids(request):
    """A random picture: smooth classes, embeddings in a few clusters, a confidence."""
    rng = np.random.default_rng(request.param)
    classes = np.kron(rng.integers(0, 3, (3, 4)), np.ones((4, 4), int))
    kind = rng.integers(0, 4, classes.shape)
    embeddings = rng.normal(size=(4, 3))[kind].transpose(2, 0, 1) + rng.normal(0, 0.06, (3, *classes.shape))
    return classes, embeddings, rng.uniform(size=classes.shape)


@pytest.mark.parametrize("least", [1, 4])
def test_centres_find_what_a_naive_loop_finds(grids, cluster_config, least):
    config = dataclasses.replace(cluster_config, least=least)
    found = c.cluster_by_centres(*grids, config)
    ids, owners = naive_centres(*grids, config)
    np.testing.assert_array_equal(found.ids, ids)
    assert found.classes.tolist() == owners


def test_all_to_all_finds_what_a_naive_loop_finds(grids, cluster_config):
    classes, embeddings, _ = grids
    found = c.cluster_all_to_all(classes, embeddings, cluster_config)
    ids, owners = np.zeros(classes.shape, int), []
    for number in sorted(set(classes[classes > 0].tolist())):
        places = np.argwhere(classes == number).tolist()
        still = [embeddings[:, *place] for place in places]
        moved = list(still)
        for _ in range(cluster_config.shifts):
            moved = [
                np.mean([e for e in still if math.dist(e, m) <= cluster_config.radius] or [0 * m], 0) for m in moved
            ]
        left = list(range(len(places)))
        while left:
            owners.append(number)
            near = [k for k in left if math.dist(moved[k], moved[left[0]]) <= cluster_config.radius / 2]
            for k in near:
                ids[*places[k]] = len(owners)
            left = [k for k in left if k not in near]
    np.testing.assert_array_equal(found.ids, ids)
    assert found.classes.tolist() == owners


def test_components_are_what_flooding_finds(grids, cluster_config):
    classes = grids[0]
    found = c.connected_components(classes, cluster_config)
    number = 0
    for owner in (1, 2):
        for blob in blobs_of(classes == owner):
            number += 1
            assert {tuple(place) for place in np.argwhere(found.ids == number).tolist()} == set(blob)
            assert found.classes[number - 1] == owner
    assert len(found.classes) == number


def test_touching_neighbours_of_one_class_need_embeddings(cluster_config):
    classes = np.full((4, 8), 3)
    embeddings = np.zeros((2, 4, 8))
    embeddings[0, :, 4:] = 1.0
    confidence = np.zeros((4, 8))
    confidence[2, 2], confidence[1, 5], confidence[2, 5] = 0.9, 0.8, 0.95
    assert len(c.connected_components(classes, cluster_config).classes) == 1
    for found in (
        c.cluster_by_centres(classes, embeddings, confidence, cluster_config),
        c.cluster_all_to_all(classes, embeddings, cluster_config),
    ):
        assert len(found.classes) == 2
        assert (found.ids[:, :4] == found.ids[0, 0]).all()
        assert (found.ids[:, 4:] == found.ids[0, 7]).all()


def test_an_instance_that_an_occluder_splits_is_one_with_embeddings_and_two_without(cluster_config):
    classes = np.full((3, 7), 3)
    classes[:, 3] = 1
    embeddings, confidence = np.zeros((2, 3, 7)), np.zeros((3, 7))
    confidence[1, 1] = 0.9
    found = c.cluster_by_centres(classes, embeddings, confidence, cluster_config)
    assert found.classes.tolist() == [3]
    assert (found.ids > 0).sum() == 18
    assert c.connected_components(classes, cluster_config).classes.tolist() == [1, 3, 3]


def test_no_thing_no_centre_and_what_is_too_far_give_no_instance(cluster_config):
    nothing, one = np.zeros((3, 4), int), np.ones((3, 4), int)
    flat, none = np.zeros((2, 3, 4)), np.zeros((3, 4))
    for found in (
        c.cluster_by_centres(nothing, flat, none + 1, cluster_config),
        c.cluster_by_centres(one, flat, none, cluster_config),
        c.cluster_all_to_all(nothing, flat, cluster_config),
        c.connected_components(nothing, cluster_config),
    ):
        assert len(found.classes) == 0
        assert not found.ids.any()
    far = flat.copy()
    far[0, :, 2:] = 9.0
    none[1, 0] = 0.9
    assert (c.cluster_by_centres(one, far, none, cluster_config).ids > 0).sum() == 6


def test_scores_are_what_loops_find():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 4, (5, 6))
    instances = LabelMap(ids, np.array([2, 1, 2]))
    probability, confidence = rng.uniform(size=(3, 5, 6)), rng.uniform(size=(5, 6))
    for number, owner in enumerate((2, 1, 2), 1):
        inside = ids == number
        size = inside.sum() / (inside.sum() + 64)
        certainty = probability[owner][inside].mean()
        expected = {"confidence": confidence[inside].max(), "size": size, "certainty": certainty}
        expected["product"] = certainty * size
        for kind, value in expected.items():
            assert c.score_instances(instances, probability, confidence, kind)[number - 1] == pytest.approx(value)
    with pytest.raises(InputError, match="needs a decoder of centres"):
        c.score_instances(instances, probability, None, "confidence")
    empty = LabelMap(0 * ids, np.zeros(0, int))
    assert all(len(c.score_instances(empty, probability, confidence, kind)) == 0 for kind in expected)


def test_a_centre_near_a_duplicate_and_not_near_what_is_kept_is_kept():
    sure = np.zeros((3, 9), bool)
    sure[1, [1, 4, 7]] = True
    confidence, embedding = np.zeros((3, 9)), np.zeros((3, 9), np.float32)
    confidence[1, [1, 4, 7]], embedding[1, [1, 4, 7]] = (0.9, 0.8, 0.7), (0.0, 0.25, 0.5)
    assert c.find_centres(sure, confidence, embedding.reshape(-1, 1), 0.3).tolist() == [10, 16]


def test_all_to_all_takes_what_has_come_to_rest_within_half_the_radius(cluster_config):
    """Embeddings in a row, each nearer to the next than the radius: more shifts bring more of them together."""
    row = np.array([0.1, 1.1, 1.4, 1.7, 1.9, 2.1, 2.1, 2.8])
    classes = np.ones((1, 8), int)
    for shifts, expected in ((1, [1, 2, 3, 4, 4, 4, 4, 5]), (3, [1, 2, 2, 3, 3, 3, 3, 4])):
        config = dataclasses.replace(cluster_config, radius=0.5, shifts=shifts)
        assert c.cluster_all_to_all(classes, row[None, None], config).ids[0].tolist() == expected


def test_small_instances_of_all_methods_are_dropped(cluster_config):
    classes = np.array([[1, 1, 1, 0, 1]])
    embeddings = np.array([[[0.0, 0.0, 0.0, 0.0, 5.0]]])
    config = dataclasses.replace(cluster_config, least=2)
    for found in (
        c.cluster_by_centres(classes, embeddings, np.array([[0.0, 0.9, 0.0, 0.0, 0.9]]), config),
        c.cluster_all_to_all(classes, embeddings, config),
        c.connected_components(classes, config),
    ):
        assert found.ids[0].tolist() == [1, 1, 1, 0, 0] and found.classes.tolist() == [1]
