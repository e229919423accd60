import dataclasses
from types import SimpleNamespace

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
from graspbook.training.fit import Step
from tests.conftest import standard
from tests.variants import variants

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


@pytest.fixture
def planned(scenes, tmp_path, monkeypatch):
    """Makes what a training consists of, without training: the arguments that `fit` is given."""
    monkeypatch.setattr(
        segment_train, "fit", lambda model, plan, **parts: SimpleNamespace(model=model, plan=plan, **parts)
    )
    model = start()
    return lambda supply=None, validation=scenes, config=CONFIG: train_instance_model(
        model, config, supply or sampler(scenes), validation, tmp_path
    )


def test_a_training_is_named_by_every_setting_and_by_images_and_labels_of_validation(planned, scenes, tmp_path):
    names = {"": planned().name} | {field: planned(config=other).name for field, other in variants(CONFIG, "start")}

    def rewritten(folder, change):
        some = [dataclasses.replace(scene, **change(scene)) for scene in scenes]
        write_scenes(tmp_path / folder, some, [0, 1, 2, 3])
        return CocoScenes(tmp_path / folder / "annotations.json")

    names["images"] = planned(validation=rewritten("brighter", lambda one: {"image": one.image + np.uint8(1)})).name
    names["ids"] = planned(validation=rewritten("moved", lambda one: {"ids": np.roll(one.ids, 1, 1)})).name
    del names["margin"]  # a row's model knows it: `robust_margin`
    assert len(set(names.values())) == len(names) > 9, names


def test_steps_draw_apart_and_processes_take_their_own_part(planned, scenes, monkeypatch):
    asked, drawn = [], []

    class Asked(BatchSampler):
        def __call__(self, *which):
            asked.append(which)
            return SimpleNamespace(to=lambda device: "batch")

        def digest(self):
            return "digest"

    plan = planned(Asked(scenes, 2, 0, config=SELFSUP.pasting))
    monkeypatch.setattr(
        type(plan.model), "loss", lambda model, batch, generator: drawn.append(generator.initial_seed())
    )
    for step in (Step(0, 0, 1, "cpu"), Step(7, 1, 2, "cpu")):
        plan.loss(plan.model, plan.batch(step), step)
    assert asked == [(0, 0, 1), (7, 1, 2)] and len(set(drawn)) == 2
    assert plan.plan.clip == CONFIG.clip and plan.plan.batch_size == 2


def test_weights_are_chosen_by_the_mean_over_thresholds_on_validation(planned, scenes, monkeypatch):
    assert list(planned().evaluate(start())) == ["validation_ap"]
    monkeypatch.setattr(
        segment_train, "average_precision", lambda matches: {"ap": np.array([7.0]), "ap50": np.array([9.0])}
    )
    assert validation_ap(start(), scenes) == 7.0
    seen = []
    monkeypatch.setattr(segment_train, "validation_ap", lambda model, some, truth: seen.append(some) or 1.0)
    held = scenes.subset([1, 2])
    planned(validation=held).evaluate(None)
    assert seen == [held]
