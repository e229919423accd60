"""Making a set of grasp images: it takes them in the order of the episodes until there are enough."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np

from graspbook.core.atomic import new_folder
from graspbook.core.progress import progress
from graspbook.data.collect import Episodes, take
from graspbook.data.replay import Keep
from graspbook.data.states import State, states_path
from graspbook.mlgsl.grasp_data.config import DataConfig
from graspbook.mlgsl.grasp_data.dataset import TRIED, VIEWS
from graspbook.mlgsl.grasp_data.episode import FIELDS, Sample, TableWorld, draw_episode, simulate_episode
from graspbook.mlgsl.grasp_data.jacquard import write_image
from graspbook.world.assets.catalogue import Catalogue, hash_catalogue
from graspbook.world.table.items import TableSplit, table_shapes

PATIENCE = 60
"""Collecting stops with an error after this many episodes in a row without an image."""
SEED_OF = {"train": 0, "validation": 1, "test": 2}
"""Added to the seed, so that the splits draw apart."""
STORED = "images.npz"
"""What is stored of an episode: the records and arrays of its images."""


@dataclasses.dataclass(frozen=True)
class ImageEpisodes(Episodes):
    """Everything that decides an episode, besides its number.

    Attributes:
        split: The name of the split, which decides the objects.
        world: The camera, the objects' properties and the gripper.
        config: The settings of the data.
        data_dir: The folder that holds `catalogue/`.
    """

    kind = "grasp-images"
    fields = FIELDS
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

    def settings(self) -> list:
        """Of the episodes, but not how many images are wanted, and of the catalogue its bytes."""
        config = {name: value for name, value in dataclasses.asdict(self.config).items() if not name.startswith("n_")}
        return [[self.split, dataclasses.asdict(self.world), config], hash_catalogue(self.data_dir)]

    def record(self, number: int, folder: Path) -> State:
        """Runs an episode and writes its images."""
        shapes = _shapes(self.data_dir, self.split)
        state = simulate_episode(self.world, self.config, shapes, self.labels, self.seed, number)
        self.draw(number, state, folder)
        return state

    def draw(self, number: int, state: State, folder: Path) -> None:
        """Writes an episode's images."""
        samples = draw_episode(state, self.world, _shapes(self.data_dir, self.split), self.seed, number)
        arrays: dict[str, np.ndarray] = {}
        for place, sample in enumerate(samples):
            arrays |= {f"{place}.{name}": value for name, value in _arrays(sample).items()}
        records = [_record(sample) for sample in samples]
        arrays["records"] = np.frombuffer(json.dumps(records).encode(), np.uint8)
        np.savez(folder / STORED, **arrays)


def collect_images(
    out_dir: Path,
    split: TableSplit,
    n_images: int,
    world: TableWorld,
    config: DataConfig,
    workers: int | None = None,
    data_dir: Path = Path("data"),
    scratch_dir: Path = Path("scratch"),
    keep: Keep | None = None,
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
        keep: Whether states are kept beside the data set, and what becomes of those that are there; see
            `Episodes.collected`.

    Returns:
        The data set's folder.

    Raises:
        InputError: `PATIENCE` episodes in a row bring no image, or `out_dir` holds something that was not made here.
    """
    episodes = ImageEpisodes(split, world, config, str(Path(data_dir).resolve()))
    states = states_path(Path(out_dir))
    with (
        episodes.collected(scratch_dir, workers, states=states, keep=keep) as paths,
        new_folder(Path(out_dir)) as partial,
    ):
        views, tried, count = [], [], {}
        images = take(map(_read, paths), n_images, PATIENCE, f"{split}: images")
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


def _read(path: Path) -> list[tuple[dict, dict]]:
    with np.load(path / STORED) as stored:
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
    return table_shapes(Catalogue.load(data_dir), split)
