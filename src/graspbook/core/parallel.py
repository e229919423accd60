"""Numbered pieces of work done by several processes, and handed on in the order of their numbers.

Where the environment variable GRASPBOOK_DASK names a cluster (`graspbook.core.cluster`), its workers do them.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import joblib

from graspbook.core.cluster import cluster_address, cluster_map
from graspbook.core.workers import work_for

Job = TypeVar("Job")
Result = TypeVar("Result")


def ordered_map(
    task: Callable[[Job, int, Path], Result], job: Job, folder: Path, workers: int, count: int | None = None
) -> Iterator[Result]:
    """The results of `task(job, 0, folder)`, `task(job, 1, folder)`, ..., worked ahead by other processes.

    Whoever stops asking before the end closes the iterator (`contextlib.closing`): no new piece begins, and those
    under way are waited for, so that none writes to a folder that is gone.

    Args:
        task: The function that a worker runs; what it stores, it stores in `folder` and whole.
        job: Everything that decides a result, besides its number.
        folder: The folder where results are stored; a cluster's workers must see it under the same path.
        workers: The number of worker processes, where there is no cluster; the results do not depend on it.
        count: The number of results; None goes on without end.

    Yields:
        The results, in the order of their numbers.
    """
    if (address := cluster_address()) is not None:
        yield from cluster_map(address, functools.partial(_stored, task, job, folder), count, folder)
        return
    more = True

    def tasks() -> Iterator:
        for number in itertools.count() if count is None else range(count):
            if not more:
                return
            yield joblib.delayed(work_for)(os.getpid(), task, job, number, folder)

    with joblib.parallel_config(backend="loky", n_jobs=workers):
        results = joblib.Parallel(return_as="generator", pre_dispatch=2 * workers, batch_size=1)(tasks())
        try:
            for result in results:  # noqa: UP028  `yield from` would cancel those under way
                yield result
        finally:
            more = False
            for _ in results:
                pass


def in_turn(task: Callable[[Job, int], Result], job: Job, count: int) -> Iterator[Result]:
    """The results of `task(job, 0)`, `task(job, 1)`, ...: one after the other here, or worked ahead by a cluster.

    For work that asks networks, such as a robot's attempts: here PyTorch has all of this process's threads, and a
    cluster's workers compute as this process would, with as many threads, so that sums have the same last bits.

    Args:
        task: The function that is called; a function of a notebook travels with all that it refers to.
        job: Everything that decides a result, besides its number.
        count: The number of results.

    Yields:
        The results, in the order of their numbers.
    """
    if (address := cluster_address()) is None:
        yield from (task(job, number) for number in range(count))
        return
    yield from cluster_map(address, functools.partial(_computed, arithmetic(), task, job), count, None)


def arithmetic() -> tuple[int, bool] | None:
    """The number of PyTorch's threads, and whether it takes numbers near zero for zero; None where it is not in use."""
    if "torch" not in sys.modules:
        return None
    import torch

    return torch.get_num_threads(), bool(torch.tensor(1e-310, dtype=torch.float64) * 1 == 0)


def _stored(task: Callable[[Job, int, Path], Result], job: Job, folder: Path, number: int) -> Result:
    return task(job, number, folder)


def _computed(settings: tuple[int, bool] | None, task: Callable[[Job, int], Result], job: Job, number: int) -> Result:
    """A task with the arithmetic of the process that asks for it."""
    if settings is None:
        return task(job, number)
    import torch

    before, (threads, flush) = arithmetic(), settings
    torch.set_num_threads(threads)
    torch.set_flush_denormal(flush)
    try:
        return task(job, number)
    finally:
        torch.set_num_threads(before[0])
        torch.set_flush_denormal(before[1])
