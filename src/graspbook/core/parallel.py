"""Numbered pieces of work done by several processes, and handed on in the order of their numbers."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeVar

import joblib

from graspbook.core.workers import work_for

Job = TypeVar("Job")
Result = TypeVar("Result")


def ordered_map(
    task: Callable[[Job, int, Path], Result],
    job: Job,
    folder: Path,
    workers: int,
    count: int | None = None,
    backend: Literal["loky", "dask"] = "loky",
) -> Iterator[Result]:
    """The results of `task(job, 0, folder)`, `task(job, 1, folder)`, ..., worked ahead by other processes.

    Whoever stops asking before the end closes the iterator (`contextlib.closing`): no new piece begins, and those
    under way are waited for, so that none writes to a folder that is gone.

    Args:
        task: The function that a worker runs; what it stores, it stores in `folder` and whole.
        job: Everything that decides a result, besides its number.
        folder: The folder where results are stored.
        workers: The number of worker processes; the results do not depend on it.
        count: The number of results; None goes on without end.
        backend: The kind of workers: "loky" for processes of this machine, or "dask" for the cluster of the active
            `dask.distributed.Client`, whose workers must see the same folders under the same paths.

    Yields:
        The results, in the order of their numbers.
    """
    more = True

    def tasks() -> Iterator:
        for number in itertools.count() if count is None else range(count):
            if not more:
                return
            yield joblib.delayed(work_for)(os.getpid(), task, job, number, folder)

    with joblib.parallel_config(backend=backend, n_jobs=workers):
        results = joblib.Parallel(return_as="generator", pre_dispatch=2 * workers, batch_size=1)(tasks())
        try:
            for result in results:  # noqa: UP028  `yield from` would cancel those under way
                yield result
        finally:
            more = False
            for _ in results:
                pass
