"""Making the data set `apparel`: totes in parallel, resumable, the same bytes whatever the workers.

Totes are numbered, and each depends on the seed, the split and its number alone. Finished ones wait in a scratch folder
whose name is a hash of everything that decides them. The labels are COCO JSON; beside them, `<split>-answers.npz` has
everything that an image could have been labelled as (`graspbook.world.apparel.answers`).
"""

from __future__ import annotations

import dataclasses
import functools
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from graspbook.core.atomic import write_bytes
from graspbook.core.locks import scratch
from graspbook.core.parallel import ordered_map
from graspbook.core.progress import progress
from graspbook.core.workers import worker_count
from graspbook.data.coco import LabelledScene, write_scenes
from graspbook.latent.apparel.config import DataConfig
from graspbook.latent.apparel.truth import pack_answers, unpack_answers, write_answers
from graspbook.world.apparel.answers import Answers
from graspbook.world.apparel.scene import draw_tote_scene, muted, photograph_tote
from graspbook.world.catalogue import Catalogue
from graspbook.world.collect import episode_key
from graspbook.world.render import Renderer

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True)
class Job:
    """Everything that decides a tote, besides its number.

    Attributes:
        split: Split of the data set; each has a seed of its own.
        config: Seed and contents of the totes.
        data_dir: Folder that holds `catalogue/`.
    """

    split: Split
    config: DataConfig
    data_dir: str

    @property
    def seed(self) -> int:
        """Of the split, so that the splits draw apart."""
        return self.config.seed + SPLITS.index(self.split)

    def key(self) -> str:
        """A hash of the job (but not of how many images are wanted) and of the code that makes totes."""
        settings = [self.split, self.seed, dataclasses.asdict(self.config.totes)]
        return episode_key(settings, Path(self.data_dir), store_tote)


def collect_totes(
    out_dir: Path,
    split: Split,
    n_images: int,
    config: DataConfig,
    workers: int | None = None,
    data_dir: Path = Path("data"),
    scratch_dir: Path = Path("scratch"),
) -> Path:
    """Makes images of totes with their labels and all their answers.

    Args:
        out_dir: Folder that gets the folder `<split>`, in COCO's layout, and the file `<split>-answers.npz`.
        split: Split to make: "train", "validation" or "test".
        n_images: Number of images.
        config: Seed and contents of the totes.
        workers: Number of processes; None: `worker_count`. The result does not depend on it.
        data_dir: Folder that holds `catalogue/`.
        scratch_dir: Folder for finished totes of an unfinished set.

    Returns:
        Path of the JSON file.
    """
    job = Job(split, config, str(Path(data_dir).resolve()))
    answers: list[Answers] = []
    with scratch(Path(scratch_dir).resolve() / f"apparel-{job.key()}") as folder:

        def scenes() -> Iterator[LabelledScene]:
            stored = ordered_map(store_tote, job, folder, worker_count() if workers is None else workers, n_images)
            for number, path in enumerate(progress(stored, f"totes ({split})", total=n_images)):
                image, answer = _read(path)
                answers.append(answer)
                yield LabelledScene(f"{split}_{number:05d}", image, answer.labels(config.totes.least_pixels))

        path = write_scenes(Path(out_dir) / split, scenes(), range(n_images))
    write_answers(Path(out_dir) / f"{split}-answers.npz", answers)
    return path


def store_tote(job: Job, number: int, folder: Path) -> Path:
    """Photographs a tote and stores image and answers in one file, unless it is there already.

    Args:
        job: Set that the tote belongs to.
        number: Number of the tote, from 0.
        folder: Folder to store totes in.

    Returns:
        Path of the tote's file.
    """
    path = folder / f"t{number:06d}.npz"
    if not path.exists():
        renderer, textures = _tools(job.data_dir, job.split, job.config.totes.contrast)
        rng = np.random.default_rng([job.seed, number])
        tote = draw_tote_scene(rng, job.config.totes, textures)
        image, answers = photograph_tote(tote, renderer, rng, job.config.totes)
        file = io.BytesIO()
        np.savez_compressed(file, image=image, **pack_answers([answers]))
        write_bytes(path, file.getvalue())
    return path


def _read(path: Path) -> tuple[np.ndarray, Answers]:
    with np.load(path) as stored:
        arrays = dict(stored)
    return arrays.pop("image"), unpack_answers(arrays)[0]


@functools.lru_cache(maxsize=4)
def _tools(data_dir: str, split: Split, contrast: float) -> tuple[Renderer, np.ndarray]:
    """The renderer of the prints, and which of them a split may show: test prints are on no other image."""
    cv2.setNumThreads(1)  # one process per core
    catalogue = Catalogue.load(data_dir)
    return Renderer(muted(catalogue, contrast)), catalogue.textures("test" if split == "test" else "train")
