import dataclasses
import math
import os
import signal
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest
import torch
from torch import nn

from graspbook.core.errors import InputError  # noqa: F401  used by a script below
from graspbook.training.checkpoint import load_checkpoint
from graspbook.training.fit import Plan, TrainingDiverged, fit
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices, generator

PLAN = Plan(steps=6, batch_size=4, evaluate_every=3)
DATA = torch.randn(12, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def start(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 1, 3))


def batch(step):
    chosen = batch_indices(len(DATA), 4, step.number, 0)[step.part :: step.parts]
    noise = torch.randn(len(chosen), 3, 8, 8, generator=generator(1, step.number, step.part))
    return DATA[chosen] + 0.1 * noise


def loss(model, images, step):
    return (model(images) - images.mean((1, 2, 3), keepdim=True)).square().mean()


def error(model):
    return -float(loss(model, DATA, None).detach())


def train(tmp_path, plan=PLAN, model=None, **changes):
    settings = {
        "name": "a",
        "scratch_dir": tmp_path,
        "optimiser": lambda model: torch.optim.AdamW(model.parameters(), 0.01, fused=True),
        "rate": lambda highest, step: cosine_rate(highest, step, plan.steps, 0.1),
        "batch": batch,
        "loss": loss,
        "evaluate": lambda model: {"score": error(model), "other": 1.0},
        "checkpoint_seconds": 0,
    }
    return fit(model or start(), plan, **(settings | changes))


def assert_same(one, other):
    weights, others = one.model.state_dict(), other.model.state_dict()
    assert all(torch.equal(weights[key], others[key]) for key in weights)
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)


def stopping(steps):
    """A loss that ends the training in the step after `steps` others."""
    calls = []

    def stop(*arguments):
        calls.append(1)
        if len(calls) > steps:
            raise KeyboardInterrupt
        return loss(*arguments)

    return stop


def test_it_does_what_a_plain_loop_does(tmp_path):
    model = start().to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    losses = []
    for number in range(6):
        optimiser.param_groups[0]["lr"] = 0.1 / (1 + number)
        images = DATA[batch_indices(12, 4, number, 0)]
        images = images + 0.1 * torch.randn(4, 3, 8, 8, generator=generator(1, number, 0))
        value = (model(images) - images.mean((1, 2, 3), keepdim=True)).square().mean()
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.05)
        optimiser.step()
        losses.append(value.item())
    done = train(
        tmp_path,
        dataclasses.replace(PLAN, clip=0.05),
        optimiser=lambda model: torch.optim.SGD(model.parameters(), 0.1),
        rate=lambda highest, step: highest / (1 + step),
    )
    assert done.history["loss"].tolist() == losses
    assert done.history["lr"].tolist() == [0.1 / (1 + number) for number in range(6)]
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in done.model.state_dict().items())
    assert not done.model.training and done.model[0].weight.is_contiguous()


def test_the_history_has_a_row_per_step_and_scores_where_they_were_asked_for(tmp_path):
    history = train(tmp_path, dataclasses.replace(PLAN, steps=5)).history
    assert list(history.columns) == ["step", "loss", "lr", "score", "other"]
    assert history["step"].tolist() == [1, 2, 3, 4, 5]
    assert history["score"].notna().tolist() == [False, False, True, False, True]
    assert list(train(tmp_path, name="b", evaluate=None).history.columns) == ["step", "loss", "lr"]


def test_each_group_has_its_own_rate_and_the_highest_is_noted(tmp_path):
    seen = []

    def two_groups(model):
        groups = [{"params": model[0].parameters(), "lr": 0.01}, {"params": model[3].parameters()}]
        optimiser = torch.optim.SGD(groups, 0.1)
        optimiser.register_step_pre_hook(lambda *_: seen.append([group["lr"] for group in optimiser.param_groups]))
        return optimiser

    history = train(tmp_path, optimiser=two_groups, rate=lambda highest, step: highest * (step + 1)).history
    assert seen == [[0.01 * step, 0.1 * step] for step in range(1, 7)]
    assert history["lr"].tolist() == [0.1 * step for step in range(1, 7)]


@pytest.mark.parametrize("stop", [1, 3, 5])
@pytest.mark.parametrize("keep", ["best", "last"])
def test_resuming_after_an_exception_ends_in_the_same_bits(tmp_path, stop, keep):
    plan = dataclasses.replace(PLAN, keep=keep)
    whole = train(tmp_path / "whole", plan)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "broken", plan, loss=stopping(stop))
    resumed = train(tmp_path / "broken", plan, loss=stopping(6 - stop))  # no step is done twice
    assert_same(whole, resumed)


KILLED = """
import sys, time, torch
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_fit
def slow(*arguments):
    time.sleep(0.2)
    return test_fit.loss(*arguments)
test_fit.train(Path(sys.argv[2]), loss=slow)
"""


@pytest.mark.slow
def test_resuming_after_kill_9_ends_in_the_same_bits(tmp_path):
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    arguments = [os.path.dirname(__file__), str(tmp_path / "broken")]
    process = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], env=os.environ | threads)
    until = time.monotonic() + 120
    while not list(tmp_path.glob("broken/trainings/a/step-*")) and time.monotonic() < until and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    (left,) = (tmp_path / "broken/trainings/a").glob("step-*")
    assert not (left.parent / "finished").exists()
    assert_same(train(tmp_path / "whole"), train(tmp_path / "broken"))


SHARED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_fit
from accelerate import PartialState
done = test_fit.train(Path(sys.argv[2]))
done.history.to_csv(f"{sys.argv[2]}/{PartialState().process_index}_of_{PartialState().num_processes}.csv")
try:
    test_fit.train(Path(sys.argv[2]), test_fit.dataclasses.replace(test_fit.PLAN, batch_size=3), name="odd")
except test_fit.InputError as error:
    Path(f"{sys.argv[2]}/{PartialState().process_index}.txt").write_text(str(error))
"""


@pytest.mark.slow
def test_two_processes_share_each_batch_and_agree(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SHARED)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    settings = {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    arguments = [str(script), os.path.dirname(__file__), str(tmp_path)]
    subprocess.run([*launcher, *arguments], env=os.environ | settings, check=True, timeout=300)
    first, second = (pd.read_csv(tmp_path / f"{rank}_of_2.csv") for rank in range(2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert [path.name for path in (tmp_path / "trainings/a").iterdir()] == ["finished"]
    expected = "batch_size: 3 is no multiple of 2 processes"
    assert [(tmp_path / f"{rank}.txt").read_text() for rank in range(2)] == [expected] * 2


def test_a_finished_training_is_read_and_not_repeated(tmp_path):
    first = train(tmp_path)
    assert [path.name for path in first.folder.iterdir()] == ["finished"]
    again = train(tmp_path, model=start(seed=5), loss=stopping(0), batch=stopping(0), evaluate=stopping(0))
    assert_same(first, again)
    assert not again.model.training and again.folder == first.folder == tmp_path / "trainings/a"
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, name="b", loss=stopping(0))


def test_what_is_half_written_counts_neither_as_a_checkpoint_nor_as_the_end(tmp_path):
    whole = train(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, loss=stopping(3))
    folder = tmp_path / "trainings/a"
    for name in (".step-0000005.partial", ".finished.partial"):
        (folder / name).mkdir()
        (folder / name / "weights.safetensors").write_bytes(b"cut")
    assert_same(whole, train(tmp_path))
    assert [path.name for path in folder.iterdir()] == ["finished"]


def test_only_the_newest_checkpoint_stays_and_nothing_is_a_pickle(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, dataclasses.replace(PLAN, keep="best"), loss=stopping(4))
    assert [path.name for path in (tmp_path / "trainings/a").iterdir()] == ["step-0000004"]
    train(tmp_path, name="b")
    suffixes = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert suffixes == {".safetensors", ".json"}


def test_the_next_batch_is_made_while_a_step_is_taken_and_none_after_the_last(tmp_path):
    made, begun = [], threading.Event()

    def supplied(step):
        made.append(step.number)
        if step.number == 1:
            begun.set()
        return batch(step)

    def waiting(model, images, step):
        assert step.number > 0 or begun.wait(60)
        assert made[-1] <= step.number + 1
        return loss(model, images, step)

    train(tmp_path, batch=supplied, loss=waiting)
    assert made == list(range(6))


def test_no_checkpoint_is_written_before_it_is_due(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, loss=stopping(4), checkpoint_seconds=1000)
    assert not any((tmp_path / "trainings/a").iterdir())


def test_a_checkpoint_keeps_the_memory_layout_of_what_an_optimiser_remembers(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, loss=stopping(4))
    model = start().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), 0.01, fused=True)
    state = load_checkpoint(tmp_path / "trainings/a", model, optimiser)
    assert state.step == len(state.history) == 4 and state.stale == 0
    moment = optimiser.state[model[0].weight]["exp_avg"]
    assert moment.stride() == model[0].weight.stride() and moment.abs().sum() > 0


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_divergence_stops_with_the_step(tmp_path, bad):
    def diverging(model, images, step):
        return loss(model, images, step) * (bad if step.number == 2 else 1)

    with pytest.raises(TrainingDiverged, match=f"step 3: the loss is {bad}"):
        train(tmp_path, loss=diverging)


@pytest.mark.parametrize("resumed", [False, True])
def test_patience_stops_early_and_the_best_weights_are_the_result(tmp_path, resumed):
    seen = []

    def scored(model):
        seen.append({key: value.clone() for key, value in model.state_dict().items()})
        return {"score": [0.2, 0.5, 0.5, 0.3, 0.9][len(seen) - 1], "other": float(len(seen))}

    plan = dataclasses.replace(PLAN, evaluate_every=1, patience=2, keep="best")
    if resumed:
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, plan, evaluate=scored, loss=stopping(3))
    done = train(tmp_path, plan, evaluate=scored)
    assert done.history["score"].tolist() == [0.2, 0.5, 0.5, 0.3]
    assert all(torch.equal(value, seen[1][key]) for key, value in done.model.state_dict().items())


def test_without_patience_the_last_weights_are_the_result_where_asked_for(tmp_path):
    last = []
    scores = iter([0.9, 0.1])

    def scored(model):
        last[:] = [{key: value.clone() for key, value in model.state_dict().items()}]
        return {"score": next(scores)}

    done = train(tmp_path, evaluate=scored)
    assert all(torch.equal(value, last[0][key]) for key, value in done.model.state_dict().items())


def test_mixed_precision_reaches_the_model_and_not_the_batches(tmp_path):
    types = []

    def mixed(model, images, step):
        types.append((images.dtype, model[0](images).dtype, torch.is_autocast_enabled("cpu")))
        return loss(model, images, step)

    def supplied(step):
        assert not torch.is_autocast_enabled("cpu")
        return batch(step)

    plan = dataclasses.replace(PLAN, precision="bfloat16", steps=1)
    train(tmp_path, plan, loss=mixed, batch=supplied)
    assert types == [(torch.float32, torch.bfloat16, True)]
    train(tmp_path, dataclasses.replace(PLAN, steps=1), loss=mixed, name="b")
    assert types[1] == (torch.float32, torch.float32, False)


def test_the_same_training_started_twice_is_done_once_and_read_by_the_other(tmp_path):
    """The second waits while the first is in its third step, and takes none."""
    halfway, go_on, done = threading.Event(), threading.Event(), {}

    def slow(model, images, step):
        if step.number == 2:
            halfway.set()
            go_on.wait(60)
        return loss(model, images, step)

    def never(*_):
        raise AssertionError("both train")

    first = threading.Thread(target=lambda: done.update(first=train(tmp_path, loss=slow)))
    second = threading.Thread(target=lambda: done.update(second=train(tmp_path, model=start(1), loss=never)))
    first.start()
    assert halfway.wait(60)
    second.start()
    second.join(0.5)
    assert second.is_alive()
    go_on.set()
    first.join(60), second.join(60)
    assert_same(done["first"], done["second"])
