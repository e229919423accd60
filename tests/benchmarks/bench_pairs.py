"""Grasp pairs per second, end to end: fill, settle, render, plan, pull, photograph, and store as PNG and Parquet.

Run it with nothing else going on. The target is 8 pairs/s at 128x192 on two cores.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import joblib

from graspbook.pipeline.params import load_params
from graspbook.world.bin import episode
from graspbook.world.bin.collect import GraspEpisodes, stored_grasps
from graspbook.world.bin.segmenter import NoisySegmenter

TARGET = 8.0
"""Pairs per second at 128x192 on two cores."""
PHASES = {
    "filling the bin": ("fill",),
    "planning": ("_choose", "press", "read_gauges"),
    "pulling": ("pull",),
    "photographs and depth": ("photograph", "measure_depth"),
    "labels": ("_amodal", "_suction"),
}
"""What is timed: names in `graspbook.world.bin.episode`; rendering is timed apart, and the rest is storing."""
MEGABYTE = 2**20


def row(name: str, value: float, unit: str, note: str) -> dict[str, str | float]:
    """One row of the benchmark table."""
    return {"name": name, "value": round(value, 3), "unit": unit, "note": note}


def collection(data_dir: str) -> GraspEpisodes:
    """The world of the `standard` profile, 128x192."""
    return GraspEpisodes("train", 0, load_params().selfsup.world, NoisySegmenter(), str(Path(data_dir).resolve()))


def store(work: GraspEpisodes, folder: Path, numbers: range, workers: int) -> tuple[int, float]:
    """Stores episodes on warm workers; returns how many pairs they hold, and the seconds it took."""
    folder.mkdir()
    with joblib.Parallel(n_jobs=workers, batch_size=1) as parallel:
        # imports and compilation, once in each worker
        parallel(joblib.delayed(work.store)(10_000 + k, folder) for k in range(2 * workers))
        start = time.perf_counter()
        paths = parallel(joblib.delayed(work.store)(k, folder) for k in numbers)
        seconds = time.perf_counter() - start
    return sum(len(stored_grasps(path)) for path in paths), seconds


@contextlib.contextmanager
def timers(spent: collections.Counter) -> Iterator[None]:
    """Adds up the seconds spent in each phase while the block runs."""

    def timed(phase: str, function: Callable) -> Callable:
        @functools.wraps(function)
        def call(*arguments, **named):
            start = time.perf_counter()
            result = function(*arguments, **named)
            spent[phase] += time.perf_counter() - start
            return result

        return call

    with contextlib.ExitStack() as stack:
        for phase, names in PHASES.items():
            for name in names:
                stack.enter_context(mock.patch.object(episode, name, timed(phase, getattr(episode, name))))
        render = timed("rendering", episode.Renderer.render)
        stack.enter_context(mock.patch.object(episode.Renderer, "render", render))
        yield


def resident() -> float:
    """Memory of this process in MB, from /proc (0 where there is none)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def main(data_dir: str = "data", n_episodes: int = 8, n_frames: int = 1000) -> list[dict[str, str | float]]:
    """Runs the benchmark.

    Args:
        data_dir: holds `catalogue/`.
        n_episodes: how many bins are emptied per measurement of speed and worker.
        n_frames: over how many photographs memory is watched.

    Returns:
        Rows with name, value, unit and note.
    """
    work, table = collection(data_dir), []
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        for workers in (1, 2):
            pairs, seconds = store(work, base / f"{workers}", range(n_episodes * workers), workers)
            note = f"128x192, {pairs} pairs of {n_episodes * workers} bins"
            if workers == 2:
                note += f", target {TARGET:g}"
            table.append(row(f"grasp pairs, {workers} worker(s)", pairs / seconds, "pairs/s", note))

        spent: collections.Counter = collections.Counter()
        folder = base / "phases"
        folder.mkdir()
        with timers(spent):
            start, cpu = time.perf_counter(), time.process_time()
            paths = [work.store(k, folder) for k in range(n_episodes)]
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        pairs = sum(len(stored_grasps(path)) for path in paths)
        spent["storing and the rest"] = seconds - sum(spent.values())
        for phase, part in spent.most_common():
            note = f"{1e3 * part / pairs:.0f} ms of {1e3 * seconds / pairs:.0f} ms a pair, one process"
            table.append(row(f"grasp pairs, share of {phase}", 100 * part / seconds, "%", note))
        table.append(row("grasp pairs, processor time", 1e3 * cpu / pairs, "ms", "a pair, one process"))

        table += memory(work, base / "memory", n_frames)
    return table


def memory(work: GraspEpisodes, folder: Path, n_frames: int) -> list[dict[str, str | float]]:
    """Watches the memory of one process that goes through bin after bin."""
    folder.mkdir()
    frames, number, start = 0, 0, None
    while frames < n_frames:
        path = work.store(number, folder)
        frames += 2 * len(stored_grasps(path))
        number += 1
        # the first tenth fills caches
        if start is None and frames >= n_frames / 10:
            start = resident()
    end = resident()
    note = f"of one process after {frames} photographs"
    return [
        row("memory of a worker", end, "MB", note),
        row("growth of a worker's memory", end - (start or end), "MB", f"over the last nine tenths, {note}"),
    ]


if __name__ == "__main__":
    for line in main():
        print(f"{line['name']:45s} {line['value']:10.2f} {line['unit']:8s} {line['note']}")
