import dataclasses

import numpy as np
import pandas as pd

from graspbook.mlgsl.metrics import accuracy
from graspbook.mlgsl.metrics.accuracy import sampled_agreement
from graspbook.mlgsl.metrics.judge import Judge, crops, crops_of, judge_grasps, train_judge
from graspbook.mlgsl.targets import padded_targets
from tests.mlgsl.worlds import STANDARD

CONFIG = dataclasses.replace(STANDARD.judge, steps=20, batch_size=16, learning_rate=0.005)


def test_a_crop_is_turned_so_that_the_fingers_close_along_its_rows():
    depth = np.full((80, 80), 0.6, np.float32)
    depth[20:60, 38:43] = 0.55  # a bar along v
    [across], [along] = (crops(depth, np.array([[40, 40, phi, 14.0]]), 32) for phi in (0.0, np.pi / 2))
    assert np.ptp(across[0][16]) > 0.4  # the row crosses the bar
    assert np.ptp(along[0][16]) < 0.01
    np.testing.assert_array_equal(across[1], along[1])  # fingers are where the opening says
    inner = np.flatnonzero(across[1].any(0))
    assert np.abs(inner - 15.5).min() >= 7
    assert not (across[1][:, inner] * (across[0][:, inner] > -0.1)).any()


def test_heights_are_relative_to_the_grasped_point():
    depth = np.full((80, 80), 0.6, np.float32)
    one = crops(depth, np.array([[40, 40, 0.3, 14.0]]), 32)
    other = crops(depth - 0.2, np.array([[40, 40, 0.3, 14.0]]), 32)
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_it_learns_what_separates_good_from_bad(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.1, (200, 2, 32, 32)).astype(np.float32)
    y = (rng.random(200) < 0.5).astype(np.float32)
    x[y > 0.5, 0, 12:20, 12:20] += 1
    trained = train_judge((x[:150], y[:150]), (x[150:], y[150:]), CONFIG, tmp_path)
    assert trained.history["accuracy"].dropna().max() > 90


def test_crops_follow_the_images_of_the_grasps(images):
    tried = pd.DataFrame({"image": [1, 0, 1], "u": [9.0] * 3, "v": [9.0] * 3, "phi": [0.0] * 3, "w": [5.0] * 3})
    found, good = crops_of(images, tried.assign(end=[1, 0, 0]), 16)
    assert found.shape == (3, 2, 16, 16)
    assert good.tolist() == [1, 0, 1]


def test_agreement_counts_what_is_called_good_by_both(images, metrics):
    maps = np.concatenate([padded_targets(rows[None], images.size, 0.5, 0.0) for rows in images.labels])
    counts = sampled_agreement(maps, images, "imgmse", Judge(32).eval(), metrics)
    assert (counts["sampled"] == metrics.sampled).all()
    assert (counts["found"] <= counts["good"]).all()
    again = sampled_agreement(maps, images, "imgmse", Judge(32).eval(), metrics)
    assert counts["sampled"].equals(again["sampled"])
    assert (judge_grasps(Judge(32), images.depth[0], images.labels[0]) > 0).all()


def test_agreement_is_that_of_a_loop_over_pixels(images, metrics, monkeypatch):
    """The judge calls grasps in the left half good, the network those in the upper half."""
    monkeypatch.setattr(accuracy, "judge_grasps", lambda judge, depth, grasps: (grasps[:, 0] < 12).astype(float))
    maps = np.zeros((len(images), 4, images.size, images.size), np.float32)
    maps[:, 0, :12] = 1
    found = sampled_agreement(maps, images, "imgmse", Judge(32), metrics)
    for place, counts in enumerate(found.to_dict("records")):
        pixels = np.random.default_rng([metrics.seed, place]).integers(images.size, size=(2, metrics.sampled)).T
        called = [(row < 12, column < 12) for row, column in pixels]
        assert counts["agree"] == sum(network == judge for network, judge in called)
        assert counts["found"] == sum(network and judge for network, judge in called)


def test_a_crop_of_a_larger_image_shows_the_same(images):
    grasp = np.array([[39.5, 39.5, 0.4, 14.0]])
    depth = np.full((80, 80), 0.6, np.float32)
    depth[20:60, 35:46] = 0.55
    small, large = (
        crops(depth, grasp, 32),
        crops(depth.repeat(2, 0).repeat(2, 1), grasp * [2, 2, 1, 2] + [[0.5, 0.5, 0, 0]], 32),
    )
    np.testing.assert_array_equal(small[:, 1], large[:, 1])  # the fingers
    assert np.abs(small - large).mean() < 0.02
