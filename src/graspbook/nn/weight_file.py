"""Models on disk: one safetensors file with the weights and what is needed to build the model again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from graspbook.core.atomic import new_file
from graspbook.core.errors import InputError

Model = TypeVar("Model", bound=nn.Module)


def save_weights(model: nn.Module, path: Path, form: str, about: dict, half_vectors: bool = False) -> None:
    """Write weights and configuration to one safetensors file, whole or not at all.

    Matrices and filters are stored in half precision. Vectors (offsets, batch normalisation) are not: they are
    few, and a running variance can leave the range of half precision.

    Args:
        model: The model to save.
        path: The safetensors file to write.
        form: The name of the metadata entry that holds `about`, which tells one kind of model from another.
        about: The configuration that builds the model again, as JSON can hold it.
        half_vectors: Whether vectors are stored in half precision, too.

    Raises:
        InputError: The file cannot be written.
    """
    state = {
        key: (value.half() if value.is_floating_point() and (value.ndim > 1 or half_vectors) else value)
        for key, value in model.state_dict().items()
    }
    state = {key: value.detach().cpu().contiguous() for key, value in state.items()}
    # one entry only: safetensors writes several in an order that changes from run to run
    metadata = {form: json.dumps(about, sort_keys=True)}
    with new_file(path) as partial:
        try:
            save_file(state, partial, metadata)
        except SafetensorError as error:
            raise InputError(f"{path}: cannot be written: {error}") from error


def load_weights(path: Path, form: str, kind: str, build: Callable[[dict], Model]) -> Model:
    """Read a model that `save_weights` wrote; on the CPU, float32, in evaluation mode.

    Args:
        path: The file that `save_weights` wrote.
        form: The name of the metadata entry; see `save_weights`.
        kind: The kind of model that the file should hold, for error messages, such as "a grasp segmentation model".
        build: The function that makes a model of `about`; its random weights are overwritten at once.

    Raises:
        InputError: The file is missing or holds no such model, or weights that are no finite numbers.
    """
    if not path.is_file():
        raise InputError(f"{path}: missing; expected {kind} (.safetensors)")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a safetensors file: {error}") from error
    if form not in metadata:
        raise InputError(f"{path}: its metadata have no field {form!r}; not {kind}")
    try:
        with torch.random.fork_rng(devices=[]):
            model = build(json.loads(metadata[form]))
        model.load_state_dict(state)
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError, ArithmeticError, MemoryError) as error:
        raise InputError(f"{path}: configuration and weights do not make a model: {error}") from error
    check_finite(model, str(path))
    return model.eval()


def check_finite(model: nn.Module, where: str = "model") -> None:
    """Refuse a model whose weights say nothing.

    Args:
        model: The model.
        where: The model's place, with which the error message begins.

    Raises:
        InputError: A weight is infinite or not a number.
    """
    for name, value in model.state_dict().items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise InputError(f"{where}: the weights {name!r} are not finite numbers; expected a trained model")
