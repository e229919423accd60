"""Making a set of aisle pictures: drives in parallel, resumable, the same files whatever the workers.

Finished drives wait in a scratch folder whose name is a hash of everything that decides them. The data set takes
pictures in the order of the drives' numbers until there are enough.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from graspbook.core.atomic import new_folder, write_bytes
from graspbook.core.fingerprint import fingerprint
from graspbook.core.locks import scratch
from graspbook.core.parallel import ordered_map
from graspbook.core.progress import progress
from graspbook.core.workers import worker_count
from graspbook.data.cityscapes import encode_ids, write_street
from graspbook.world.aisle.classes import BUILDING_LABEL, THINGS
from graspbook.world.aisle.config import AisleConfig
from graspbook.world.aisle.drive import run_drive


@dataclasses.dataclass(frozen=True)
class Job:
    """Everything that decides a drive, besides its number.

    Attributes:
        config: The configuration of the aisle and its camera.
        seed: The seed of the split.
    """

    config: AisleConfig
    seed: int

    def key(self) -> str:
        """A hash of the job and of the code that drives."""
        return fingerprint([dataclasses.asdict(self.config), self.seed], store_drive)


def collect_streets(
    out_dir: Path,
    counts: dict[str, int],
    config: AisleConfig,
    seed: int,
    workers: int | None = None,
    scratch_dir: Path = Path("scratch"),
) -> Path:
    """Makes the splits of a data set in Cityscapes' layout.

    Args:
        out_dir: The data set's folder; it appears when it is whole.
        counts: The number of pictures of each split, by the split's name; no two splits share a drive or a texture.
        config: The configuration of the aisle and its camera.
        seed: The seed of the first split; the others have the next ones.
        workers: The number of processes; `worker_count` by default. The result does not depend on it.
        scratch_dir: The folder where finished drives wait.

    Returns:
        The data set's folder.
    """
    workers = worker_count() if workers is None else workers
    with new_folder(Path(out_dir)) as partial:
        for place, (split, count) in enumerate(counts.items()):
            job = Job(config, seed + place)
            with scratch(Path(scratch_dir).resolve() / f"aisle-{job.key()}") as folder:
                views = _views(job, folder, count, workers)
                for number, frame, arrays in progress(views, f"pictures ({split})", total=count):
                    _write(partial, split, f"{split}{number:05d}", frame, arrays)
    return Path(out_dir)


def store_drive(job: Job, number: int, folder: Path) -> Path:
    """Drives, and stores the pictures in one file, unless it is there already.

    Args:
        job: Everything that decides the drive, besides its number.
        number: The number of the drive, from 0.
        folder: The folder of the job's drives.

    Returns:
        The file, which holds the arrays "image", "classes" and "instances" of all frames (see `View`).
    """
    path = folder / f"d{number:06d}.npz"
    if not path.exists():
        cv2.setNumThreads(1)  # one process per core
        views = list(run_drive(job.config, job.seed, number))
        file = io.BytesIO()
        fields = ("image", "classes", "instances")
        np.savez(file, **{field: np.stack([getattr(view, field) for view in views]) for field in fields})
        write_bytes(path, file.getvalue())
    return path


def _views(job: Job, folder: Path, wanted: int, workers: int) -> Iterator[tuple[int, int, dict[str, np.ndarray]]]:
    """Drive, frame and arrays of `wanted` pictures, in the order of the drives."""
    drives = -(-wanted // job.config.frames)
    for number, path in enumerate(ordered_map(store_drive, job, folder, workers, drives)):
        with np.load(path) as stored:
            arrays = dict(stored)
        for frame in range(min(job.config.frames, wanted - number * job.config.frames)):
            yield number, frame, {name: value[frame] for name, value in arrays.items()}


def _write(folder: Path, split: str, city: str, frame: int, arrays: dict[str, np.ndarray]) -> None:
    names = np.array([BUILDING_LABEL] + [thing.label for thing in THINGS], np.uint8)
    labels = names[arrays["classes"]]
    ids = encode_ids(arrays["classes"], arrays["instances"], labels)
    write_street(folder, split, city, frame, arrays["image"], labels, ids)
