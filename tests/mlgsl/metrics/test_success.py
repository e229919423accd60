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


def test_the_first_grasp_counts_for_top_1_and_any_of_five_for_top_5(metrics):
    """The surest grasp is at a bare place, the second on the only label, the third elsewhere."""
    maps = np.zeros((1, 4, 80, 80), np.float32)
    maps[:, 2] = 1
    maps[0, 0, 10, 10], maps[0, 0, 60, 60], maps[0, 0, 60, 20] = 1.0, 0.9, 0.8
    maps[0, 3] = 0.25  # an opening of 10 pixels
    labels = (np.array([[60, 60, 0.0, 10], [12, 10, 1.0, 20]], np.float32),)
    found = top_success(maps, labels, "imgmse", metrics).iloc[0]
    assert not found["top_1"] and found["top_5"]
    assert (found["u"], found["v"]) == (10, 10)
    np.testing.assert_allclose(found["angle_off"], 1.0, atol=1e-6)  # of the nearest label
    np.testing.assert_allclose(found["width_ratio"], 0.5, rtol=1e-6)
