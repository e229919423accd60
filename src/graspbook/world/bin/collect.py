"""Collecting a data set of grasps, until enough of them succeeded (§IV-A)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import pyarrow.parquet as parquet

from graspbook.core.atomic import scratch_folder
from graspbook.core.configuration import check_seed
from graspbook.core.errors import InputError
from graspbook.core.progress import progress
from graspbook.data.collect import Episodes, take
from graspbook.data.grasps import GraspDataset
from graspbook.data.replay import Keep
from graspbook.data.schema import TABLE
from graspbook.data.states import State, states_path
from graspbook.data.writer import GraspWriter
from graspbook.world.assets.catalogue import Catalogue, Split, hash_catalogue
from graspbook.world.bin.episode import run_episode
from graspbook.world.bin.notes import GRASPS as GRASP_FIELDS
from graspbook.world.bin.notes import GraspNotes
from graspbook.world.bin.redraw import redraw_episode
from graspbook.world.bin.segmenter import NoisySegmenter, Segmenter
from graspbook.world.config import WorldConfig
from graspbook.world.render.renderer import Renderer

PATIENCE = 50
"""Collecting stops with an error after this many episodes in a row without a success."""
GRASPS = "grasps"
"""The grasp data set in the folder of a stored episode."""


@dataclasses.dataclass(frozen=True)
class GraspEpisodes(Episodes):
    """Everything that decides an episode, besides its number.

    Attributes:
        split: The split of shapes and textures, "train" or "test".
        seed: The seed of the whole collection.
        config: The configuration of the world.
        segmenter: The segmenter that finds the objects to pick.
        data_dir: The absolute path of the folder that holds `catalogue/`.
    """

    kind = "collect"
    fields = GRASP_FIELDS
    split: Split
    seed: int
    config: WorldConfig
    segmenter: Segmenter
    data_dir: str

    def settings(self) -> list:
        """Of the episodes, and of the catalogue its bytes."""
        own = [self.split, self.seed, dataclasses.asdict(self.config), self.segmenter.key]
        return [own, hash_catalogue(self.data_dir)]

    def record(self, number: int, folder: Path) -> State:
        """Run an episode and write its grasps as a data set of their own."""
        (catalogue, renderer), notes = load_tools(self.data_dir), GraspNotes()
        settings = self.seed, self.split, catalogue, self.config, self.segmenter, number
        with GraspWriter(folder / GRASPS, scratch_folder) as writer:
            for grasp in run_episode(*settings, renderer, notes):
                writer.add(grasp)
        return notes.state()

    def draw(self, number: int, state: State, folder: Path) -> None:
        """Write the same grasps, from their state."""
        catalogue, renderer = load_tools(self.data_dir)
        with GraspWriter(folder / GRASPS, scratch_folder) as writer:
            for grasp in redraw_episode(state, self.seed, self.split, catalogue, self.config, number, renderer):
                writer.add(grasp)


def collect(
    out_dir: Path | str,
    split: Split,
    n_grasps: int,
    seed: int,
    config: WorldConfig,
    segmenter: Segmenter | None = None,
    workers: int | None = None,
    data_dir: Path | str = "data",
    scratch_dir: Path | str = "scratch",
    keep: Keep | None = None,
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
        data_dir: The folder that holds `catalogue/`.
        scratch_dir: The folder where finished episodes wait; emptied of them when the data set is whole.
        keep: Whether states are kept beside the data set, and what becomes of those that are there; see
            `Episodes.collected`.

    Returns:
        Path of the data set's Parquet file.

    Raises:
        InputError: On a bad argument, or if `PATIENCE` episodes in a row bring no success.
    """
    if n_grasps < 1:
        raise InputError(f"n_grasps: expected at least 1, got {n_grasps}")
    check_seed(seed)
    episodes = GraspEpisodes(split, seed, config, segmenter or NoisySegmenter(), str(Path(data_dir).resolve()))
    load_tools(episodes.data_dir)  # a faulty catalogue shows now, not in a worker
    states = states_path(Path(out_dir))
    with episodes.collected(scratch_dir, workers, None, states, keep) as paths, GraspWriter(out_dir) as writer:
        name = f"{episodes.segmenter.key}: grasps that succeed"
        grasps = take(map(stored_grasps, paths), n_grasps, PATIENCE, name, _succeeded)
        for _ in progress(_copy(writer, grasps), desc=f"grasps ({split})", total=n_grasps):
            pass
    return Path(out_dir) / TABLE


StoredGrasp = tuple[GraspDataset, int]
"""A data set and the row of a grasp in it."""


def stored_grasps(path: Path) -> list[StoredGrasp]:
    """The grasps of a stored episode, in their order; it may have none.

    Args:
        path: The episode's folder.
    """
    if parquet.read_metadata(path / GRASPS / TABLE).num_rows == 0:
        return []
    grasps = GraspDataset(path / GRASPS)
    return [(grasps, index) for index in range(len(grasps))]


def _succeeded(grasp: StoredGrasp) -> bool:
    dataset, index = grasp
    return dataset.table["outcome"].iat[index] == "success"


def _copy(writer: GraspWriter, grasps: Iterable[StoredGrasp]) -> Iterator[None]:
    """Writes grasps; yields once per success."""
    for grasp in grasps:
        writer.copy(*grasp)
        if _succeeded(grasp):
            yield


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
