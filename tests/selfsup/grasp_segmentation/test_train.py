import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.selfsup.grasp_segmentation import train as train_module
from graspbook.selfsup.grasp_segmentation.augment import Augmentation
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter, predict_grasps
from graspbook.selfsup.grasp_segmentation.train import evaluate, learning_rate, train_grasp_segmenter
from graspbook.training.fit import Step
from tests.conftest import standard
from tests.variants import variants

SECTION = standard("selfsup").train
TINY = dataclasses.replace(SECTION.network, fpn_channels=8, first_layer="random", freeze_norm=False)
CONFIG = dataclasses.replace(SECTION, seed=0, steps=6, batch_size=2, evaluate_every=3, patience=None)


def start(seed=0, **changes):
    return build_grasp_segmenter(dataclasses.replace(TINY, **changes), None, seed)


def train(data, folder, config=CONFIG, augmentation=Augmentation(), model=None):  # noqa: B008  it is frozen
    return train_grasp_segmenter(
        model or start(), config, *data, folder, augmentation=augmentation, checkpoint_seconds=0
    )


@pytest.fixture
def data(toy_grasps):
    return toy_grasps(5, 32, seed=0), toy_grasps(3, 32, seed=1)


def assert_same(one, other):
    weights, others = one.model.state_dict(), other.model.state_dict()
    assert all(torch.equal(weights[key], others[key]) for key in weights)
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)


def stop_after(steps, monkeypatch):
    """Make the training raise in the step after `steps` others."""
    real = train_module.grasp_segmentation_loss
    calls = []

    def loss(*args):
        calls.append(1)
        if len(calls) > steps:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(train_module, "grasp_segmentation_loss", loss)


@pytest.mark.slow
def test_loss_falls_and_an_overfitted_model_finds_the_object(toy_grasps, tmp_path):
    grasps = toy_grasps(4, 32)
    config = dataclasses.replace(CONFIG, steps=60, batch_size=4, evaluate_every=60, learning_rate=3e-3)
    done = train((grasps, grasps), tmp_path, config, None, start(fpn_channels=32))
    assert done.history["loss"].iloc[-5:].mean() < 0.5 * done.history["loss"].iloc[0]


def test_the_history_has_the_scores_on_held_out_grasps(data, tmp_path):
    done = train(data, tmp_path, dataclasses.replace(CONFIG, steps=5))
    assert list(done.history.columns) == ["step", "loss", "lr", "held_out_miou", "held_out_error"]
    assert done.history["held_out_miou"].notna().tolist() == [False, False, True, False, True]
    assert tuple(done.history[["held_out_miou", "held_out_error"]].iloc[-1]) == evaluate(done.model, data[1])


def test_evaluation_agrees_with_the_predictions(data):
    model = start().eval()
    grasps = data[1]
    masks = predict_grasps(model, grasps.before, grasps.after, grasps.suction)[:, 0] > 0.5
    ious, errors = [], []
    for mask, true in zip(masks, grasps.visible, strict=True):
        ious.append((mask & true).sum() / (mask | true).sum())
        errors.append((mask != true).sum() / true.sum())
    assert evaluate(model, grasps) == pytest.approx((np.mean(ious), np.mean(errors)))


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_two_runs_end_in_the_same_bits(data, tmp_path, precision):
    config = dataclasses.replace(CONFIG, precision=precision, steps=3)
    assert_same(*(train(data, tmp_path / name, config) for name in "ab"))


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 4, 5])
def test_resuming_ends_in_the_same_bits(data, tmp_path, monkeypatch, stop):
    whole = train(data, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(stop, patch)
        with pytest.raises(KeyboardInterrupt):
            train(data, tmp_path / "broken")
    stop_after(CONFIG.steps - stop, monkeypatch)  # no step may be done twice
    assert_same(whole, train(data, tmp_path / "broken"))


@pytest.mark.slow
def test_a_finished_training_is_not_repeated(data, tmp_path, monkeypatch):
    first = train(data, tmp_path)
    stop_after(0, monkeypatch)
    assert_same(first, train(data, tmp_path))


def test_the_loss_is_computed_in_full_precision_on_what_the_model_makes_in_half(data, tmp_path, monkeypatch):
    real, seen = train_module.grasp_segmentation_loss, []

    def loss(logits, *rest):
        seen.append((logits.dtype, torch.is_autocast_enabled("cpu")))
        return real(logits, *rest)

    monkeypatch.setattr(train_module, "grasp_segmentation_loss", loss)
    train(data, tmp_path, dataclasses.replace(CONFIG, precision="bfloat16", steps=1))
    assert seen == [(torch.float32, False)]


@pytest.mark.slow
def test_other_settings_data_or_start_are_another_training(data, tmp_path):
    labelled, held_out = data
    darker = dataclasses.replace(labelled, before=labelled.before // 2)
    config = dataclasses.replace(CONFIG, steps=1)
    runs = [
        train(data, tmp_path, config),
        train(data, tmp_path, dataclasses.replace(config, learning_rate=1e-4)),
        train(data, tmp_path, config, None),
        train((darker, held_out), tmp_path, config),
        train((labelled, darker), tmp_path, config),
        train(data, tmp_path, config, model=start(seed=1)),
    ]
    assert len({run.folder for run in runs}) == len(runs)


@pytest.mark.slow
def test_patience_keeps_the_weights_of_the_highest_iou_and_without_it_the_last_stay(data, tmp_path, monkeypatch):
    scores, states = [0.2, 0.5, 0.4, 0.3, 0.9, 0.1], []

    def scored(model, grasps):
        states.append({key: value.clone() for key, value in model.state_dict().items()})
        return scores[len(states) - 1], 1.0

    monkeypatch.setattr(train_module, "evaluate", scored)
    config = dataclasses.replace(CONFIG, evaluate_every=1)
    done = train(data, tmp_path, dataclasses.replace(config, patience=2))
    assert done.history["step"].tolist() == [1, 2, 3, 4]
    assert all(torch.equal(value, states[1][key]) for key, value in done.model.state_dict().items())
    states.clear()
    done = train(data, tmp_path, config)
    assert len(done.history) == 6
    assert all(torch.equal(value, states[5][key]) for key, value in done.model.state_dict().items())


def test_processes_share_a_batch(data, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "fit", lambda *_, batch, **__: batch)
    batch = train(data, tmp_path, augmentation=None)
    whole = batch(Step(1, 0, 1, torch.device("cpu")))
    for part in range(2):
        for share, all_of_it in zip(batch(Step(1, part, 2, torch.device("cpu"))), whole, strict=True):
            assert torch.equal(share, all_of_it[part : part + 1])


def test_fewer_grasps_than_a_batch_are_refused_before_training(data, tmp_path):
    with pytest.raises(InputError, match="5 grasps, expected at least batch_size = 8"):
        train(data, tmp_path, dataclasses.replace(CONFIG, batch_size=8))


def test_schedules_start_rise_and_end_as_described():
    cosine = dataclasses.replace(CONFIG, schedule="cosine", steps=100, learning_rate=2.0)
    rates = [learning_rate(cosine, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.4)
    assert max(rates) == rates[4] == rates[5] == 2.0
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert 0 < rates[-1] < 0.01
    constant = dataclasses.replace(cosine, schedule="constant")
    assert {learning_rate(constant, step) for step in range(100)} == {2.0}
    assert learning_rate(dataclasses.replace(cosine, steps=1), 0) == 2.0


STEP = Step(0, 0, 1, torch.device("cpu"))


@pytest.fixture
def planned(data, tmp_path, monkeypatch):
    """Makes what a training consists of, without training: the arguments that `fit` is given."""
    monkeypatch.setattr(
        train_module, "fit", lambda model, plan, **parts: SimpleNamespace(model=model, plan=plan, **parts)
    )

    def plan(data=data, config=CONFIG, augmentation=None, model=None):
        return train(data, tmp_path, config, augmentation, model)

    return plan


@pytest.mark.slow
def test_a_training_is_named_by_every_setting_and_all_pixels_of_both_sets(planned, data):
    name, model = planned().name, start()
    changed = {f"train.{f}": planned(config=other, model=model).name for f, other in variants(CONFIG, "network")}
    changed |= {f"augment.{f}": planned(augmentation=a, model=model).name for f, a in variants(Augmentation())}
    changed["augmentation"] = planned(augmentation=Augmentation(), model=model).name
    changed["network"] = planned(model=start(fpn_channels=9)).name
    for place, part in enumerate(("labelled", "held out")):
        for field, pixels in data[place].pixels().items():
            other = dataclasses.replace(data[place], **{field: pixels[:, ::-1].copy()})
            given = (other, data[1]) if place == 0 else (data[0], other)
            changed[f"{part}.{field}"] = planned(given, model=model).name
    assert len(changed) > 20 and [field for field, other in changed.items() if other == name] == []
    twice = [field for field, other in changed.items() if list(changed.values()).count(other) > 1]
    assert twice == []


def test_labelled_grasps_are_learned_from_before_and_after_with_their_masks(planned, data):
    x, y = planned().batch(STEP)
    for image, masks in zip((255 * x).round().byte().numpy().transpose(0, 2, 3, 1), y.bool().numpy(), strict=True):
        [place] = [k for k, before in enumerate(data[0].before) if np.array_equal(before, image[..., :3])]
        np.testing.assert_array_equal(image[..., 3:], data[0].after[place])
        for mask, name in zip(masks, ("suction", "visible", "amodal"), strict=True):
            np.testing.assert_array_equal(mask, getattr(data[0], name)[place])


def test_the_network_is_given_before_after_and_suction_and_learns_both_masks(planned, monkeypatch):
    given = []
    monkeypatch.setattr(
        train_module, "grasp_segmentation_loss", lambda logits, y, normalise: given.append((y, normalise))
    )
    x, y = planned().batch(STEP)
    for normalise in (True, False):
        plan = planned(config=dataclasses.replace(CONFIG, normalise=normalise))
        plan.loss(lambda *parts: given.append(parts) or torch.zeros(1), (x, y), STEP)
    before, after, suction = given[0]
    assert torch.equal(torch.cat([before, after], 1), x) and torch.equal(suction, y[:, :1])
    assert torch.equal(given[1][0], y[:, 1:]) and [given[1][1], given[3][1]] == [True, False]


def test_each_step_process_and_seed_draws_its_own(planned):
    def drawn(step=STEP, **options):
        return planned(augmentation=Augmentation(), **options).batch(step)[0][0].numpy().tobytes()

    steps = [STEP, *(dataclasses.replace(STEP, **change) for change in ({"number": 5}, {"part": 1, "parts": 2}))]
    others = [drawn(step) for step in steps]
    others += [drawn(config=dataclasses.replace(CONFIG, seed=seed)) for seed in (1, 2)]
    assert len(set(others)) == 5 and drawn() == others[0]
    orders = {
        planned(config=dataclasses.replace(CONFIG, seed=seed)).batch(STEP)[0].numpy().tobytes() for seed in range(6)
    }
    assert len(orders) > 2


def test_what_chooses_is_the_iou_on_held_out_grasps(planned, data, monkeypatch):
    given = []
    monkeypatch.setattr(train_module, "evaluate", lambda model, grasps: given.append(grasps) or (0.5, 0.25))
    plan = planned()
    assert list(plan.evaluate(plan.model).items()) == [("held_out_miou", 0.5), ("held_out_error", 0.25)]
    assert given[0] is data[1]
    rates = [planned(config=dataclasses.replace(CONFIG, steps=100)).rate(9.0, step) for step in (0, 50, 99)]
    assert rates == [learning_rate(dataclasses.replace(CONFIG, steps=100), step) for step in (0, 50, 99)]
