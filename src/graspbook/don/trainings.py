"""The rows of the paper as `graspbook train` runs them, from the scenes that the stage `scenes` has made."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from graspbook.data.bop import read_scene, scene_folders
from graspbook.don.config import Don, Row
from graspbook.don.network import Network
from graspbook.don.queries import draw_queries
from graspbook.don.train import train_row
from graspbook.training.fit import Trained
from graspbook.training.rows import RowTraining, family_trainings

SCENES = Path("artifacts/don/scenes")


def trainings(config: Don) -> dict[str, RowTraining]:
    """Every row of every family by its name.

    Args:
        config: All sections of the paper's parameters.
    """
    found: dict[str, RowTraining] = {}
    for family, rows in config.trainings.items():
        found |= family_trainings(f"train@{family}", rows, config.train.seed, _needs, partial(_train, config))
    return found


def _needs(row: Row) -> tuple[Path, ...]:
    return SCENES / row.data, SCENES / "validation"


def _train(config: Don, row: Row, seed: int, scratch_dir: Path) -> Trained[Network]:
    masks = row.data == "single" or row.objects_only or bool(row.background)
    scenes = [read_scene(path, masks) for path in scene_folders(SCENES / row.data)]
    validation = [read_scene(path) for path in scene_folders(SCENES / "validation")]
    queries = draw_queries(validation, config.evaluate, config.evaluate.validation_pairs, config.train.tolerance)
    return train_row(
        row,
        seed,
        scenes,
        (validation, queries),
        train=config.train,
        network=config.network,
        augmentations=config.augment,
        scratch_dir=scratch_dir,
    )
