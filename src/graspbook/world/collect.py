"""Collecting a data set of grasps: episodes in parallel, resumable, the same bytes whatever the workers (§IV-A).

Episodes are numbered, and each depends on the seed and its number alone. Workers store finished episodes as small
grasp data sets of their own in a scratch folder, whose name is a hash of everything that decides the result;
each takes its final name only when whole. A run that is killed, even with SIGKILL, leaves at most an unfinished
episode behind, and the next run goes on from the finished ones. The data set takes episodes in the order of their
numbers until enough grasps succeeded, so it depends neither on who was done first nor on how many there are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import cv2

from graspbook.core.atomic import scratch_folder
from graspbook.core.configuration import check_seed
from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.core.locks import scratch
from graspbook.core.parallel import ordered_map
from graspbook.core.progress import progress
from graspbook.core.workers import worker_count
from graspbook.data.grasps import GraspDataset
from graspbook.data.schema import TABLE
from graspbook.data.writer import GraspWriter
from graspbook.world.catalogue import Catalogue, Split
from graspbook.world.config import WorldConfig
from graspbook.world.episode import Grasp, run_episode
from graspbook.world.render import Renderer
from graspbook.world.segmenter import NoisySegmenter, Segmenter

PATIENCE = 50
"""Collecting stops with an error after this many episodes in a row without a success."""


@dataclasses.dataclass(frozen=True)
class Job:
    """Everything that decides an episode, besides its number.

    Attributes:
        split: The split of shapes and textures, "train" or "test".
        seed: The seed of the whole collection.
        config: The configuration of the world.
        segmenter: The segmenter that finds the objects to pick.
        data_dir: The absolute path of the folder that holds `catalogue/`.
    """

    split: Split
    seed: int
    config: WorldConfig
    segmenter: Segmenter
    data_dir: str

    def key(self) -> str:
        """A hash of the job, of the catalogue's bytes and of the code that makes episodes."""
        settings = [self.split, self.seed, dataclasses.asdict(self.config), self.segmenter.key]
        return episode_key(settings, Path(self.data_dir), store_episode, *classes_of(self))


def episode_key(settings: list, data_dir: Path, *makers: Callable | type) -> str:
    """A hash of settings, of the catalogue's bytes, and of the code that makes episodes (`fingerprint`).

    Args:
        settings: The settings that decide an episode, as plain values.
        data_dir: The folder that holds `catalogue/`.
        makers: The functions and classes whose code decides an episode.
    """
    files = sorted((data_dir / "catalogue").iterdir())
    catalogue = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return fingerprint([settings, catalogue], *makers)


def collect(
    out_dir: Path | str,
    split: Split,
    n_grasps: int,
    seed: int,
    config: WorldConfig,
    segmenter: Segmenter | None = None,
    workers: int | None = None,
    backend: Literal["loky", "dask"] = "loky",
    data_dir: Path | str = "data",
    scratch_dir: Path | str = "scratch",
) -> Path:
    """Collects grasps until `n_grasps` of them have succeeded.

    Args:
        out_dir: The data set's folder (the layout of `graspbook.data.grasps`). It appears only when whole.
        split: The split of shapes and textures, "train" or "test".
        n_grasps: The number of successful grasps. The failed ones in between are in the data set, too.
        seed: The seed; with the arguments up to `segmenter` it decides everything.
        config: The configuration of the world.
        segmenter: The segmenter that finds the objects to pick; a `NoisySegmenter` by default.
        workers: The number of processes that work on episodes; `worker_count` by default. The result does not depend on
            it.
        backend: "loky" for processes of this machine, or "dask" for the cluster of the active
            `dask.distributed.Client`, whose workers must see `data_dir` and `scratch_dir` under the same paths.
        data_dir: The folder that holds `catalogue/`.
        scratch_dir: The folder where finished episodes wait; emptied of them when the data set is whole.

    Returns:
        Path of the data set's Parquet file.

    Raises:
        InputError: On a bad argument, or if `PATIENCE` episodes in a row bring no success.
    """
    workers = worker_count() if workers is None else workers
    if n_grasps < 1 or workers < 1:
        raise InputError(f"n_grasps, workers: expected at least 1, got {n_grasps}, {workers}")
    check_seed(seed)
    if backend not in ("loky", "dask"):
        raise InputError(f"backend: expected 'loky' or 'dask', got {backend!r}")
    job = Job(split, seed, config, segmenter or NoisySegmenter(), str(Path(data_dir).resolve()))
    load_tools(job.data_dir)  # a faulty catalogue shows now, not in a worker
    with scratch(Path(scratch_dir).resolve() / f"collect-{job.key()}") as folder, GraspWriter(out_dir) as writer:
        successes = _successes(writer, job, folder, n_grasps, workers, backend)
        for _ in progress(successes, desc=f"grasps ({split})", total=n_grasps):
            pass
    return Path(out_dir) / TABLE


def _successes(
    writer: GraspWriter, job: Job, folder: Path, n_grasps: int, workers: int, backend: str
) -> Iterator[None]:
    """Writes episodes in order until `n_grasps` succeeded; yields once per success."""
    wanted, barren = n_grasps, 0
    for dataset in _episodes(job, folder, workers, backend):
        before = wanted
        for index in range(len(dataset) if dataset else 0):
            writer.copy(dataset, index)
            if dataset.table["outcome"].iat[index] == "success":
                wanted -= 1
                yield
                if wanted == 0:
                    return
        barren = 0 if wanted < before else barren + 1
        if barren == PATIENCE:
            raise InputError(
                f"{job.segmenter.key}: no grasp succeeded in {PATIENCE} episodes in a row, after "
                f"{n_grasps - wanted} of {n_grasps}; the finished episodes are in {folder}"
            )


def _episodes(job: Job, folder: Path, workers: int, backend: str) -> Iterator[GraspDataset | None]:
    """Stored episodes 0, 1, 2, ... without end, None for one without grasps; run ahead by the workers."""
    with contextlib.closing(ordered_map(store_episode, job, folder, workers, backend=backend)) as paths:
        for path in paths:
            yield GraspDataset(path) if path else None


def store_episode(job: Job, number: int, folder: Path) -> Path | None:
    """Runs an episode and stores it, unless it is stored already.

    Args:
        job: Everything that decides the episode, besides its number.
        number: The number of the episode, from 0.
        folder: The folder of the job's episodes.

    Returns:
        The episode's folder, or None if it has no grasps.
    """
    path, none = folder / f"e{number:05d}", folder / f"e{number:05d}.none"
    if none.exists():
        return None
    if path.exists():
        return path
    catalogue, renderer = load_tools(job.data_dir)
    grasps = run_episode(job.seed, job.split, catalogue, job.config, job.segmenter, number, renderer)
    first = next(grasps, None)
    if first is None:
        none.touch()
        return None
    with GraspWriter(path, scratch_folder) as writer:
        _add_all(writer, first, grasps)
    return path


def _add_all(writer: GraspWriter, first: Grasp, rest: Iterator[Grasp]) -> None:
    writer.add(first)
    for grasp in rest:
        writer.add(grasp)


@functools.lru_cache(maxsize=2)
def load_tools(data_dir: str) -> tuple[Catalogue, Renderer]:
    """The catalogue and its renderer, once per process: a worker runs many episodes.

    Args:
        data_dir: The folder that holds `catalogue/`.

    Raises:
        InputError: If a file of the catalogue is missing or cannot be read.
    """
    # one process per core: OpenCV's own threads would only fight over it
    cv2.setNumThreads(1)
    catalogue = Catalogue.load(data_dir)
    return catalogue, Renderer(catalogue)
