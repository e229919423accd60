"""Making a set of grasp images: episodes in parallel, resumable, the same files whatever the workers.

Finished episodes wait in a scratch folder whose name is a hash of everything that decides them. The data set takes
images in the order of the episodes' numbers until there are enough.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from graspbook.core.atomic import new_folder, write_bytes
from graspbook.core.errors import InputError
from graspbook.core.locks import scratch
from graspbook.core.parallel import ordered_map
from graspbook.core.progress import progress
from graspbook.core.workers import worker_count
from graspbook.mlgsl.grasp_data.config import DataConfig
from graspbook.mlgsl.grasp_data.dataset import TRIED, VIEWS
from graspbook.mlgsl.grasp_data.episode import Sample, TableWorld, run_episode
from graspbook.mlgsl.grasp_data.jacquard import write_image
from graspbook.world.catalogue import Catalogue
from graspbook.world.collect import episode_key
from graspbook.world.table.items import TableSplit, table_shapes

PATIENCE = 60
"""Collecting stops with an error after this many episodes in a row without an image."""
SEED_OF = {"train": 0, "validation": 1, "test": 2}
"""Added to the seed, so that the splits draw apart."""


@dataclasses.dataclass(frozen=True)
class Job:
    """Everything that decides an episode, besides its number.

    Attributes:
        split: The name of the split, which decides the objects.
        world: The camera, the objects' properties and the gripper.
        config: The settings of the data.
        data_dir: The folder that holds `catalogue/`.
    """

    split: TableSplit
    world: TableWorld
    config: DataConfig
    data_dir: str

    @property
    def labels(self) -> int:
        """At most so many successful grasps are kept in an image."""
        return self.config.train_labels if self.split == "train" else self.config.test_labels

    @property
    def seed(self) -> int:
        """Of the split."""
        return self.config.seed + SEED_OF[self.split]

    def key(self) -> str:
        """A hash of the job (but not of how many images are wanted) and of the code that makes episodes."""
        config = {name: value for name, value in dataclasses.asdict(self.config).items() if not name.startswith("n_")}
        return episode_key([self.split, dataclasses.asdict(self.world), config], Path(self.data_dir), store_episode)


def collect_images(
    out_dir: Path,
    split: TableSplit,
    n_images: int,
    world: TableWorld,
    config: DataConfig,
    workers: int | None = None,
    data_dir: Path = Path("data"),
    scratch_dir: Path = Path("scratch"),
) -> Path:
    """Makes images with verified grasps until there are enough.

    Args:
        out_dir: The data set's folder, in Jacquard's layout; it appears when it is whole.
        split: The name of the split, which decides the objects: "train", "validation" or "test".
        n_images: The number of images.
        world: The camera, the objects' properties and the gripper.
        config: The settings of the data, such as which grasps are tried.
        workers: The number of worker processes, by default `worker_count()`; the result does not depend on it.
        data_dir: The folder that holds `catalogue/`.
        scratch_dir: The folder where finished episodes wait.

    Returns:
        The data set's folder.

    Raises:
        InputError: `PATIENCE` episodes in a row bring no image, or `out_dir` holds something that was not made here.
    """
    job = Job(split, world, config, str(Path(data_dir).resolve()))
    waiting = Path(scratch_dir).resolve() / f"grasp-images-{job.key()}"
    with scratch(waiting) as folder, new_folder(Path(out_dir)) as partial:
        views, tried, count = [], [], {}
        images = _images(job, folder, n_images, worker_count() if workers is None else workers)
        for image, (record, arrays) in enumerate(progress(images, f"images ({split})", total=n_images)):
            name = record["object"]
            stem = partial / name / f"{count.setdefault(name, 0)}_{name}"
            count[name] += 1
            _write(stem, record, arrays, world.gripper.finger_width)
            views.append({"image": f"{name}/{stem.name}"} | record)
            tried.append(np.column_stack([np.full(len(arrays["tried"]), image), arrays["tried"], arrays["ends"]]))
        np.savez_compressed(partial / TRIED, tried=np.concatenate(tried).astype(np.float32))
        lines = ",\n".join(json.dumps(view) for view in views)
        (partial / VIEWS).write_text(f'{{"views": [\n{lines}\n]}}\n', encoding="utf-8")
    return Path(out_dir)


def _images(job: Job, folder: Path, wanted: int, workers: int) -> Iterator[tuple[dict, dict]]:
    """Records and arrays of `wanted` images, in the order of the episodes."""
    barren, found = 0, 0
    with closing(ordered_map(store_episode, job, folder, workers)) as results:
        for path in results:
            images = _read(path)
            barren = 0 if images else barren + 1
            if barren == PATIENCE:
                raise InputError(f"{job.split}: {PATIENCE} episodes in a row without an image, after {found}")
            for image in images:
                found += 1
                yield image
                if found == wanted:
                    return


def store_episode(job: Job, number: int, folder: Path) -> Path:
    """Runs an episode and stores its images in one file, unless it is there already.

    Args:
        job: The job.
        number: The number of the episode, from 0.
        folder: The folder of the file.

    Returns:
        The path of the file.
    """
    path = folder / f"e{number:06d}.npz"
    if not path.exists():
        shapes = _shapes(job.data_dir, job.split)
        samples = run_episode(job.world, job.config, shapes, job.labels, job.seed, number)
        arrays: dict[str, np.ndarray] = {}
        for place, sample in enumerate(samples):
            arrays |= {f"{place}.{name}": value for name, value in _arrays(sample).items()}
        records = [_record(sample) for sample in samples]
        arrays["records"] = np.frombuffer(json.dumps(records).encode(), np.uint8)
        file = io.BytesIO()
        np.savez(file, **arrays)
        write_bytes(path, file.getvalue())
    return path


def _read(path: Path) -> list[tuple[dict, dict]]:
    with np.load(path) as stored:
        records = json.loads(stored["records"].tobytes())
        names = [
            {name: name.partition(".")[2] for name in stored if name.startswith(f"{k}.")} for k in range(len(records))
        ]
        return [
            (record, {short: stored[name] for name, short in fields.items()})
            for record, fields in zip(records, names, strict=True)
        ]


def _arrays(sample: Sample) -> dict[str, np.ndarray]:
    return {
        "labels": sample.labels,
        "tried": sample.tried,
        "ends": sample.ends,
        "depth": sample.view.depth,
        "ids": sample.view.ids,
        "shade": sample.view.shade,
        "stereo": sample.stereo,
    }


def _record(sample: Sample) -> dict[str, Any]:
    rotation, position = sample.pose
    camera = sample.camera
    return {
        "object": sample.item.shape.name,
        "mass": sample.item.mass,
        "friction": sample.item.friction,
        "rotation": rotation.tolist(),
        "position": position.tolist(),
        "camera": {"focal": camera.fx, "world_from_camera": camera.world_from_camera.tolist(), "size": camera.width},
    }


def _write(stem: Path, record: dict[str, Any], arrays: dict[str, np.ndarray], finger_width: float) -> None:
    jaw = record["camera"]["focal"] * finger_width / float(np.median(arrays["depth"]))
    labels = np.column_stack([arrays["labels"], np.full(len(arrays["labels"]), jaw)])
    rgb = np.repeat(arrays["shade"][..., None], 3, axis=2)
    mask = arrays["ids"] > 0
    write_image(stem, grasps=labels, perfect=arrays["depth"], stereo=arrays["stereo"], mask=mask, rgb=rgb)


@functools.lru_cache(maxsize=4)
def _shapes(data_dir: str, split: TableSplit):
    cv2.setNumThreads(1)  # one process per core
    return table_shapes(Catalogue.load(data_dir), split)
