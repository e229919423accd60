"""Recording the sets of scenes: in parallel, resumable, the same files whatever the workers.

Finished scenes wait in a scratch folder whose name is a hash of everything that decides them.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from graspbook.core.atomic import new_folder, scratch_folder
from graspbook.core.locks import scratch
from graspbook.core.parallel import ordered_map
from graspbook.core.progress import progress
from graspbook.core.workers import worker_count
from graspbook.data.bop import write_scene
from graspbook.don.scenes.config import ScenesConfig
from graspbook.don.scenes.episode import Arrangement, Studio, record_scene
from graspbook.world.catalogue import Catalogue
from graspbook.world.collect import episode_key
from graspbook.world.table.wrist import wrist_cameras

SceneSet = Literal["single", "multi", "validation", "test"]
SETS: tuple[SceneSet, ...] = ("single", "multi", "validation", "test")
ABOUT = "scenes.json"
"""Beside the scenes' folders: how the objects of each lie."""


@dataclasses.dataclass(frozen=True)
class Job:
    """Everything that decides a scene, besides its number.

    Attributes:
        scenes: Name of the set.
        config: Contents of the scenes, and the camera.
        data_dir: Folder that holds `catalogue/`.
    """

    scenes: SceneSet
    config: ScenesConfig
    data_dir: str

    @property
    def count(self) -> int:
        """How many scenes the set has."""
        config = self.config
        several = config.n_validation_multi + config.n_validation_single
        return {"single": config.n_single, "multi": config.n_multi, "validation": several, "test": config.n_test}[
            self.scenes
        ]

    def key(self) -> str:
        """A hash of the job (but not of how many scenes are wanted) and of the code that makes them."""
        config = {
            k: v for k, v in dataclasses.asdict(self.config).items() if k not in ("n_single", "n_multi", "n_test")
        }
        return episode_key([self.scenes, config], Path(self.data_dir), store_scene)

    def seed(self, number: int) -> tuple[int, int]:
        """Seed of a scene.

        Args:
            number: Number of the scene, from 0.
        """
        return self.config.seed + SETS.index(self.scenes), number

    def contents(self, number: int) -> tuple[Arrangement, tuple[int, ...]]:
        """Arrangement of a scene, and ids of the known objects in it.

        Args:
            number: Number of the scene, from 0.
        """
        config = self.config
        alone = self.scenes == "single" or (self.scenes == "validation" and number >= config.n_validation_multi)
        if alone:
            return "single", (1 + number % config.known,)
        rng = np.random.default_rng([*self.seed(number), 1])
        count = int(rng.integers(config.min_known, config.max_known + 1))
        chosen = rng.permutation(config.known)[:count] + 1
        return ("packed", "loose")[number % 2], tuple(sorted(int(k) for k in chosen))


def collect_scenes(
    out_dir: Path,
    scenes: SceneSet,
    config: ScenesConfig,
    workers: int | None = None,
    data_dir: Path = Path("data"),
    scratch_dir: Path = Path("scratch"),
) -> Path:
    """Records a set of scenes in BOP's layout.

    Args:
        out_dir: Folder of the set; it appears only once it is complete.
        scenes: Name of the set; all share the known objects, while the unknown ones of "test" have other shapes and
            prints.
        config: Contents and number of the scenes.
        workers: Number of processes; None: `worker_count`. The result does not depend on it.
        data_dir: Folder that holds `catalogue/`.
        scratch_dir: Folder for finished scenes of an unfinished set.

    Returns:
        Folder of the set.
    """
    job = Job(scenes, config, str(Path(data_dir).resolve()))
    wrist_cameras(config.camera)  # a path that cannot be shows now
    waiting = Path(scratch_dir).resolve() / f"rgbd-scenes-{job.key()}"
    with scratch(waiting) as folder, new_folder(Path(out_dir)) as partial:
        stored = ordered_map(store_scene, job, folder, worker_count() if workers is None else workers, job.count)
        for path in progress(stored, f"scenes ({scenes})", total=job.count):
            shutil.copytree(path, partial / path.name)
        about = [{"scene": f"{n:06d}", "arrangement": job.contents(n)[0]} for n in range(job.count)]
        lines = ",\n".join(json.dumps(line) for line in about)
        (partial / ABOUT).write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return Path(out_dir)


def store_scene(job: Job, number: int, folder: Path) -> Path:
    """Records a scene and stores it, unless it is there already.

    Args:
        job: Set that the scene belongs to.
        number: Number of the scene, from 0.
        folder: Folder to store scenes in.

    Returns:
        Folder of the scene.
    """
    path = folder / f"{number:06d}"
    if not path.exists():
        arrangement, known = job.contents(number)
        split = "test" if job.scenes == "test" else "train"
        recording = record_scene(_studio(job.data_dir), job.config, arrangement, known, split, (*job.seed(number),))
        cameras = wrist_cameras(job.config.camera)
        with scratch_folder(path) as partial:
            write_scene(partial, recording.images, recording.depth, cameras, recording.ids, recording.objects)
    return path


@functools.lru_cache(maxsize=2)
def _studio(data_dir: str) -> Studio:
    cv2.setNumThreads(1)  # one process per core
    return Studio(Catalogue.load(data_dir))
