import numpy as np

from graspbook.mlgsl.metrics import success
from graspbook.mlgsl.metrics.success import centroid_success, random_success, top_success
from graspbook.mlgsl.targets import padded_targets


def test_the_truth_as_maps_is_right_everywhere(images, metrics):
    maps = np.concatenate([padded_targets(rows[None], images.size, 0.5, 0.0) for rows in images.labels])
    found = top_success(maps, images.labels, "imgmse", metrics)
    assert found["top_1"].all()
    assert found["top_5"].all()
    np.testing.assert_allclose(found["width_ratio"], 1, rtol=1e-5)
    np.testing.assert_allclose(found["angle_off"], 0, atol=1e-6)


def test_angles_across_are_wrong(images, metrics):
    maps = np.concatenate([padded_targets(rows[None], images.size, 0.5, 0.0) for rows in images.labels])
    maps[:, 1:3] *= -1  # a quarter turn
    assert not top_success(maps, images.labels, "imgmse", metrics)["top_5"].any()


def test_floors_lie_between_nothing_and_everything(images, metrics):
    guesses = random_success(images, np.array([6.0]), metrics, np.random.default_rng(0))
    assert guesses["top_1"].mean() <= guesses["top_5"].mean()
    assert 0.5 < centroid_success(images, metrics)["top_1"].mean() < 1  # the middle of the bar, and its labels anywhere


def test_guesses_have_any_angle(images, metrics, monkeypatch):
    guesses = []
    monkeypatch.setattr(success, "is_right", lambda grasps, *_: guesses.append(grasps[:, 2]) or np.zeros(5, bool))
    for seed in range(20):
        random_success(images, np.array([6.0]), metrics, np.random.default_rng(seed))
    parts = np.histogram(np.concatenate(guesses), bins=4, range=(-np.pi / 2, np.pi / 2))[0]
    assert parts.sum() == 600 and parts.min() > 100
