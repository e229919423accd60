"""How good the robots are after a round of learning without labels (ours, see `continual`).

Each picks from bins of known objects and from bins of new ones, the same bins in every round; and its AP is measured
on labelled images of both kinds. Nothing of this is learned from.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from graspbook.core.atomic import new_file
from graspbook.data.coco import CocoScenes
from graspbook.instances.average_precision import bootstrap_ap, match_detections
from graspbook.instances.detection_table import tabulate
from graspbook.instances.model import predict_instances
from graspbook.instances.registry import load_instance_model
from graspbook.reporting.tables import write_csv
from graspbook.selfsup.instance_segmentation.areas import object_areas
from graspbook.selfsup.picking.config import ContinualConfig
from graspbook.selfsup.picking.continual import ROBOTS
from graspbook.selfsup.picking.pick_stats import error_rate
from graspbook.selfsup.picking.robot import ModelSegmenter
from graspbook.world.bin.collect_picks import collect_picks
from graspbook.world.bin.picks import read_picks
from graspbook.world.config import WorldConfig

SHARES = {"known": 0.0, "new": 1.0}
"""The kinds of bins, and which share of their objects is new."""


def measure_round(
    models: Path,
    number: int,
    config: ContinualConfig,
    world: WorldConfig,
    images: Mapping[str, CocoScenes],
    folder: Path,
    data_dir: Path | str = "data",
    scratch_dir: Path | str = "scratch",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure all robots; in round 0, when nobody has learned anything yet, they are one and the same.

    Args:
        models: folder of the round, as `continual.keep_round` wrote it.
        number: of the round.
        config: bins, attempts, and replicates.
        world: the cell.
        images: labelled images of each of `SHARES`, at the height that the models see.
        folder: for attempts.
        data_dir: holds `catalogue/`.
        scratch_dir: where finished episodes wait.

    Returns:
        One row per robot, columns round (the robot's name and the number), error_known, ap_known, error_new, ap_new,
        in per cent; and bootstrap replicates of them, with a column replicate.
    """
    points, resampled = [], []
    for robot, name in ROBOTS.items():
        if number > 0 or not points:
            weights = Path(models) / f"{robot}.safetensors"
            point, drawn = measure_robot(weights, config, world, images, Path(folder), data_dir, scratch_dir)
        title = f"{name}, round {number}"
        points.append({"round": title} | point)
        resampled.append(drawn.assign(round=title))
    return pd.DataFrame(points), pd.concat(resampled)


def measure_robot(
    weights: Path,
    config: ContinualConfig,
    world: WorldConfig,
    images: Mapping[str, CocoScenes],
    folder: Path,
    data_dir: Path | str = "data",
    scratch_dir: Path | str = "scratch",
) -> tuple[dict[str, float], pd.DataFrame]:
    """The grasp error rate and the AP of a model on each kind of bin; for arguments and units see `measure_round`."""
    model, robot = load_instance_model(weights), weights.stem
    point, drawn = {}, {"replicate": np.arange(config.replicates)}
    for kind, share in SHARES.items():
        scenes = images[kind]
        file = collect_picks(
            folder / f"{robot}-{kind}.parquet",
            config.seed,
            world,
            ModelSegmenter(weights, scenes.size[0], config.threshold),
            episodes=config.test_bins,
            attempts=config.attempts,
            share_new=share,
            data_dir=data_dir,
            scratch_dir=scratch_dir,
        )
        found = tabulate(scenes.names, (predict_instances(model, scene.image[None])[0] for scene in scenes))
        matches = match_detections(scenes.truth(), found, object_areas(scenes.size[0]))
        rng = np.random.default_rng(config.seed)
        measured = {
            "error": error_rate({robot: read_picks(file)}, config.replicates, config.seed),
            "ap": bootstrap_ap({robot: matches}, scenes.groups, config.replicates, rng),
        }
        for metric, (value, replicates) in measured.items():
            point[f"{metric}_{kind}"] = value[metric].iat[0]
            drawn[f"{metric}_{kind}"] = replicates[metric].to_numpy()
    return point, pd.DataFrame(drawn)


def write_scores(folder: Path, table: pd.DataFrame, replicates: pd.DataFrame) -> None:
    """Write `round.csv` and `round.replicates.parquet` (metrics in single precision).

    Args:
        folder: where to.
        table: as from `measure_round`, maybe with further columns.
        replicates: from `measure_round`.
    """
    write_csv(table, Path(folder) / "round.csv")
    metrics = [column for column in replicates if column not in ("replicate", "round")]
    with new_file(Path(folder) / "round.replicates.parquet") as file:
        replicates.astype(dict.fromkeys(metrics, "float32")).to_parquet(file, index=False, compression="zstd")
