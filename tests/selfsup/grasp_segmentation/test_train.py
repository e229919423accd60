import dataclasses
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch

from graspbook.errors import InputError
from graspbook.selfsup.grasp_segmentation import train as train_module
from graspbook.selfsup.grasp_segmentation.model import (
    GraspSegmenterConfig,
    build_grasp_segmenter,
    predict_grasps,
)
from graspbook.selfsup.grasp_segmentation.train import (
    TrainConfig,
    evaluate,
    learning_rate,
    train_grasp_segmenter,
)
from graspbook.training.checkpoint import TrainingDiverged

TINY = GraspSegmenterConfig(fpn_channels=8, first_layer="random", freeze_norm=False)
CONFIG = TrainConfig(steps=6, batch_size=2, evaluate_every=3)


def start(seed=0):
    return build_grasp_segmenter(TINY, None, seed)


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


def test_loss_falls_and_an_overfitted_model_finds_the_object(toy_grasps, tmp_path):
    grasps = toy_grasps(4, 32)
    config = TrainConfig(steps=60, batch_size=4, evaluate_every=60, augment=False, learning_rate=3e-3)
    done = train_grasp_segmenter(
        build_grasp_segmenter(dataclasses.replace(TINY, fpn_channels=32), None, 0),
        config, grasps, grasps, tmp_path,
    )  # fmt: skip
    assert done.history["loss"].iloc[-5:].mean() < 0.5 * done.history["loss"].iloc[0]


def test_history_has_one_row_per_step_and_evaluations_where_asked(data, tmp_path):
    history = train_grasp_segmenter(start(), dataclasses.replace(CONFIG, steps=5), *data, tmp_path).history
    assert list(history.columns) == ["step", "loss", "lr", "held_out_miou", "held_out_error"]
    assert history["step"].tolist() == [1, 2, 3, 4, 5]
    assert history["held_out_miou"].notna().tolist() == [False, False, True, False, True]
    assert np.isfinite(history["loss"]).all()


def test_evaluation_agrees_with_the_predictions(data):
    model = start().eval()
    grasps = data[1]
    masks = predict_grasps(model, grasps.before, grasps.after, grasps.suction)[:, 0] > 0.5
    ious, errors = [], []
    for mask, true in zip(masks, grasps.visible, strict=True):
        ious.append((mask & true).sum() / (mask | true).sum())
        errors.append((mask != true).sum() / true.sum())
    assert evaluate(model, grasps) == pytest.approx((np.mean(ious), np.mean(errors)))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_two_runs_end_in_the_same_bits(data, tmp_path, precision):
    config = dataclasses.replace(CONFIG, precision=precision, steps=3)
    assert_same(*(train_grasp_segmenter(start(), config, *data, tmp_path / name) for name in "ab"))


@pytest.mark.parametrize("stop", [1, 4, 5])
def test_resuming_after_an_exception_ends_in_the_same_bits(data, tmp_path, monkeypatch, stop):
    whole = train_grasp_segmenter(start(), CONFIG, *data, tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(stop, patch)
        with pytest.raises(KeyboardInterrupt):
            train_grasp_segmenter(start(), CONFIG, *data, tmp_path / "broken", checkpoint_seconds=0)
    stop_after(CONFIG.steps - stop, monkeypatch)  # no step may be done twice
    assert_same(whole, train_grasp_segmenter(start(), CONFIG, *data, tmp_path / "broken"))


SET_UP = """
import sys, time
from pathlib import Path
import numpy as np
from graspbook.selfsup import train as train_module
from graspbook.selfsup.grasp_segmentation.arrays import GraspArrays
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenterConfig, build_grasp_segmenter
labelled, held_out = (GraspArrays(**np.load(file)) for file in sys.argv[1:3])
config = train_module.TrainConfig(steps=6, batch_size=2, evaluate_every=3)
model = build_grasp_segmenter(GraspSegmenterConfig(fpn_channels=8, first_layer="random", freeze_norm=False), None, 0)
"""
SLOW = """
real = train_module.grasp_segmentation_loss
def slow(*args):
    time.sleep(0.3)
    return real(*args)
train_module.grasp_segmentation_loss = slow
"""
TRAIN = """
done = train_module.train_grasp_segmenter(model, config, labelled, held_out, Path(sys.argv[3]), checkpoint_seconds=0)
"""
WRITE = """
from accelerate import PartialState
done.history.to_csv(f"{sys.argv[3]}/{PartialState().process_index}_of_{PartialState().num_processes}.csv")
"""


def stored(data, folder):
    files = [folder / "labelled.npz", folder / "held_out.npz"]
    for file, grasps in zip(files, data, strict=True):
        np.savez(file, **dataclasses.asdict(grasps))
    return list(map(str, files))


def test_resuming_after_kill_9_ends_in_the_same_bits(data, tmp_path):
    scratch, code = tmp_path / "broken", SET_UP + SLOW + TRAIN
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *stored(data, tmp_path), str(scratch)], env=os.environ | threads
    )
    while not list(scratch.glob("*/step-*")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert_same(
        train_grasp_segmenter(start(), CONFIG, *data, tmp_path / "whole"),
        train_grasp_segmenter(start(), CONFIG, *data, scratch),
    )


def test_two_processes_share_each_batch_and_agree(data, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SET_UP + TRAIN + WRITE)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    settings = {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    arguments = [str(script), *stored(data, tmp_path), str(tmp_path)]
    subprocess.run([*launcher, *arguments], env=os.environ | settings, check=True, timeout=300)
    first, second = (pd.read_csv(tmp_path / f"{rank}_of_2.csv") for rank in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert len(list(tmp_path.glob("*/step-*"))) == 1


def test_a_half_written_checkpoint_is_ignored_and_removed(data, tmp_path, monkeypatch):
    whole = train_grasp_segmenter(start(), CONFIG, *data, tmp_path)
    half = whole.checkpoints / ".writing-1"
    half.mkdir()
    (half / "weights.safetensors").write_bytes(b"cut")
    for path in whole.checkpoints.glob("step-*"):
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
    assert_same(whole, train_grasp_segmenter(start(), CONFIG, *data, tmp_path))
    assert [path.name for path in whole.checkpoints.iterdir()] == ["step-0000006"]


def test_a_finished_training_is_not_repeated_until_its_checkpoints_are_discarded(data, tmp_path, monkeypatch):
    first = train_grasp_segmenter(start(), CONFIG, *data, tmp_path)
    stop_after(0, monkeypatch)
    assert_same(first, train_grasp_segmenter(start(), CONFIG, *data, tmp_path))
    first.discard_checkpoints()
    with pytest.raises(KeyboardInterrupt):
        train_grasp_segmenter(start(), CONFIG, *data, tmp_path)


def test_other_settings_data_or_start_never_resume_this_training(data, tmp_path):
    labelled, held_out = data
    darker = dataclasses.replace(labelled, before=labelled.before // 2)
    config = dataclasses.replace(CONFIG, steps=1)
    runs = [
        train_grasp_segmenter(start(), config, labelled, held_out, tmp_path),
        train_grasp_segmenter(start(), dataclasses.replace(config, learning_rate=1e-4), labelled, held_out, tmp_path),
        train_grasp_segmenter(start(), config, darker, held_out, tmp_path),
        train_grasp_segmenter(start(seed=1), config, labelled, held_out, tmp_path),
    ]
    assert len({run.checkpoints for run in runs}) == 4


def test_checkpoints_hold_no_pickle(data, tmp_path):
    done = train_grasp_segmenter(start(), CONFIG, *data, tmp_path)
    suffixes = {file.suffix for file in done.checkpoints.rglob("*") if file.is_file()}
    assert suffixes == {".safetensors", ".json"}


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_divergence_stops_with_the_step(data, tmp_path, monkeypatch, bad):
    real = train_module.grasp_segmentation_loss
    monkeypatch.setattr(train_module, "grasp_segmentation_loss", lambda *args: real(*args) * bad)
    with pytest.raises(TrainingDiverged, match="step 1: the loss is"):
        train_grasp_segmenter(start(), CONFIG, *data, tmp_path)


def test_patience_stops_early_and_gives_back_the_best_weights(data, tmp_path, monkeypatch):
    scores = iter([0.2, 0.5, 0.4, 0.3, 0.9])
    states = []

    def scored(model, grasps):
        states.append({key: value.clone() for key, value in model.state_dict().items()})
        return next(scores), 1.0

    monkeypatch.setattr(train_module, "evaluate", scored)
    config = dataclasses.replace(CONFIG, evaluate_every=1, patience=2)
    done = train_grasp_segmenter(start(), config, *data, tmp_path)
    assert done.history["step"].tolist() == [1, 2, 3, 4]
    assert all(torch.equal(value, states[1][key]) for key, value in done.model.state_dict().items())
    resumed = train_grasp_segmenter(start(), config, *data, tmp_path)
    assert_same(done, resumed)


def test_fewer_grasps_than_a_batch_are_refused_before_training(data, tmp_path):
    with pytest.raises(InputError, match="5 grasps, expected at least batch_size = 8"):
        train_grasp_segmenter(start(), TrainConfig(batch_size=8), *data, tmp_path)


def test_schedules_start_rise_and_end_as_described():
    cosine = TrainConfig(steps=100, learning_rate=2.0)
    rates = [learning_rate(cosine, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.4)
    assert max(rates) == rates[4] == rates[5] == 2.0
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert 0 < rates[-1] < 0.01
    constant = dataclasses.replace(cosine, schedule="constant")
    assert {learning_rate(constant, step) for step in range(100)} == {2.0}
    assert learning_rate(TrainConfig(steps=1, learning_rate=2.0), 0) == 2.0
