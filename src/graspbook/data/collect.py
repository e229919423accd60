"""Collecting a data set: episodes in parallel, resumable, the same bytes whatever the workers.

Episodes are numbered, and each depends on the settings and its number alone. Workers store finished episodes in a
scratch folder, whose name is a hash of everything that decides them; each takes its final name only when whole. A run
that is killed, even with SIGKILL, leaves at most an unfinished episode behind, and the next run goes on from the
finished ones. A data set takes episodes in the order of their numbers, so it depends neither on who was done first nor
on how many there are.
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

Item = TypeVar("Item")


class Episodes(ABC):
    """Everything that decides an episode, besides its number: what a frozen dataclass for a scenario derives from.

    Attributes:
        kind: The beginning of the scratch folder's name.
    """

    kind: ClassVar[str]

    @abstractmethod
    def settings(self) -> list:
        """All that decides an episode, besides its number and code, as plain values that JSON can hold."""

    @abstractmethod
    def record(self, number: int, folder: Path) -> None:
        """Run an episode and write what it brings.

        Args:
            number: The number of the episode, from 0.
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
        self, scratch_dir: Path | str, workers: int | None = None, count: int | None = None
    ) -> Iterator[Iterator[Path]]:
        """The stored episodes in the order of their numbers, recorded ahead by workers, as long as the block lasts.

        Where the environment variable GRASPBOOK_DASK names a cluster, its workers record them (`ordered_map`).

        Args:
            scratch_dir: The folder where finished episodes wait; those of this collection are removed when the block
                ends without an error.
            workers: The number of worker processes, by default `worker_count()`; the episodes do not depend on it.
            count: The number of episodes; None goes on without end.

        Yields:
            An iterator over the episodes' folders.

        Raises:
            InputError: There is less than one worker.
        """
        workers = worker_count() if workers is None else workers
        if workers < 1:
            raise InputError(f"workers: expected at least 1, got {workers}")
        with scratch(Path(scratch_dir).resolve() / f"{self.kind}-{self.key()}") as folder:
            with closing(ordered_map(type(self).store, self, folder, workers, count)) as paths:
                yield paths


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
