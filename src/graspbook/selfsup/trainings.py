"""The trainings of Table I (`models`) and of Table II (`rows`) as `graspbook train` runs them.

What they learn from, the stages before them have made: grasps, labelled images, object banks, the model that all rows
start from.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from graspbook.data.coco import CocoScenes
from graspbook.data.grasps import GraspDataset
from graspbook.instances.model import InstanceModel
from graspbook.nn.weights import load_pretrained
from graspbook.selfsup.grasp_segmentation.augment import Augmentation
from graspbook.selfsup.grasp_segmentation.config import GraspModel
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter, build_grasp_segmenter
from graspbook.selfsup.grasp_segmentation.train import train_grasp_segmenter
from graspbook.selfsup.inpainting.inpaint import open_inpainter
from graspbook.selfsup.instance_segmentation.batches import BatchSampler, SingleObjects, labelled
from graspbook.selfsup.instance_segmentation.config import Row
from graspbook.selfsup.instance_segmentation.rows import train_row
from graspbook.selfsup.pasting.bank import ObjectBank
from graspbook.selfsup.schema import Selfsup
from graspbook.training.fit import Trained
from graspbook.training.rows import RowTraining

GRASPS, SCENES, BANKS, MODELS = (Path("artifacts/selfsup") / name for name in ("grasps", "scenes", "banks", "models"))
START, INPAINT = MODELS / "generic-start.safetensors", MODELS / "inpaint.safetensors"


def trainings(config: Selfsup) -> dict[str, RowTraining]:
    """Every model of Table I and every row of Table II by its name.

    A row that the page `luck` trains again has that page's seeds, too.

    Args:
        config: All sections of the paper's parameters.
    """
    found = {
        name: RowTraining(
            f"train@{name}", (config.train.seed,), (GRASPS / "train",), partial(_train_model, config, model)
        )
        for name, model in config.models.items()
    }
    for name, row in config.rows.items():
        seeds = config.segment.seed, *(config.luck.seeds if name in config.luck.rows else ())
        found[name] = RowTraining(f"segment@{name}", seeds, _needs(config, row), partial(_train_row, config, row))
    return found


def _needs(config: Selfsup, row: Row) -> tuple[Path, ...]:
    needs = [SCENES / "train", SCENES / "validation"]
    if row.bank != "none":
        needs.append(BANKS / f"{row.bank}.parquet")
    if row.single:
        needs.append(GRASPS / "unlabelled")
    if row.inpaint and config.inpainter.engine == "bundled":
        needs.append(INPAINT)
    if row.model == "mask2former" and config.segment.start == "generic":
        needs.append(START)
    return tuple(needs)


def _train_model(config: Selfsup, model: GraspModel, seed: int, scratch_dir: Path) -> Trained[GraspSegmenter]:
    settings = config.train
    drawn = GraspDataset(GRASPS / "train").successful().labelled(settings.held_out + model.labels, seed)
    validation = drawn.subset(range(settings.held_out)).arrays()
    learned_from = drawn.subset(range(settings.held_out, settings.held_out + model.labels)).arrays()
    pretrained = load_pretrained(settings.weights, settings.network.backbone, location=settings.location)
    segmenter = build_grasp_segmenter(settings.network, pretrained, seed)
    augmentation = Augmentation() if model.augment else None
    return train_grasp_segmenter(segmenter, settings, learned_from, validation, scratch_dir, augmentation=augmentation)


def _train_row(config: Selfsup, row: Row, seed: int, scratch_dir: Path) -> Trained[InstanceModel]:
    training, height = replace(config.segment, seed=seed), config.network.height
    scenes = labelled(CocoScenes(SCENES / "train/annotations.json", height), row.labels)
    validation = CocoScenes(SCENES / "validation/annotations.json", height)
    validation = validation.subset(range(min(training.validation, len(validation))))
    objects = singles = inpainter = None
    if row.bank != "none":
        objects = ObjectBank(BANKS / f"{row.bank}.parquet", height)
        objects = objects if row.grasps is None else objects.first(row.grasps)
    if row.single:
        singles = SingleObjects(GraspDataset(GRASPS / "unlabelled").successful(), objects, scenes.size)
    if row.inpaint:
        inpainter = open_inpainter(config.inpainter, INPAINT)
    batches = BatchSampler(
        scenes,
        training.batch_size,
        seed,
        bank=None if row.single else objects,
        config=config.pasting,
        inpainter=inpainter,
        dilate=config.inpainter.dilate,
        singles=singles,
    )
    return train_row(row, batches, validation, config.network, training, START, scratch_dir)
