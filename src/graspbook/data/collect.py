"""Collecting a data set: episodes in parallel, resumable, the same bytes whatever the workers.

Episodes are numbered, and each depends on the settings and its number alone. Workers store finished episodes in a
scratch folder, whose name is a hash of everything that decides them; each takes its final name only when whole. A run
that is killed, even with SIGKILL, leaves at most an unfinished episode behind, and the next run goes on from the
finished ones. A data set takes episodes in the order of their numbers, so it depends neither on who was done first nor
on how many there are.

On another kind of processor the same numbers give other episodes, since physics is chaotic. A data set may therefore
keep the states of its episodes (`graspbook.data.states`), and is then drawn from them wherever they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar, TypeVar

import cv2

from graspbook.core.atomic import scratch_folder
from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.core.locks import scratch
from graspbook.core.parallel import ordered_map
from graspbook.core.workers import worker_count
from graspbook.data.replay import Keep, Kept
from graspbook.data.states import Fields, State

Item = TypeVar("Item")


class Episodes(ABC):
    """Everything that decides an episode, besides its number: what a frozen dataclass for a scenario derives from.

    Attributes:
        kind: The beginning of the scratch folder's name.
        fields: What the state of an episode has.
    """

    kind: ClassVar[str]
    fields: ClassVar[Fields]

    @abstractmethod
    def settings(self) -> list:
        """All that decides an episode, besides its number and code, as plain values that JSON can hold."""

    @abstractmethod
    def record(self, number: int, folder: Path) -> State:
        """Simulate an episode and write what it brings.

        Args:
            number: The number of the episode, from 0.
            folder: An empty folder to write into.

        Returns:
            What is chaotic in it, with the rows of `fields`.
        """

    @abstractmethod
    def draw(self, number: int, state: State, folder: Path) -> None:
        """Write what an episode brings, from its state: on one machine the same bytes as `record`.

        Args:
            number: The number of the episode, from 0.
            state: What `record` returned, on whatever machine.
            folder: An empty folder to write into.
        """

    def key(self) -> str:
        """A hash of the settings and of the code that makes episodes (`fingerprint`)."""
        return fingerprint(self.settings(), *classes_of(self))

    def store(self, number: int, folder: Path) -> Path:
        """Record an episode, unless it is stored already.

        Args:
            number: The number of the episode, from 0.
            folder: The folder of all stored episodes.

        Returns:
            The episode's folder.
        """
        path = folder / f"e{number:06d}"
        if not path.exists():
            cv2.setNumThreads(1)  # one process per core: OpenCV's own threads would only fight over it
            with scratch_folder(path) as partial:
                self.record(number, partial)
        return path

    @contextmanager
    def collected(
        self,
        scratch_dir: Path | str,
        workers: int | None = None,
        count: int | None = None,
        states: Path | None = None,
        keep: Keep | None = None,
    ) -> Iterator[Iterator[Path]]:
        """The stored episodes in the order of their numbers, recorded ahead by workers, as long as the block lasts.

        Where the environment variable GRASPBOOK_DASK names a cluster, its workers record them (`ordered_map`).

        Args:
            scratch_dir: The folder where finished episodes wait; those of this collection are removed when the block
                ends without an error.
            workers: The number of worker processes, by default `worker_count()`; the episodes do not depend on it.
            count: The number of episodes; None goes on without end.
            states: The file of the episodes' states (`states_path`).
            keep: Whether episodes are drawn from the states in that file, where it has theirs ("replay"), or all are
                simulated ("simulate"); in both cases it has those of the episodes taken when the block ends without an
                error. None: no state is looked for, or kept.

        Yields:
            An iterator over the episodes' folders.

        Raises:
            InputError: There is less than one worker, or the file holds no states, or those of other episodes.
        """
        workers = worker_count() if workers is None else workers
        if workers < 1:
            raise InputError(f"workers: expected at least 1, got {workers}")
        if keep is None or states is None:
            with scratch(Path(scratch_dir).resolve() / f"{self.kind}-{self.key()}") as folder:
                with closing(ordered_map(type(self).store, self, folder, workers, count)) as paths:
                    yield paths
            return
        kept = Kept.find(self, states, keep)
        with scratch(Path(scratch_dir).resolve() / kept.name) as folder:
            taken: list[Path] = []
            with closing(ordered_map(type(kept).store, kept, folder, workers, count)) as paths:
                yield (taken.append(path) or path for path in paths)
            kept.write(len(taken), folder)


def take(
    episodes: Iterable[Iterable[Item]],
    wanted: int,
    patience: int,
    name: str,
    counts: Callable[[Item], bool] = lambda _: True,
) -> Iterator[Item]:
    """What the episodes bring, until enough of it counts.

    Args:
        episodes: What each episode brings, in order.
        wanted: The number of items that have to count.
        patience: The number of episodes in a row without an item that counts, after which collecting stops.
        name: The collection and what counts in it, with which the error message begins.
        counts: Tells whether an item counts; by default each does.

    Yields:
        The items in their order; the last one counts.

    Raises:
        InputError: `patience` episodes in a row brought nothing that counts.
    """
    found = barren = 0
    for items in episodes:
        barren += 1
        for item in items:
            yield item
            if counts(item):
                found, barren = found + 1, 0
                if found == wanted:
                    return
        if barren == patience:
            raise InputError(f"{name}: none in {patience} episodes in a row, after {found} of {wanted}")
