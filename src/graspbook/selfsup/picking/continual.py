"""A round of learning without labels (`selfsup` paper, §I and §VI claim it; how it is done here is ours).

Three robots go through the rounds side by side, from the same model with few labels. The one with its *own grasps*
picks with its current model; what held is segmented by the grasp segmentation model, which stays as it is, and joins a
bank of objects to paste. The bank grows: what was collected once stays useful, and a model that is trained on the
newest objects alone would forget. The two others are its controls, and learn for as many steps from the same labelled
images: *Paste-Train*, named after the row of Table II, pastes the objects of these images themselves; the one with
*labels alone* pastes nothing. How good the three are after a round, `round_scores` measures.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as arrow

from graspbook.core.atomic import new_folder
from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes
from graspbook.data.grasps import GraspDataset
from graspbook.instances.model import InstanceModel
from graspbook.instances.registry import load_instance_model, save_instance_model
from graspbook.selfsup.inpainting.inpaint import Inpainter
from graspbook.selfsup.instance_segmentation.batches import BatchSampler, Scenes
from graspbook.selfsup.instance_segmentation.config import SegmentTrainConfig
from graspbook.selfsup.instance_segmentation.train import train_instance_model
from graspbook.selfsup.pasting.bank import ObjectBank, collect_objects
from graspbook.selfsup.pasting.bank_file import bank_metadata, read_bank, write_bank
from graspbook.selfsup.pasting.config import PasteConfig
from graspbook.selfsup.pasting.sources import MaskSource
from graspbook.selfsup.picking.config import ContinualConfig
from graspbook.training.fit import Trained
from graspbook.world.bin.collect_picks import collect_picks
from graspbook.world.bin.picks import read_picks
from graspbook.world.bin.segmenter import Segmenter
from graspbook.world.config import WorldConfig

ROBOTS = {"own": "Own grasps", "pasted": "Paste-Train", "labels": "Labels alone"}
"""The robots: the stem of their files, and their names."""

FIRST_MODEL, BANK = "model.safetensors", "bank.parquet"
"""In the folder that round 0 goes on from, and in that of each round."""


@dataclass(frozen=True)
class Picked:
    """What a robot did in a round.

    Attributes:
        picks: its attempts, as `read_picks` gives them.
        grasps: those in which something hung on the cups until they let go, which is all that the gauges tell: two
            objects that came out together are kept as well. None if there was none.
    """

    picks: pd.DataFrame
    grasps: GraspDataset | None


def weights_before(previous: Path, number: int) -> dict[str, Path]:
    """The model file that each robot enters a round with.

    Args:
        previous: folder of the round before, or of the model that round 0 starts from.
        number: of the round.
    """
    return {robot: Path(previous) / (f"{robot}.safetensors" if number else FIRST_MODEL) for robot in ROBOTS}


def share_of_new(config: ContinualConfig, number: int) -> float:
    """Which share of the objects in the bins of a round is new."""
    return config.share_new if number >= config.enter_round else 0.0


def pick_round(
    config: ContinualConfig,
    number: int,
    world: WorldConfig,
    segmenter: Segmenter,
    folder: Path,
    data_dir: Path | str = "data",
    scratch_dir: Path | str = "scratch",
) -> Picked:
    """Let a robot pick; every round has other bins.

    Args:
        config: how long.
        number: of the round.
        world: the cell.
        segmenter: what the robot sees with.
        folder: for its attempts and grasps.
        data_dir: holds `catalogue/`.
        scratch_dir: where finished episodes wait.
    """
    grasps = Path(folder) / "grasps"
    shutil.rmtree(grasps, ignore_errors=True)  # a run that was killed may have left others
    file = collect_picks(
        Path(folder) / "picks.parquet",
        1000 * config.seed + number,
        world,
        segmenter,
        episodes=config.bins,
        attempts=config.attempts,
        share_new=share_of_new(config, number),
        data_dir=data_dir,
        scratch_dir=scratch_dir,
        grasps_out=grasps,
    )
    return Picked(read_picks(file), GraspDataset(grasps) if grasps.exists() else None)


def grow_bank(
    previous: Path,
    grasps: GraspDataset | None,
    source: MaskSource,
    number: int,
    folder: Path,
    scratch_dir: Path | str = "scratch",
) -> Path | None:
    """The objects of all rounds so far: the bank of the round before, and what is cut out of this round's grasps.

    Args:
        previous: folder of the round before; one without a bank is as good as an empty bank.
        grasps: of this round.
        source: segments them.
        number: of the round.
        folder: for the bank.
        scratch_dir: where finished shards wait.

    Returns:
        The bank's file; None as long as nothing was ever grasped.
    """
    parts = [path for path in [Path(previous) / BANK] if path.exists()]
    if grasps is not None:
        parts.append(collect_objects(source, grasps, Path(folder) / "new.parquet", scratch_dir, f"round {number}"))
    return join_banks(parts, Path(folder) / BANK, f"rounds 1 to {number}") if parts else None


def join_banks(parts: Sequence[Path], out: Path, name: str) -> Path:
    """One bank of several, in their order; grasps are counted on from one to the next.

    Args:
        parts: at least one object bank.
        out: the Parquet file to write, whole or not at all; may be one of `parts`.
        name: of the new bank's source.

    Raises:
        InputError: there is no part, or one of them is no bank.
    """
    if not parts:
        raise InputError(f"{out}: expected at least one object bank to join")
    tables, grasps = [], 0
    for path in parts:
        table, metadata = read_bank(Path(path))
        place = table.schema.get_field_index("number")
        shifted = [number + grasps for number in table["number"].to_pylist()]
        tables.append(table.set_column(place, table.schema.field(place), arrow.array(shifted, arrow.int32())))
        grasps += metadata["grasps"]
    write_bank(tables, Path(out), bank_metadata(name, grasps))
    return Path(out)


def round_batches(
    config: ContinualConfig,
    number: int,
    scenes: Scenes,
    pasting: PasteConfig,
    banks: Mapping[str, ObjectBank | None],
    inpainter: Inpainter | None,
    dilate: float,
) -> dict[str, BatchSampler]:
    """What each robot learns from in a round: labelled images, with the objects of its bank pasted or as they are.

    Args:
        config: batch size and seed.
        number: of the round; each has other batches.
        scenes: labelled images.
        pasting: how objects are pasted.
        banks: of the robots that paste; as long as one has no objects, nothing is pasted.
        inpainter: repaints the outlines of what is pasted, or None.
        dilate: by how many pixels of a 640x960 image they are widened for that.
    """
    batches, seed = {}, 100 * config.seed + number
    for robot in ROBOTS:
        bank, pasted = banks.get(robot), {}
        if bank is not None and len(bank):
            pasted = {"bank": bank, "inpainter": inpainter, "dilate": dilate}
        batches[robot] = BatchSampler(scenes, config.batch_size, seed, config=pasting, **pasted)
    return batches


def train_round(
    weights: Mapping[str, Path],
    batches: Mapping[str, BatchSampler],
    training: SegmentTrainConfig,
    validation: CocoScenes,
    scratch_dir: Path | str = "scratch",
) -> dict[str, Trained[InstanceModel]]:
    """Train each robot's model from where it stands; a killed training goes on.

    Args:
        weights: from `weights_before`.
        batches: from `round_batches`.
        training: see `ContinualConfig.training`.
        validation: labelled images to evaluate on, which decides nothing.
        scratch_dir: ignored folder.
    """
    trained = {}
    for robot in ROBOTS:
        model = load_instance_model(weights[robot])
        trained[robot] = train_instance_model(model, training, batches[robot], validation, Path(scratch_dir))
    return trained


def keep_round(
    out: Path, weights: Mapping[str, Path], trained: Mapping[str, Trained[InstanceModel]], bank: Path | None
) -> None:
    """Write what the next round goes on from, whole or not at all: a model per robot, and the bank.

    Args:
        out: the round's folder.
        weights: what the robots entered the round with, kept by those that have learned nothing.
        trained: from `train_round`; empty in round 0.
        bank: from `grow_bank`.
    """
    with new_folder(Path(out)) as folder:
        for robot in ROBOTS:
            file = folder / f"{robot}.safetensors"
            if robot in trained:
                save_instance_model(trained[robot].model, "mask2former", file)
            else:
                shutil.copy(weights[robot], file)
        if bank is not None:
            shutil.copy(bank, folder / BANK)
