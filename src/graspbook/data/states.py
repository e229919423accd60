"""States: what is chaotic in the episodes of a data set, kept so that another processor draws the same one.

Where objects come to rest, which grasp is chosen and how it ends hang on the last bits of numbers, and these differ
from one kind of processor to another. A state holds just that of an episode, and what follows smoothly is drawn from
it: pictures then differ in their last bits at most. One file holds the states of a collection:

    about       JSON: version, scenario, settings (which have the seeds), numbers of the episodes, and the hash
    <field>     the rows of all episodes, one after another; the scenario says which fields there are
    <field>.n   how many of them are of each episode

The hash covers values and not bytes of the file: whoever writes the same states, with whatever library, has the same.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graspbook.core.atomic import new_file
from graspbook.core.errors import InputError
from graspbook.core.fingerprint import NAME

VERSION = 1
"""Of the file's layout."""
ENDING = ".states.npz"
"""Of the file's name; before it stands the name of the data set."""

State = dict[str, np.ndarray]
"""What is chaotic in an episode: rows by the name of their field."""
Fields = Mapping[str, tuple[str, tuple[int, ...]]]
"""Of a scenario's states: the type and the shape of a row, by the name of the field, such as ("<f8", (7,))."""


@dataclasses.dataclass(frozen=True, eq=False)
class States:
    """The states of a collection.

    Attributes:
        scenario: The kind of the episodes.
        settings: All that decides an episode besides its number, as plain values.
        made: The name of the settings and the code by which the data set was drawn (`fingerprint`); not in the hash.
        episodes: The states by the number of their episode.
    """

    scenario: str
    settings: Any
    made: str
    episodes: dict[int, State]

    @property
    def hash(self) -> str:
        """Of all but `made`: 32 hexadecimal digits."""
        sha = hashlib.sha256(json.dumps([VERSION, self.scenario, plain_settings(self.settings)]).encode())
        for number, state in sorted(self.episodes.items()):
            for name, rows in sorted(state.items()):
                little = np.ascontiguousarray(rows, rows.dtype.newbyteorder("<"))
                sha.update(f"{number} {name} {little.dtype.str} {little.shape}".encode() + little.tobytes())
        return sha.hexdigest()[:32]


def states_path(out: Path, part: str = "") -> Path:
    """Where the states of a data set lie: beside it.

    Args:
        out: The folder of the data set.
        part: The name of a part that has states of its own, such as a split.
    """
    return out.with_name(f"{out.name}.{part}{ENDING}" if part else out.name + ENDING)


def plain_settings(settings: Any) -> Any:
    """Settings as JSON gives them back, without the code's half of names in them: a refactor changes no state.

    Args:
        settings: Anything that JSON can hold.
    """
    return json.loads(NAME.sub(r"\1", json.dumps(settings, sort_keys=True)))


def make_state(fields: Fields, **rows: Any) -> State:
    """A state of a scenario, its rows of the right type and shape; without rows, they are none.

    Args:
        fields: The scenario's fields.
        rows: The rows by the name of their field, as arrays or lists.
    """
    return {name: np.array(rows[name], kind).reshape(-1, *shape) for name, (kind, shape) in fields.items()}


def write_states(path: Path, states: States) -> None:
    """Write states to a file, whole or not at all.

    Args:
        path: The file to make or to replace.
        states: The states, all of the same fields.
    """
    numbers = sorted(states.episodes)
    about = {
        "version": VERSION,
        "scenario": states.scenario,
        "settings": plain_settings(states.settings),
        "made": states.made,
        "episodes": numbers,
        "hash": states.hash,
    }
    arrays: dict[str, Any] = {"about": np.frombuffer(json.dumps(about).encode(), np.uint8)}
    for name in sorted(states.episodes[numbers[0]]) if numbers else ():
        parts = [states.episodes[number][name] for number in numbers]
        arrays |= {name: np.concatenate(parts), f"{name}.n": np.array([len(part) for part in parts], np.int64)}
    with new_file(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_states(path: Path) -> States:
    """Read states, and check that they are those that were written.

    Args:
        path: The file.

    Raises:
        InputError: The file is missing or cut off, is something else, or its values are not those of its hash; the
            message names the file and the field.
    """
    if not path.is_file():
        raise InputError(f"{path}: missing; expected the states of a data set")
    field = "about"
    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(stored["about"].tobytes())
            if about["version"] != VERSION:
                raise InputError(f"{path}: field version: expected {VERSION}, found {about['version']!r}")
            episodes: dict[int, State] = {number: {} for number in about["episodes"]}
            for field in [name for name in stored.files if f"{name}.n" in stored.files]:
                rows, counts = stored[field], stored[f"{field}.n"]
                if len(counts) != len(episodes) or (counts < 0).any() or counts.sum() != len(rows):
                    raise ValueError("rows and episodes do not match")
                for state, own in zip(episodes.values(), np.split(rows, np.cumsum(counts)[:-1]), strict=False):
                    state[field] = own
            states = States(about["scenario"], about["settings"], about["made"], episodes)
            found, kept = states.hash, about["hash"]
    except (OSError, ValueError, LookupError, TypeError, EOFError, AttributeError, NotImplementedError) as error:
        raise InputError(f"{path}: field {field}: expected the states of a data set ({error})") from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: field {field}: cut off or damaged ({error})") from error
    if found != kept:
        raise InputError(f"{path}: field hash: expected {found}, that of what the file holds, found {kept}")
    return states


def check_states(path: Path, states: States, scenario: str, settings: Any, fields: Fields) -> None:
    """Check that states are those of a collection.

    Args:
        path: The file that they were read from, for the error message.
        states: The states.
        scenario: The kind of the collection's episodes.
        settings: All that decides its episodes besides their numbers.
        fields: The fields of its states.

    Raises:
        InputError: They are of another scenario, or of other settings or seeds, or have other fields; the message names
            the file and the field.
    """
    whole = {"scenario": states.scenario, "settings": plain_settings(states.settings)}
    if differing := _difference(whole, {"scenario": scenario, "settings": plain_settings(settings)}):
        field, found, wanted = differing
        raise InputError(f"{path}: field {field}: expected {wanted}, found {found}; these are states of other data")
    for state in states.episodes.values():
        held = {name: (rows.dtype.str, rows.shape[1:]) for name, rows in state.items()}
        for name in sorted({*held, *fields}):
            if held.get(name) != (kind := _kind(fields, name)):
                raise InputError(f"{path}: field {name}: expected {kind or 'none'}, found {held.get(name) or 'none'}")


def _kind(fields: Fields, name: str) -> tuple[str, tuple[int, ...]] | None:
    return (np.dtype(fields[name][0]).str, fields[name][1]) if name in fields else None


def _difference(found: Any, wanted: Any, path: str = "") -> tuple[str, str, str] | None:
    """The first place where plain values differ, and what stands there; None where they are equal."""
    places: list[Any] = []
    if isinstance(found, dict) and isinstance(wanted, dict) and found.keys() == wanted.keys():
        places = list(wanted)
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        places = list(range(len(wanted)))
    elif found != wanted:
        return path, _short(found), _short(wanted)
    differing = (_difference(found[at], wanted[at], f"{path}.{at}" if path else str(at)) for at in places)
    return next(filter(None, differing), None)


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
