"""The rows of the paper as `graspbook train` runs them, from the pictures that the stage `collect` has made."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from torch import nn

from graspbook.joint.config import Joint
from graspbook.joint.others.train import train_other
from graspbook.joint.streets import open_splits
from graspbook.joint.train import train_row
from graspbook.joint.training_config import Other, Row
from graspbook.training.fit import Trained
from graspbook.training.rows import RowTraining, family_trainings

AISLE = Path("artifacts/joint/aisle")


def trainings(config: Joint) -> dict[str, RowTraining]:
    """Every row of every family by its name.

    Args:
        config: All sections of the paper's parameters.
    """
    needs = (AISLE if config.data.folder is None else Path(config.data.folder),)
    found: dict[str, RowTraining] = {}
    for family, rows in config.trainings.items():
        stage = f"train@{family}"
        found |= family_trainings(stage, rows, config.train.seed, lambda row: needs, partial(_train, config))
    return found


def _train(config: Joint, row: Row | Other, seed: int, scratch_dir: Path) -> Trained[nn.Module]:
    splits = open_splits(config.data, config.world, AISLE)
    pictures = splits["train"], splits["validation"]
    common = {"train": config.train, "network": config.network, "scratch_dir": scratch_dir}
    if isinstance(row, Other):
        return train_other(row, seed, *pictures, mask_rcnn=config.mask_rcnn, **common)
    return train_row(row, seed, *pictures, compactness=config.superpixels.compactness, **common)
