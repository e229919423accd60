"""Checkpoints that survive `kill -9`: a folder appears whole or not at all, and holds no pickle."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

Model = TypeVar("Model", bound=nn.Module)
_DONE = "step-"  # folders of this prefix are whole


@dataclass
class Progress:
    """How far a training is, apart from the weights.

    Attributes:
        step: Steps done.
        history: One row per step done.
        best: Highest held-out mIoU so far, or None before the first evaluation.
        stale: Evaluations since then.
        best_weights: Weights at that evaluation; empty where they are not asked for.
    """

    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: float | None = None
    stale: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)


class TrainingDiverged(RuntimeError):
    """The loss is no longer a finite number; the message says at which step."""


@dataclass(frozen=True)
class Trained(Generic[Model]):
    """What a training leaves.

    Attributes:
        model: With the resulting weights, on the CPU, in evaluation mode.
        history: One row per step: `step` (from 1), `loss` of the batch, `lr`, and what was evaluated there.
        checkpoints: Folder of the last checkpoint.
    """

    model: Model
    history: pd.DataFrame
    checkpoints: Path

    def discard_checkpoints(self) -> None:
        """Remove the scratch folder; call it once the weights are saved where they belong."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)


def save_checkpoint(folder: Path, model: nn.Module, optimiser: Optimizer, progress: Progress) -> None:
    """Write everything needed to go on after `progress.step`, then remove older checkpoints in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".writing-{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    save_file(_contiguous(model.state_dict()), temporary / "weights.safetensors")
    save_file(_contiguous(_flatten(optimiser)), temporary / "optimiser.safetensors")
    save_file(_contiguous(progress.best_weights), temporary / "best.safetensors")
    record = {name: getattr(progress, name) for name in ("step", "history", "best", "stale")}
    (temporary / "progress.json").write_text(json.dumps(record), encoding="utf-8")
    target = folder / f"{_DONE}{progress.step:07d}"
    shutil.rmtree(target, ignore_errors=True)
    os.replace(temporary, target)
    for other in folder.iterdir():  # also what killed runs left half-written
        if other != target:
            shutil.rmtree(other, ignore_errors=True)


def load_checkpoint(folder: Path, model: nn.Module, optimiser: Optimizer) -> Progress:
    """Bring model and optimiser to the newest checkpoint in `folder`; if there is none, leave them alone."""
    whole = sorted(folder.glob(f"{_DONE}*"))
    if not whole:
        return Progress()
    newest = whole[-1]
    model.load_state_dict(load_file(newest / "weights.safetensors"))
    _unflatten(optimiser, load_file(newest / "optimiser.safetensors"))
    record = json.loads((newest / "progress.json").read_text(encoding="utf-8"))
    return Progress(**record, best_weights=load_file(newest / "best.safetensors"))


def digest(settings: Any, tensors: dict[str, Tensor], files: list[Path]) -> str:
    """Hexadecimal name of a training: changes whenever its settings, its data or start, or its code do."""
    sha = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name, tensor in tensors.items():
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    for path in files:
        sha.update(path.read_bytes())
    return sha.hexdigest()[:16]


def _contiguous(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.detach().cpu().contiguous() for key, value in state.items()}


def _parameters(optimiser: Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _flatten(optimiser: Optimizer) -> dict[str, Tensor]:
    """Adam's moments and counters as "3.exp_avg", by the parameter's place in the optimiser."""
    return {
        f"{place}.{name}": value
        for place, parameter in enumerate(_parameters(optimiser))
        for name, value in optimiser.state.get(parameter, {}).items()
    }


def _unflatten(optimiser: Optimizer, state: dict[str, Tensor]) -> None:
    parameters = _parameters(optimiser)
    for key, value in state.items():
        place, name = key.split(".")
        parameter = parameters[int(place)]
        if value.shape == parameter.shape:
            # the memory layout of the parameter, as an unbroken run has it: bits may hang on it
            value = torch.empty_like(parameter).copy_(value)
        optimiser.state[parameter][name] = value
