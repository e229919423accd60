"""The whole method on one's own images: labels and unlabelled grasps in, a model out (`selfsup` paper, §III-B).

    labels    COCO JSON with the images beside it (`graspbook.data.coco`); about 100 images in the paper
    grasps    unlabelled grasps, photographed before and after (`graspbook.data.folder`); 110,000 in the paper
    out       model.safetensors   the trained Mask2Former
              objects.parquet     the object bank that was cut out of the grasps
              history.csv         loss and AP on held-out labelled images
              composites.png      some of the images that it learned from

From a shell: `graspbook selfsup train --labels coco.json --grasps FOLDER --out OUT`.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graspbook.core.atomic import check_apart, check_replaceable, new_folder, real_folder
from graspbook.core.errors import InputError
from graspbook.core.memory import check_memory
from graspbook.core.notices import say
from graspbook.core.progress import progress
from graspbook.data.coco import CocoScenes, LabelledScene
from graspbook.data.folder import open_grasps
from graspbook.data.images import write_png
from graspbook.instances.model import InstanceModel
from graspbook.instances.registry import build_instance_model, save_instance_model
from graspbook.nn.weights import Pretrained
from graspbook.reporting.plotting import outlined
from graspbook.reporting.tables import write_csv
from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter
from graspbook.selfsup.instance_segmentation.batches import BatchSampler
from graspbook.selfsup.instance_segmentation.config import OwnDataConfig
from graspbook.selfsup.instance_segmentation.train import train_instance_model
from graspbook.selfsup.pasting.bank import ObjectBank, collect_objects
from graspbook.selfsup.pasting.paste import paste
from graspbook.selfsup.pasting.sources import ModelSource

MODEL = "model.safetensors"
BYTES = 500
"""Of memory that a pixel of a training batch takes at least."""
_SHEET = (4, 3)  # columns and rows of composites.png


@dataclass(frozen=True)
class OwnDataResult:
    """What came of it.

    Attributes:
        n_labelled: images learned from.
        n_held_out: images measured on.
        n_grasps: unlabelled grasps looked at.
        n_objects: objects cut out of them.
        best_ap: highest AP on the held-out images, percent.
    """

    n_labelled: int
    n_held_out: int
    n_grasps: int
    n_objects: int
    best_ap: float


def train_on_own_data(
    labels: Path | str,
    grasps: Path | str,
    segmenter: GraspSegmenter,
    out: Path | str,
    config: OwnDataConfig,
    pretrained: Pretrained | None = None,
    start: InstanceModel | None = None,
    images: Path | str | None = None,
) -> OwnDataResult:
    """Cut objects out of unlabelled grasps, paste them on labelled images, and train Mask2Former on the result.

    Interrupted and called again, it goes on: with cutting after the last whole shard of grasps, or with training
    after the last checkpoint (the objects are then cut once more). Both wait in a hidden folder beside `out`.

    Args:
        labels: COCO JSON file.
        grasps: folder of grasps in either layout.
        segmenter: grasp segmentation model that finds the object of a grasp.
        out: folder to make; one made by an earlier call is replaced.
        config: how.
        pretrained: weights of the backbone, or None for random ones.
        start: a trained Mask2Former to go on from, which knows objects from background already and needs far
            fewer steps; it is trained in place, and `config.model` and `pretrained` are not looked at.
        images: folder of the labelled images, or None for those beside the JSON file; see `CocoScenes`.

    Raises:
        InputError: something is wrong with the labels or grasps, or `out` holds what was not made here; said before the
            training begins, by file and field.
    """
    out, seed = real_folder(Path(out)), config.training.seed
    check_replaceable(out)
    check_apart(out, labels, grasps, images)
    scratch = out.with_name(f".{out.name}.scratch")
    scenes = CocoScenes(labels, config.height, images)
    height, width = scenes.size
    check_memory(BYTES * height * width * config.training.batch_size, f"batches of {width}x{height} pixels")
    learned, held_out = hold_out(scenes, config.held_out, seed)
    if not held_out.truth()["annotations"]:
        raise InputError(
            f"{scenes.path}: expected at least one labelled object in the images held out to measure on, "
            f"{', '.join(held_out.names)}; label one or choose another seed"
        )
    _check_images(scenes)
    found = open_grasps(grasps)
    with new_folder(out) as folder:
        source = ModelSource(segmenter, config.filter, config.filtered)
        collect_objects(source, found, folder / "objects.parquet", scratch, "own")
        bank = ObjectBank(folder / "objects.parquet", config.height)
        if len(bank) == 0:
            raise InputError(
                f"{found.path}: expected at least one object to cut out, the model found none in {len(found)} grasps"
            )
        write_png(folder / "composites.png", composite_sheet(learned, bank, config))
        supply = BatchSampler(learned, config.training.batch_size, seed, config=config.pasting, bank=bank)
        model = start or build_instance_model("mask2former", config.model, pretrained, seed)
        trained = train_instance_model(model, config.training, supply, held_out, scratch)
        write_csv(trained.history, folder / "history.csv")
        save_instance_model(trained.model, "mask2former", folder / MODEL)
    shutil.rmtree(scratch, ignore_errors=True)
    best = float(trained.history["validation_ap"].max())
    return OwnDataResult(len(learned), len(held_out), len(found), len(bank), best)


def _check_images(scenes: CocoScenes) -> None:
    """Read every image before anything is made of one, and say which objects are left out."""
    refused, shown = [], 0
    for index in progress(range(len(scenes)), "checking images", len(scenes)):
        try:
            shown += np.count_nonzero(np.unique(scenes[index].ids))
        except InputError as error:
            refused.append(f"  {error}")
    if refused:
        listed = "\n".join(refused)
        raise InputError(f"{scenes.path}: {len(refused)} of {len(scenes)} images cannot be used:\n{listed}")
    if shown < scenes.annotated:
        size = "{}x{}".format(*scenes.size)
        say(
            f"{scenes.path}: {scenes.annotated - shown} of {scenes.annotated} objects are left out: at {size} pixels "
            "they have none, or others cover them"
        )


def hold_out(scenes: CocoScenes, part: float, seed: int) -> tuple[CocoScenes, CocoScenes]:
    """Labelled images to learn from and to measure on; images of one bin (`groups`) stay together.

    Args:
        scenes: all labelled images.
        part: of the images, to measure on, 0..1; at least one group, and never all.
        seed: of the choice.

    Raises:
        InputError: there are not at least two groups of images.
    """
    groups = np.unique(scenes.groups)
    if len(groups) < 2:
        raise InputError(
            f"{scenes.path}: expected at least 2 images (of different bins): one to learn from, one to measure"
        )
    order = np.random.default_rng(seed).permutation(groups)
    sizes = np.array([(scenes.groups == group).sum() for group in order])
    enough = int(np.searchsorted(np.cumsum(sizes), part * len(scenes))) + 1
    chosen = np.isin(scenes.groups, order[: min(enough, len(groups) - 1)])
    return scenes.subset(np.flatnonzero(~chosen)), scenes.subset(np.flatnonzero(chosen))


def composite_sheet(scenes: CocoScenes, bank: ObjectBank, config: OwnDataConfig) -> np.ndarray:
    """Images with objects pasted, as the model learns from them, labels outlined in white.

    Returns:
        uint8 RGB, 4 images wide and 3 high.
    """
    pictures = []
    columns, rows = _SHEET
    for number in range(columns * rows):
        rng = np.random.default_rng([config.training.seed, number])
        scene: LabelledScene = scenes[int(rng.integers(len(scenes)))]
        composite = paste(scene, bank, rng, config.pasting)
        picture = composite.image
        for value in np.unique(composite.ids[composite.ids > 0]):
            picture = outlined(picture, composite.ids == value)
        pictures.append(picture)
    return np.vstack([np.hstack(pictures[row * columns : (row + 1) * columns]) for row in range(rows)])
