"""The one training loop of the book: resumable at any moment, the same result whatever happened in between.

Everything random in step k has to be drawn from generators seeded by (seed, k), `graspbook.training.seeds`. Then a
training that is killed and resumed draws what the unbroken one would have drawn, and ends in the same weights on the
same machine. Checkpoints, and later the finished model, lie in `scratch/trainings/<name>`, where the name is a
fingerprint of everything that the result depends on: another training never takes them up, and one that is asked for
again is read, not repeated.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from graspbook.core.errors import InputError
from graspbook.core.locks import held
from graspbook.core.progress import progress
from graspbook.training.checkpoint import (
    TrainingState,
    load_checkpoint,
    load_finished,
    save_checkpoint,
    save_finished,
)

if TYPE_CHECKING:
    from accelerate import Accelerator

Model = TypeVar("Model", bound=nn.Module)
Batch = TypeVar("Batch")

CHECKPOINT_SECONDS = 60.0
"""Time between checkpoints."""


class TrainingDiverged(InputError):
    """The loss is no longer a finite number; the message says at which step."""


@dataclass(frozen=True)
class Plan:
    """How long a training goes, and what of it is kept.

    Attributes:
        steps: The number of steps to take, or at most to take where `patience` is given.
        batch_size: The number of samples per step, over all processes.
        evaluate_every: The number of steps between evaluations; the last step always ends in one. None evaluates then
            only.
        patience: The number of evaluations without a higher score after which the training stops; None takes all steps.
        keep: The weights that are the result: the last ones, or those of the highest score.
        clip: The largest norm of the gradient; None does not limit it.
        precision: The arithmetic: "float32", or "bfloat16" for automatic mixed precision, which is faster on GPUs and
            on CPUs that have instructions for it, and very slow on others.
    """

    steps: int
    batch_size: int
    evaluate_every: int | None = None
    patience: int | None = None
    keep: Literal["best", "last"] = "last"
    clip: float | None = None
    precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True)
class Step:
    """One process's share of a step.

    Attributes:
        number: The number of steps done before it, from 0.
        part: The number of the share of the batch, from 0: samples part, part + parts, part + 2 parts, ...
        parts: The number of shares.
        device: The device of the model.
    """

    number: int
    part: int
    parts: int
    device: torch.device


@dataclass(frozen=True)
class Trained(Generic[Model]):
    """What a training leaves.

    Attributes:
        model: The model with the resulting weights, on the CPU, in evaluation mode.
        history: The history, one row per step: `step` (from 1), `loss` of the batch, `lr` (the highest of the groups),
            and what was evaluated there (else NaN).
        folder: The folder in which the finished training stays, so that it is not repeated.
    """

    model: Model
    history: pd.DataFrame
    folder: Path


def fit(
    model: Model,
    plan: Plan,
    *,
    name: str,
    scratch_dir: Path,
    optimiser: Callable[[Model], Optimizer],
    rate: Callable[[float, int], float],
    batch: Callable[[Step], Batch],
    loss: Callable[[Model, Batch, Step], Tensor],
    evaluate: Callable[[Model], dict[str, float]] | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    title: str = "training",
) -> Trained[Model]:
    """Train, or go on with a training of this name that was interrupted, or read one that is over.

    On a CPU, call `torch.set_flush_denormal(True)` before torch does anything else (its threads inherit it):
    arithmetic on numbers that are nearly zero can make a step more than twice as slow.

    Runs on the CPU, on one GPU, or, under `accelerate launch`, on several: each process takes its part of a batch,
    and the first one has the files to keep. The result depends on how many there are.

    Args:
        model: The model in its initial state; it is trained in place.
        plan: The length of the training, and what of it is kept.
        name: The fingerprint of model, settings, data and code (`graspbook.core.fingerprint`).
        scratch_dir: The folder of checkpoints and finished trainings, which git ignores.
        optimiser: The function that makes the optimiser; each group's `lr` is its highest.
        rate: The function from a group's highest learning rate and the number of steps done to its learning rate.
        batch: The function that makes a process's share of a step's batch, on the step's device; it gives the same for
            the same step, whatever was asked for before. It runs in another thread, while the step before is taken.
        loss: The function that computes the loss, a scalar; it calls the model that it is given, which may be wrapped.
        evaluate: The function that computes scores on held-out data, of the model in evaluation mode; the first score
            is the one that counts, and higher is better. None evaluates nothing.
        checkpoint_seconds: The time between checkpoints in seconds; it has no influence on the result.
        title: The text in front of the progress bar.

    Returns:
        The trained model, with its history.

    Raises:
        InputError: The processes cannot share a batch evenly.
        TrainingDiverged: The loss is no longer finite.
    """
    folder = Path(scratch_dir) / "trainings" / name
    if (history := load_finished(folder, model)) is not None:
        return _at_rest(model, history, folder)
    from accelerate import Accelerator  # a second, which a finished training need not wait for

    accelerator = Accelerator()
    if plan.batch_size % accelerator.num_processes:
        raise InputError(f"batch_size: {plan.batch_size} is no multiple of {accelerator.num_processes} processes")
    # another run of the same training waits, and reads what this one ends in
    with held(folder) if accelerator.is_main_process else nullcontext():
        accelerator.wait_for_everyone()
        if (history := load_finished(folder, model)) is None:
            history = _train(
                accelerator, model, plan, folder, optimiser, rate, batch, loss, evaluate, checkpoint_seconds, title
            )
    return _at_rest(model, history, folder)


def _train(
    accelerator: Accelerator,
    model: Model,
    plan: Plan,
    folder: Path,
    optimiser: Callable[[Model], Optimizer],
    rate: Callable[[float, int], float],
    batch: Callable[[Step], Batch],
    loss: Callable[[Model, Batch, Step], Tensor],
    evaluate: Callable[[Model], dict[str, float]] | None,
    checkpoint_seconds: float,
    title: str,
) -> list[dict[str, float]]:
    """Take the steps that remain, and keep what the training ends in; returns the history. See `fit`."""
    device, part, parts = accelerator.device, accelerator.process_index, accelerator.num_processes
    model.to(device, memory_format=torch.channels_last).train()
    solver = optimiser(model)
    highest = [group["lr"] for group in solver.param_groups]
    state = load_checkpoint(folder, model, solver)
    objective = accelerator.prepare_model(_Objective(model, loss))
    saved_at = time.monotonic()
    remaining = range(state.step, plan.steps)
    if accelerator.is_main_process:
        remaining = progress(remaining, title, total=len(remaining), unit="step")
    for step, samples in _ahead(batch, (Step(number, part, parts, device) for number in remaining)):
        if _converged(state, plan):
            break
        rates = [rate(most, step.number) for most in highest]
        for group, value in zip(solver.param_groups, rates, strict=True):
            group["lr"] = value
        with torch.autocast(device.type, torch.bfloat16, enabled=plan.precision == "bfloat16"):
            value = objective(samples, step)
        mean = accelerator.reduce(value.detach(), "mean").item()
        if not math.isfinite(mean):
            raise TrainingDiverged(f"step {step.number + 1}: the loss is {mean}; try a lower learning_rate")
        solver.zero_grad(set_to_none=True)
        accelerator.backward(value)
        if plan.clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
        solver.step()
        state.step = step.number + 1
        state.history.append({"step": state.step, "loss": mean, "lr": max(rates)})
        if evaluate is not None and _is_due(state.step, plan):
            _score(state, plan, model, evaluate)
        if accelerator.is_main_process and time.monotonic() - saved_at >= checkpoint_seconds:
            save_checkpoint(folder, model, solver, state)
            saved_at = time.monotonic()
    if plan.keep == "best":
        model.load_state_dict(state.best_weights)
    if accelerator.is_main_process:
        save_finished(folder, model, state.history)
    return state.history


class _Objective(nn.Module):
    """The loss as a forward pass, which is where processes that train together meet."""

    def __init__(self, model: nn.Module, loss: Callable):
        super().__init__()
        self.model = model
        self._loss = loss

    def forward(self, batch: object, step: Step) -> Tensor:
        return self._loss(self.model, batch, step)


def _ahead(batch: Callable[[Step], Batch], steps: Iterable[Step]) -> Iterator[tuple[Step, Batch]]:
    """Each step with its batch, which is made while the step before is taken.

    A thread is enough: PyTorch, NumPy and OpenCV compute without holding the interpreter.
    """
    with ThreadPoolExecutor(1) as maker:
        waiting = None
        for step in steps:
            following = step, maker.submit(batch, step)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = following
        if waiting is not None:
            yield waiting[0], waiting[1].result()


def _is_due(done: int, plan: Plan) -> bool:
    return done == plan.steps or (plan.evaluate_every is not None and done % plan.evaluate_every == 0)


def _score(state: TrainingState, plan: Plan, model: Model, evaluate: Callable[[Model], dict[str, float]]) -> None:
    """Evaluate, and remember the best."""
    from accelerate.utils import broadcast_object_list

    model.eval()
    # the first process decides: a tie broken differently would let others wait for it forever
    scores = broadcast_object_list([evaluate(model)])[0]
    model.train()
    state.history[-1] |= scores
    score = next(iter(scores.values()))
    state.stale += 1
    if state.best is None or score > state.best:
        state.best, state.stale = score, 0
        if plan.keep == "best":
            state.best_weights = {key: value.detach().clone() for key, value in model.state_dict().items()}


def _converged(state: TrainingState, plan: Plan) -> bool:
    return plan.patience is not None and state.stale >= plan.patience


def _at_rest(model: Model, history: list[dict[str, float]], folder: Path) -> Trained[Model]:
    model.to("cpu", memory_format=torch.contiguous_format).eval()
    return Trained(model, pd.DataFrame(history), folder)
