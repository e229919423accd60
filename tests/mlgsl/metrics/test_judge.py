import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from graspbook.mlgsl.metrics import accuracy
from graspbook.mlgsl.metrics import judge as module
from graspbook.mlgsl.metrics.accuracy import sampled_agreement
from graspbook.mlgsl.metrics.judge import Judge, crops, crops_of, judge_grasps, train_judge
from graspbook.mlgsl.targets import padded_targets
from graspbook.training.fit import Step
from tests.mlgsl.worlds import STANDARD
from tests.variants import variants

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


STEP = Step(0, 0, 1, torch.device("cpu"))


def some(seed, count=40):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, (count, 2, 32, 32)).astype(np.float32), (rng.random(count) < 0.5).astype(np.float32)


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Makes what a training consists of, without training: the arguments that `fit` is given."""
    monkeypatch.setattr(module, "fit", lambda model, plan, **parts: SimpleNamespace(model=model, plan=plan, **parts))
    return lambda train=None, validation=None, config=CONFIG: train_judge(
        train or some(0), validation or some(1), config, tmp_path
    )


def test_a_judge_is_named_by_its_settings_and_by_all_crops_and_outcomes(planned):
    names = [planned().name, *(planned(config=other).name for _, other in variants(CONFIG))]
    x, y = some(0)
    names += [planned((x + 1, y)).name, planned((x, 1 - y)).name]
    x, y = some(1)
    names += [planned(validation=(x + 1, y)).name, planned(validation=(x, 1 - y)).name]
    assert len(set(names)) == len(names) == 10


def test_a_judge_learns_the_crops_in_all_mirrorings_with_their_outcomes(planned):
    x, y = some(0)
    known = {}
    for crop, good in zip(x, y, strict=True):
        for up, left in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            known[np.ascontiguousarray(crop[:, ::up, ::left]).tobytes()] = float(good), (up, left)
    seen = set()
    for number in range(6):
        crops_, outcomes = planned().batch(dataclasses.replace(STEP, number=number))
        for crop, good in zip(crops_.numpy(), outcomes.tolist(), strict=True):
            expected, mirrored = known[crop.tobytes()]
            assert good == expected
            seen.add(mirrored)
    assert len(seen) == 4


def test_the_judge_that_is_right_most_often_on_validation_is_kept(planned, monkeypatch):
    given = []
    x, y = some(1)
    monkeypatch.setattr(module, "judge_crops", lambda judge, seen: given.append(seen) or y)
    plan = planned()
    assert plan.evaluate(plan.model) == {"accuracy": 100.0} and given[0].tobytes() == x.tobytes()
    assert plan.plan.keep == "best"


def test_each_seed_begins_with_its_own_judge(planned):
    one, same, other = (planned(config=dataclasses.replace(CONFIG, seed=seed)).model.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, same[key]) for key, value in one.items())
    assert not any(torch.equal(value, other[key]) for key, value in one.items())


def test_a_crop_is_turned_by_the_angle_and_not_against_it():
    """A bar along the direction 0.6 lies along the rows of the crop of a grasp that closes along it."""
    row, column = np.indices((80, 80))
    across = np.abs((row - 40) * np.cos(0.6) - (column - 40) * np.sin(0.6))
    depth = np.where(across <= 3, 0.55, 0.6).astype(np.float32)
    [seen] = crops(depth, np.array([[40, 40, 0.6, 14.0]]), 32)
    assert np.ptp(seen[0][16]) < 0.05 < np.ptp(seen[0][:, 16])


def test_good_grasps_are_those_that_the_judge_calls_good(images, metrics, monkeypatch):
    monkeypatch.setattr(accuracy, "judge_grasps", lambda judge, depth, grasps: np.ones(len(grasps)))
    maps = np.zeros((len(images), 4, images.size, images.size), np.float32)
    found = sampled_agreement(maps, images, "imgmse", Judge(32), metrics)
    assert (found["good"] == metrics.sampled).all() and not found["found"].any()
