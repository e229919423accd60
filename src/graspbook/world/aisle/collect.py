"""Making a set of aisle pictures: it takes them in the order of the drives until there are enough."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from graspbook.core.atomic import new_folder
from graspbook.core.progress import progress
from graspbook.data.cityscapes import encode_ids, write_street
from graspbook.data.collect import Episodes
from graspbook.data.replay import Keep
from graspbook.data.states import Fields, State, make_state, states_path
from graspbook.world.aisle.classes import BUILDING_LABEL, THINGS
from graspbook.world.aisle.config import AisleConfig
from graspbook.world.aisle.drive import run_drive
from graspbook.world.choices import Choices

VIEWS = "views.npz"
"""What is stored of a drive: the arrays "image", "classes" and "instances" of all frames (see `View`)."""


@dataclasses.dataclass(frozen=True)
class Drives(Episodes):
    """Everything that decides a drive, besides its number.

    Attributes:
        config: The configuration of the aisle and its camera.
        seed: The seed of the split.
    """

    kind = "aisle"
    fields: ClassVar[Fields] = {"choices": ("|u1", ())}
    config: AisleConfig
    seed: int

    def settings(self) -> list:
        """Of the drives."""
        return [dataclasses.asdict(self.config), self.seed]

    def record(self, number: int, folder: Path) -> State:
        """Drive, and write the pictures."""
        choices = Choices()
        self._write(number, choices, folder)
        return make_state(self.fields, choices=choices.made)

    def draw(self, number: int, state: State, folder: Path) -> None:
        """Drive where things stand already, and write the pictures."""
        self._write(number, Choices(state["choices"].tolist()), folder)

    def _write(self, number: int, choices: Choices, folder: Path) -> None:
        views = list(run_drive(self.config, self.seed, number, choices))
        fields = ("image", "classes", "instances")
        np.savez(folder / VIEWS, **{field: np.stack([getattr(view, field) for view in views]) for field in fields})


def collect_streets(
    out_dir: Path,
    counts: dict[str, int],
    config: AisleConfig,
    seed: int,
    workers: int | None = None,
    scratch_dir: Path = Path("scratch"),
    keep: Keep | None = None,
) -> Path:
    """Makes the splits of a data set in Cityscapes' layout.

    Args:
        out_dir: The data set's folder; it appears when it is whole.
        counts: The number of pictures of each split, by the split's name; no two splits share a drive or a texture.
        config: The configuration of the aisle and its camera.
        seed: The seed of the first split; the others have the next ones.
        workers: The number of processes; `worker_count` by default. The result does not depend on it.
        scratch_dir: The folder where finished drives wait.
        keep: Whether states are kept beside the data set, a file for each split, and what becomes of those that are
            there; see `Episodes.collected`.

    Returns:
        The data set's folder.
    """
    with new_folder(Path(out_dir)) as partial:
        for place, (split, count) in enumerate(counts.items()):
            split_drives, states = Drives(config, seed + place), states_path(Path(out_dir), split)
            needed = -(-count // config.frames)
            with split_drives.collected(scratch_dir, workers, needed, states=states, keep=keep) as drives:
                views = _views(drives, config.frames, count)
                for number, frame, arrays in progress(views, f"pictures ({split})", total=count):
                    _write(partial, split, f"{split}{number:05d}", frame, arrays)
    return Path(out_dir)


def _views(drives: Iterable[Path], frames: int, wanted: int) -> Iterator[tuple[int, int, dict[str, np.ndarray]]]:
    """Drive, frame and arrays of `wanted` pictures, in the order of the drives."""
    for number, path in enumerate(drives):
        with np.load(path / VIEWS) as stored:
            arrays = dict(stored)
        for frame in range(min(frames, wanted - number * frames)):
            yield number, frame, {name: value[frame] for name, value in arrays.items()}


def _write(folder: Path, split: str, city: str, frame: int, arrays: dict[str, np.ndarray]) -> None:
    names = np.array([BUILDING_LABEL] + [thing.label for thing in THINGS], np.uint8)
    labels = names[arrays["classes"]]
    ids = encode_ids(arrays["classes"], arrays["instances"], labels)
    write_street(folder, split, city, frame, arrays["image"], labels, ids)
