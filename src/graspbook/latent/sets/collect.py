"""Making the data sets `objects` and `aisle`: in parallel, resumable, the same bytes whatever the workers.

Pictures are numbered, and each depends on the seed of its split and its number alone. Finished ones wait in a scratch
folder whose name is a hash of everything that decides them. The labels are COCO JSON; beside them,
`<split>-answers.npz` has everything that an image could have been labelled as (`graspbook.world.labellers.answers`).
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from graspbook.core.atomic import write_bytes
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.core.locks import scratch
from graspbook.core.parallel import ordered_map
from graspbook.core.progress import progress
from graspbook.core.workers import worker_count
from graspbook.data.coco import LabelledScene
from graspbook.latent.sets.categories import Scene, write_classes
from graspbook.latent.sets.config import AisleSetConfig, ObjectsConfig
from graspbook.latent.sets.truth import pack_answers, unpack_answers, write_answers
from graspbook.world.aisle.classes import THINGS
from graspbook.world.labellers.aisle import photograph_aisle
from graspbook.world.labellers.answers import Answers
from graspbook.world.objects.hall import photograph_hall
from graspbook.world.objects.things import CLASSES

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class Job:
    """Everything that decides a picture, besides its number.

    Attributes:
        config: Settings of the data set.
        split: Split of it; each has a seed of its own.
    """

    config: ObjectsConfig | AisleSetConfig
    split: Split

    @property
    def seed(self) -> int:
        """Of the split, so that splits draw apart and share no texture."""
        return self.config.seed + SPLITS.index(self.split)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes."""
        return CLASSES if isinstance(self.config, ObjectsConfig) else tuple(thing.name for thing in THINGS)

    def key(self) -> str:
        """A hash of the job (but not of how many images are wanted) and of the code that makes pictures."""
        world, labels = dataclasses.asdict(self.config.world), dataclasses.asdict(self.config.labels)
        return fingerprint([world, labels, self.seed], store_picture, *classes_of(self))

    def photograph(self, number: int) -> tuple[np.ndarray, Answers]:
        """A picture, uint8 [h, w, 3], and everything that it could be labelled as.

        Args:
            number: Number of the picture, from 0.
        """
        if isinstance(self.config, ObjectsConfig):
            return photograph_hall(self.config.world, self.config.labels, self.seed, number)
        return photograph_aisle(self.config.world, self.config.labels, self.seed, number)


def collect_set(
    out_dir: Path,
    config: ObjectsConfig | AisleSetConfig,
    workers: int | None = None,
    scratch_dir: Path = Path("scratch"),
) -> None:
    """Makes the splits of a data set with their labels and all their answers; nothing where there is a real one.

    Args:
        out_dir: Folder that gets, for each split, the folder `<split>` in COCO's layout and the file
            `<split>-answers.npz`.
        config: Settings of the data set.
        workers: Number of processes; None: `worker_count`. The result does not depend on it.
        scratch_dir: Folder for finished pictures of an unfinished set.
    """
    if config.real is not None:
        return
    for split in SPLITS:
        _collect(Path(out_dir), Job(config, split), worker_count() if workers is None else workers, Path(scratch_dir))


def store_picture(job: Job, number: int, folder: Path) -> Path:
    """Takes a picture and stores it with its answers in one file, unless it is there already.

    Args:
        job: Split that the picture belongs to.
        number: Number of the picture, from 0.
        folder: Folder to store pictures in.

    Returns:
        Path of the picture's file.
    """
    path = folder / f"p{number:06d}.npz"
    if not path.exists():
        cv2.setNumThreads(1)  # one process per core
        image, answers = job.photograph(number)
        file = io.BytesIO()
        np.savez_compressed(file, image=image, **pack_answers([answers]))
        write_bytes(path, file.getvalue())
    return path


def _collect(out_dir: Path, job: Job, workers: int, scratch_dir: Path) -> None:
    count, answers = getattr(job.config, f"n_{job.split}"), []
    with scratch(scratch_dir.resolve() / f"labelled-{job.key()}") as folder:

        def scenes() -> Iterator[Scene]:
            stored = ordered_map(store_picture, job, folder, workers, count)
            for number, path in enumerate(progress(stored, f"pictures ({job.split})", total=count)):
                with np.load(path) as arrays:
                    image, answer = arrays["image"], unpack_answers(dict(arrays))[0]
                answers.append(answer)
                ids, classes = answer.labels(job.config.labels.least_pixels)
                yield LabelledScene(f"{job.split}_{number:05d}", image, ids), classes

        write_classes(out_dir / job.split, scenes(), job.names, count)
    write_answers(out_dir / f"{job.split}-answers.npz", answers)
