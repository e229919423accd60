"""The rows of the paper as `graspbook train` runs them: those on `apparel`, and those on the two more data sets.

The stage `collect` has made `apparel`; a set that a page makes for itself is made here too, where it is not there.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

from graspbook.latent.apparel.labels import relabelled
from graspbook.latent.apparel.truth import read_answers
from graspbook.latent.config import Row, TrainConfig
from graspbook.latent.dataset import LabelledImages, load_images
from graspbook.latent.model import LatentMaskRCNN
from graspbook.latent.schema import Latent
from graspbook.latent.sets.collect import collect_set
from graspbook.latent.sets.opened import open_split
from graspbook.latent.train import train_row
from graspbook.nn.weights import load_pretrained
from graspbook.training.fit import Trained
from graspbook.training.rows import RowTraining, family_trainings

APPAREL, SETS = Path("artifacts/latent/apparel"), Path("artifacts/latent/sets")


def trainings(config: Latent) -> dict[str, RowTraining]:
    """Every row of every family by its name.

    Args:
        config: All sections of the paper's parameters.
    """
    first = config.train.seed
    found: dict[str, RowTraining] = {}
    for family, rows in config.trainings.items():
        train = partial(_train_apparel, config)
        found |= family_trainings(f"train@{family}", rows, first, lambda row: (APPAREL,), train)
    for family, rows in config.sets.trainings.items():
        train = partial(_train_on_set, config, family)
        found |= family_trainings(f"sets@{family}", rows, first, lambda row: (), train)
    return found


def _train_apparel(config: Latent, row: Row, seed: int, scratch_dir: Path) -> Trained[LatentMaskRCNN]:
    images = []
    for split in ("train", "validation"):
        images.append(load_images(APPAREL / split / "annotations.json"))
        if row.agreement is not None:
            answers, least = read_answers(APPAREL / f"{split}-answers.npz"), config.apparel.totes.least_pixels
            images[-1] = relabelled(images[-1], answers, row.agreement, least, config.train.seed)
    return _train(config, config.train, row, seed, (images[0], images[1]), scratch_dir)


def _train_on_set(config: Latent, family: str, row: Row, seed: int, scratch_dir: Path) -> Trained[LatentMaskRCNN]:
    from accelerate import PartialState

    data = {"objects": config.objects, "aisle": config.aisle, "apparel": config.apparel_5k}[row.data]
    folder = SETS / family
    with PartialState().main_process_first():  # of several that train together, one makes the set
        if data.real is None and not (folder / "test-answers.npz").exists():
            folder.mkdir(parents=True, exist_ok=True)
            collect_set(folder, data, scratch_dir=scratch_dir)
    settings = dataclasses.replace(
        config.train, start_steps=config.sets.start_steps, evaluate_every=config.sets.evaluate_every
    )
    images = open_split(data, folder, "train"), open_split(data, folder, "validation")
    return _train(config, settings, row, seed, images, scratch_dir)


def _train(
    config: Latent,
    settings: TrainConfig,
    row: Row,
    seed: int,
    images: tuple[LabelledImages, LabelledImages],
    scratch_dir: Path,
) -> Trained[LatentMaskRCNN]:
    return train_row(
        row,
        seed,
        *images,
        train=settings,
        mask_rcnn=config.mask_rcnn,
        latent=config.latent,
        pretrained=load_pretrained(settings.weights, config.mask_rcnn.backbone, location=settings.location),
        scratch_dir=scratch_dir,
    )
