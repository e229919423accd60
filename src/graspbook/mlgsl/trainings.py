"""The rows of the paper as `graspbook train` runs them, from the grasps that the stage `collect` has made."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from graspbook.mlgsl.config import Mlgsl, Row
from graspbook.mlgsl.grasp_data.clutter import fuse_many
from graspbook.mlgsl.grasp_data.dataset import load_images
from graspbook.mlgsl.model import GraspNetwork
from graspbook.mlgsl.train import train_row
from graspbook.training.fit import Trained
from graspbook.training.rows import RowTraining, family_trainings

GRASPS = Path("artifacts/mlgsl/grasps")


def trainings(config: Mlgsl) -> dict[str, RowTraining]:
    """Every row of every family by its name.

    Args:
        config: All sections of the paper's parameters.
    """
    found: dict[str, RowTraining] = {}
    for family, rows in config.trainings.items():
        found |= family_trainings(f"train@{family}", rows, config.train.seed, _needs, partial(_train, config))
    return found


def _needs(row: Row) -> tuple[Path, ...]:
    return GRASPS / "train", GRASPS / "validation"


def _train(config: Mlgsl, row: Row, seed: int, scratch_dir: Path) -> Trained[GraspNetwork]:
    images, validation = load_images(GRASPS / "train"), load_images(GRASPS / "validation")
    if row.clutter:
        clutter = config.clutter
        images = fuse_many(images, clutter.n_train, clutter, clutter.seed)
        validation = fuse_many(validation, clutter.n_validation, clutter, clutter.seed + 1)
    return train_row(
        row,
        seed,
        images,
        validation,
        train=config.train,
        network=config.network,
        metrics=config.metrics,
        scratch_dir=scratch_dir,
    )
