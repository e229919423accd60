"""Recording the sets of scenes."""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
from pathlib import Path
from typing import Literal

import numpy as np

from graspbook.core.atomic import new_folder
from graspbook.core.progress import progress
from graspbook.data.bop import write_scene
from graspbook.data.collect import Episodes
from graspbook.data.replay import Keep
from graspbook.data.states import State, states_path
from graspbook.don.scenes.config import ScenesConfig
from graspbook.don.scenes.episode import FIELDS, Arrangement, draw_scene, simulate_scene
from graspbook.don.scenes.studio import Studio
from graspbook.world.assets.catalogue import Catalogue, Split, hash_catalogue
from graspbook.world.table.wrist import wrist_cameras

SceneSet = Literal["single", "multi", "validation", "test"]
SETS: tuple[SceneSet, ...] = ("single", "multi", "validation", "test")
ABOUT = "scenes.json"
"""Beside the scenes' folders: how the objects of each lie."""


@dataclasses.dataclass(frozen=True)
class SceneEpisodes(Episodes):
    """Everything that decides a scene, besides its number.

    Attributes:
        scenes: Name of the set.
        config: Contents of the scenes, and the camera.
        data_dir: Folder that holds `catalogue/`.
    """

    kind = "rgbd-scenes"
    fields = FIELDS
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

    def settings(self) -> list:
        """Of the scenes, but not how many are wanted, and of the catalogue its bytes."""
        config = {name: value for name, value in dataclasses.asdict(self.config).items() if not name.startswith("n_")}
        if self.scenes == "validation":
            config["n_validation_multi"] = self.config.n_validation_multi  # which of its scenes have one object
        return [[self.scenes, config], hash_catalogue(self.data_dir)]

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

    def record(self, number: int, folder: Path) -> State:
        """Records a scene in BOP's layout."""
        state = simulate_scene(*self._given(number))
        self.draw(number, state, folder)
        return state

    def draw(self, number: int, state: State, folder: Path) -> None:
        """Records a scene, whose objects lie already, in BOP's layout."""
        recording = draw_scene(state, *self._given(number))
        cameras = wrist_cameras(self.config.camera)
        write_scene(folder, recording.images, recording.depth, cameras, recording.ids, recording.objects)

    def _given(self, number: int) -> tuple[Studio, ScenesConfig, Arrangement, tuple[int, ...], Split, tuple[int, int]]:
        arrangement, known = self.contents(number)
        split: Split = "test" if self.scenes == "test" else "train"
        return _studio(self.data_dir), self.config, arrangement, known, split, self.seed(number)


def collect_scenes(
    out_dir: Path,
    scenes: SceneSet,
    config: ScenesConfig,
    workers: int | None = None,
    data_dir: Path = Path("data"),
    scratch_dir: Path = Path("scratch"),
    keep: Keep | None = None,
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
        keep: Whether states are kept beside the set, and what becomes of those that are there; see
            `Episodes.collected`.

    Returns:
        Folder of the set.
    """
    episodes = SceneEpisodes(scenes, config, str(Path(data_dir).resolve()))
    wrist_cameras(config.camera)  # a path that cannot be shows now
    count = episodes.count
    states = states_path(Path(out_dir))
    with (
        episodes.collected(scratch_dir, workers, count, states=states, keep=keep) as stored,
        new_folder(Path(out_dir)) as partial,
    ):
        for number, path in enumerate(progress(stored, f"scenes ({scenes})", total=count)):
            shutil.copytree(path, partial / f"{number:06d}")
        about = [{"scene": f"{n:06d}", "arrangement": episodes.contents(n)[0]} for n in range(count)]
        lines = ",\n".join(json.dumps(line) for line in about)
        (partial / ABOUT).write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return Path(out_dir)


@functools.lru_cache(maxsize=2)
def _studio(data_dir: str) -> Studio:
    return Studio(Catalogue.load(data_dir))
