"""Checkpoints of a training, and its end: folders that appear whole or not at all, and hold no pickle.

Below a training's own folder lies either the newest checkpoint, `step-0000600`, or, once it is over, `finished`.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from graspbook.core.atomic import scratch_folder

History = list[dict[str, float]]
"""One row per step done: its number, what was measured."""

_STEP, _FINISHED = "step-", "finished"
_WEIGHTS, _OPTIMISER, _BEST = "weights.safetensors", "optimiser.safetensors", "best.safetensors"
_RECORD = "record.json"


@dataclass
class TrainingState:
    """How far a training is, apart from the weights.

    Attributes:
        step: The number of steps done.
        history: The history, one row per step done.
        best: The highest score on held-out data so far, or None before the first evaluation.
        stale: The number of evaluations since then.
        best_weights: The weights at that evaluation, by their names; empty where they are not asked for.
    """

    step: int = 0
    history: History = field(default_factory=list)
    best: float | None = None
    stale: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)


def save_checkpoint(folder: Path, model: nn.Module, optimiser: Optimizer, state: TrainingState) -> None:
    """Write everything needed to go on after `state.step`, then remove older checkpoints in `folder`.

    Args:
        folder: The folder of the training.
        model: The model.
        optimiser: The optimiser.
        state: The state of the training.
    """
    target = folder / f"{_STEP}{state.step:07d}"
    with scratch_folder(target) as partial:
        save_file(_stored(model.state_dict()), partial / _WEIGHTS)
        save_file(_stored(_flatten(optimiser)), partial / _OPTIMISER)
        save_file(_stored(state.best_weights), partial / _BEST)
        record = {name: getattr(state, name) for name in ("step", "history", "best", "stale")}
        (partial / _RECORD).write_text(json.dumps(record), encoding="utf-8")
    _remove_all_but(target)


def load_checkpoint(folder: Path, model: nn.Module, optimiser: Optimizer) -> TrainingState:
    """Bring model and optimiser to the newest checkpoint in `folder`; if there is none, leave them alone.

    Args:
        folder: The folder of the training.
        model: The model, changed in place.
        optimiser: The optimiser, changed in place.

    Returns:
        The state of the training; that of a training without steps where there is no checkpoint.
    """
    whole = sorted(folder.glob(f"{_STEP}*"))
    if not whole:
        return TrainingState()
    newest = whole[-1]
    model.load_state_dict(load_file(newest / _WEIGHTS))
    _unflatten(optimiser, load_file(newest / _OPTIMISER))
    record = json.loads((newest / _RECORD).read_text(encoding="utf-8"))
    return TrainingState(**record, best_weights=load_file(newest / _BEST))


def save_finished(folder: Path, model: nn.Module, history: History) -> None:
    """Write what a training ended in, then remove its checkpoints.

    Args:
        folder: The folder of the training.
        model: The model with the resulting weights.
        history: The history, one row per step.
    """
    target = folder / _FINISHED
    with scratch_folder(target) as partial:
        save_file(_stored(model.state_dict()), partial / _WEIGHTS)
        (partial / _RECORD).write_text(json.dumps(history), encoding="utf-8")
    _remove_all_but(target)


def load_finished(folder: Path, model: nn.Module) -> History | None:
    """Give a model the weights that a training ended in, and return its history; None if it is not over.

    Args:
        folder: The folder of the training.
        model: The model, changed in place.
    """
    finished = folder / _FINISHED
    if not finished.is_dir():
        return None
    model.load_state_dict(load_file(finished / _WEIGHTS))
    return json.loads((finished / _RECORD).read_text(encoding="utf-8"))


def _remove_all_but(target: Path) -> None:
    """Remove what else lies beside a folder, also what killed runs left half-written."""
    for other in target.parent.iterdir():
        if other != target:
            shutil.rmtree(other, ignore_errors=True)


def _stored(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.detach().cpu().contiguous() for key, value in state.items()}


def _places(optimiser: Optimizer) -> list[tuple[nn.Parameter, dict]]:
    """The parameters in the optimiser's order, each with its group."""
    return [(parameter, group) for group in optimiser.param_groups for parameter in group["params"]]


def _flatten(optimiser: Optimizer) -> dict[str, Tensor]:
    """Adam's moments and counters as "3.exp_avg", by the parameter's place in the optimiser."""
    return {
        f"{place}.{name}": value
        for place, (parameter, _) in enumerate(_places(optimiser))
        for name, value in optimiser.state.get(parameter, {}).items()
    }


def _unflatten(optimiser: Optimizer, state: dict[str, Tensor]) -> None:
    places = _places(optimiser)
    for key, value in state.items():
        place, name = key.split(".")
        parameter, group = places[int(place)]
        if value.shape == parameter.shape:
            # the memory layout of the parameter, as an unbroken run has it: bits may hang on it
            value = torch.empty_like(parameter).copy_(value)
        elif group.get("fused"):  # then counters are where the parameters are
            value = value.to(parameter.device)
        optimiser.state[parameter][name] = value
