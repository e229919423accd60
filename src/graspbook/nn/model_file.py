"""Trained models on disk: one safetensors file with the weights, what builds the network again, and how it is used."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from torch import nn

from graspbook.core.errors import InputError
from graspbook.nn.weight_file import load_weights, save_weights

Network = TypeVar("Network", bound=nn.Module)
Row = TypeVar("Row")
Inference = TypeVar("Inference")


@dataclass(frozen=True, eq=False)
class Model(Generic[Network, Row, Inference]):
    """A trained network, what it was trained for, and how it is used.

    Attributes:
        network: Network in evaluation mode.
        row: Row of the paper's tables that it was trained for; None where the file names none.
        inference: What it was trained with and what its use needs, such as the height of its images; None: the file
            does not say.
    """

    network: Network
    row: Row
    inference: Inference | None = None

    @property
    def settings(self) -> Inference:
        """How the network is used.

        Raises:
            InputError: The model does not say.
        """
        if self.inference is None:
            raise InputError("model: its file does not say how it is used; read it with graspbook.load, which knows")
        return self.inference


@dataclass(frozen=True)
class ModelFiles(Generic[Network, Row, Inference]):
    """The files of one kind of network.

    Attributes:
        form: Name of the metadata entry, which tells one kind of network from another.
        kind: Kind of network, for error messages, such as "a descriptor network".
        parts: Types of the configurations that build the network, by their names in the file; "row" is its row.
        build: Function that makes the network from these configurations, its keyword arguments.
        inference: Type of the settings that its use needs.
    """

    form: str
    kind: str
    parts: Mapping[str, Any]
    build: Callable[..., Network]
    inference: type[Inference]

    def save(self, path: Path, network: Network, inference: Inference | None, /, **parts: Any) -> None:
        """Write a network; matrices and filters in half precision.

        Args:
            path: File to write, .safetensors.
            network: Trained network.
            inference: What it was trained with and what its use needs; None: left out.
            parts: Configurations that build the network again.

        Raises:
            InputError: The file cannot be written.
        """
        given = parts if inference is None else parts | {"inference": inference}
        save_weights(network, path, self.form, {name: _plain(part) for name, part in given.items()})

    def load(self, path: Path) -> Model[Network, Row, Inference]:
        """Read a network that `save` wrote; on the CPU, in evaluation mode.

        Args:
            path: File to read.

        Raises:
            InputError: The file is missing, or holds something else.
        """
        read: dict[str, Any] = {}

        def build(about: dict[str, Any]) -> Network:
            read.update({name: _checked(kind, about[name]) for name, kind in self.parts.items()})
            network = self.build(**read)
            read["inference"] = _checked(self.inference, about["inference"]) if "inference" in about else None
            return network

        network = load_weights(Path(path), self.form, self.kind, build)
        row: Any = read.get("row")
        return Model(network, row, read["inference"])


def check_model(model: object, network: type[nn.Module] | UnionType, kind: str) -> None:
    """Refuse what is no model of a kind.

    Args:
        model: What a user has given as `model`.
        network: Class, or union of classes, that its network has to be of.
        kind: Kind of network, for the error message.

    Raises:
        InputError: It is something else.
    """
    if not isinstance(model, Model) or not isinstance(model.network, network):
        found = model.network if isinstance(model, Model) else model
        raise InputError(f"model: expected {kind}, as graspbook.load returns it, got {type(found).__name__}")


def _plain(part: Any) -> Any:
    """A configuration as JSON can hold it."""
    return asdict(part) if is_dataclass(part) and not isinstance(part, type) else part


def _checked(kind: Any, values: Any) -> Any:
    """A configuration from JSON: strict, but a list may be a tuple and a mapping a dataclass."""
    return TypeAdapter(kind).validate_json(json.dumps(values))
