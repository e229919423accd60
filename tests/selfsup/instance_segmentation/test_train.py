import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes, LabelledScene, write_scenes
from graspbook.instances.registry import build_instance_model
from graspbook.selfsup.instance_segmentation import train as segment_train
from graspbook.selfsup.instance_segmentation.batches import BatchSampler
from graspbook.selfsup.instance_segmentation.train import learning_rate, train_instance_model, validation_ap
from tests.conftest import standard

SELFSUP = standard("selfsup")
TINY = dataclasses.replace(
    SELFSUP.network.mask2former,
    queries=3,
    hidden=32,
    encoder_feedforward=16,
    decoder_layers=2,
    feedforward=16,
    points=32,
)
CONFIG = dataclasses.replace(SELFSUP.segment, seed=0, steps=4, evaluate_every=2)


def toy_scenes(folder):
    rng = np.random.default_rng(0)
    scenes = []
    for number in range(4):
        ids = np.zeros((32, 48), np.uint16)
        ids[4:14, 5:20], ids[16:28, 25:40] = 1, 2
        image = rng.integers(0, 60, (32, 48, 3)) + 150 * (ids > 0)[..., None]
        scenes.append(LabelledScene(f"s{number}", image.astype(np.uint8), ids))
    write_scenes(folder, scenes, [0, 1, 2, 3])
    return CocoScenes(folder / "annotations.json")


@pytest.fixture
def scenes(tmp_path):
    return toy_scenes(tmp_path / "scenes")


def sampler(scenes, seed=0):
    return BatchSampler(scenes, 2, seed, config=SELFSUP.pasting)


def start(seed=0):
    return build_instance_model("mask2former", TINY, None, seed)


def assert_same(one, other):
    weights, others = one.model.state_dict(), other.model.state_dict()
    assert all(torch.equal(weights[key], others[key]) for key in weights)
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)


class Stopping(BatchSampler):
    """A supply that ends the training before some step."""

    last = 99

    def __call__(self, step, part=0, parts=1):
        if step >= self.last:
            raise KeyboardInterrupt
        return super().__call__(step, part, parts)


@pytest.mark.slow
def test_goes_on_where_it_was_and_ends_in_the_same_weights(scenes, tmp_path):
    whole = train_instance_model(start(), CONFIG, sampler(scenes), scenes, tmp_path / "a")
    broken = Stopping(scenes, 2, 0, config=SELFSUP.pasting)
    broken.last = 3
    with pytest.raises(KeyboardInterrupt):
        train_instance_model(start(), CONFIG, broken, scenes, tmp_path / "b", checkpoint_seconds=0)
    resumed = train_instance_model(start(), CONFIG, sampler(scenes), scenes, tmp_path / "b")
    assert_same(whole, resumed)
    assert list(whole.history) == ["step", "loss", "lr", "validation_ap"]
    assert whole.history["validation_ap"].notna().tolist() == [False, True, False, True]
    assert not whole.model.training
    broken.last = 1  # a finished training is read; only its name needs the first batch
    assert_same(whole, train_instance_model(start(), CONFIG, broken, scenes, tmp_path / "a"))


def test_the_best_weights_are_kept_and_patience_ends_it(scenes, tmp_path, monkeypatch):
    values = iter([10.0, 30.0, 20.0, 25.0, 99.0])
    seen = []

    def fake(model, *_):
        seen.append({key: value.clone() for key, value in model.state_dict().items()})
        return next(values)

    monkeypatch.setattr(segment_train, "validation_ap", fake)
    config = dataclasses.replace(CONFIG, steps=10, evaluate_every=1, patience=2)
    done = train_instance_model(start(), config, sampler(scenes), scenes, tmp_path)
    assert len(done.history) == 4
    assert all(torch.equal(value, seen[1][key]) for key, value in done.model.state_dict().items())


def test_other_settings_data_or_start_are_another_training(scenes, tmp_path):
    model, supply = start(), sampler(scenes)
    other = build_instance_model("mask2former", dataclasses.replace(TINY, robust_margin=0.7), None, 0)
    names = {
        segment_train._name(model, CONFIG, supply, scenes),
        segment_train._name(model, dataclasses.replace(CONFIG, clip=2.0), supply, scenes),
        segment_train._name(model, CONFIG, sampler(scenes, 1), scenes),
        segment_train._name(model, CONFIG, supply, scenes.subset([0])),
        segment_train._name(other, CONFIG, supply, scenes),
        segment_train._name(start(1), CONFIG, supply, scenes),
    }
    assert len(names) == 6


def test_the_learning_rate_rises_and_falls():
    config = dataclasses.replace(CONFIG, steps=100, learning_rate=1.0, warm_up=0.1)
    rates = [learning_rate(config, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == rates[9] == rates[10] == 1.0
    assert all(np.diff(rates[:10]) > 0) and all(np.diff(rates[10:]) < 0) and 0 < rates[-1] < 0.01


def test_the_backbone_learns_slower_and_vectors_do_not_decay():
    model = start()
    groups = segment_train._groups(model, dataclasses.replace(CONFIG, learning_rate=1.0, backbone_factor=0.25))
    kinds = {(group["lr"], group["weight_decay"]) for group in groups}
    assert kinds <= {(1.0, 0.05), (1.0, 0.0), (0.25, 0.05), (0.25, 0.0)} and len(kinds) >= 3
    assert all((p.ndim > 1) == (group["weight_decay"] > 0) for group in groups for p in group["params"])
    n_pretrained = sum(len(group["params"]) for group in groups if group["lr"] == 0.25)
    assert n_pretrained == len(model.backbone_parameters())
    assert sum(len(g["params"]) for g in groups) == sum(p.requires_grad for p in model.parameters())


def test_validation_needs_images_and_gives_percent(scenes, tmp_path):
    assert 0 <= validation_ap(start(), scenes) <= 100
    with pytest.raises(InputError, match="validation"):
        train_instance_model(start(), CONFIG, sampler(scenes), scenes.subset([]), tmp_path)
