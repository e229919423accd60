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
        steps: Steps to take, or at most to take where `patience` is given.
        batch_size: Samples per step, over all processes.
        evaluate_every: Steps between evaluations; the last step always ends in one.
        patience: The training stops after as many evaluations without a higher score; None: it takes all steps.
        keep: Which weights are the result: the last ones, or those of the highest score.
        clip: Largest norm of the gradient, or None.
        precision: "float32", or "bfloat16" for automatic mixed precision: faster on GPUs and on CPUs that have
            instructions for it, very slow on others.
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
        number: Steps done before it, from 0.
        part: Which share of the batch: samples part, part + parts, part + 2 parts, ...
        parts: Shares that there are.
        device: Where the model is.
    """

    number: int
    part: int
    parts: int
    device: torch.device


@dataclass(frozen=True)
class Trained(Generic[Model]):
    """What a training leaves.

    Attributes:
        model: With the resulting weights, on the CPU, in evaluation mode.
        history: One row per step: `step` (from 1), `loss` of the batch, `lr` (the highest of the groups), and what
            was evaluated there (else NaN).
        folder: Where it stays, so that it is not repeated.
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
        model: In its initial state; it is trained in place.
        plan: How long, and what is kept.
        name: Fingerprint of model, settings, data and code (`graspbook.core.fingerprint`).
        scratch_dir: Ignored folder.
        optimiser: Makes the optimiser; each group's `lr` is its highest.
        rate: Learning rate of a group, from its highest and the steps done.
        batch: A process's share of a step's batch, on the step's device; the same for the same step, whatever was asked
            for before. It is made in another thread, while the step before is taken.
        loss: A scalar; calls the model it is given, which may be wrapped.
        evaluate: Scores on held-out data, of the model in evaluation mode; the first is the one that counts, and
            higher is better.
        checkpoint_seconds: Time between checkpoints; it has no influence on the result.
        title: What a progress bar says.

    Raises:
        InputError: The processes cannot share a batch evenly.
        TrainingDiverged: The loss stops being finite.
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
