"""Picks as a file, and many episodes of picking in parallel: resumable, the same bytes whatever the workers (§VI-A).

One Parquet file holds the attempts of one segmenter, one row each:

    episode, attempt    int32   numbers, from 0
    bin                 int32   0 or 1, where it was picked from
    outcome             string  one of `graspbook.world.picking.PICK_OUTCOMES`
    n_objects           int32   in that bin
    n_masks             int32   that the segmenter found
    score               float32 of the chosen mask; null where none was chosen
    planned_cups        int32   that the plan lands on the chosen mask
    height, width       int32   of the images, pixels
    mask_rle            string  the chosen mask, COCO counts; null where none was chosen
    cup_sealed          bool    [5]
    cup_ids             int32   [5], the item under each cup, 0 = none
    cup_u, cup_v        float32 [5], pixel coordinates of the cups; NaN where the tool never pressed
    ids_png             binary  true object ids, grey PNG
    image_png           binary  what the camera saw, RGB PNG; null for successes, which nobody looks at again

Workers store finished episodes in a scratch folder, as `graspbook.world.collect` does: see there.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import joblib
import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet

from graspbook.data.atomic import new_folder
from graspbook.data.grasps import GraspDataset
from graspbook.data.rle import decode_mask, encode_mask
from graspbook.data.schema import TABLE
from graspbook.data.writer import GraspWriter
from graspbook.errors import InputError
from graspbook.progress import progress
from graspbook.training.fingerprint import modules_of
from graspbook.workers import worker_count
from graspbook.world.collect import episode_key, load_tools
from graspbook.world.config import WorldConfig
from graspbook.world.picking import PICK_OUTCOMES, Pick, run_picking
from graspbook.world.segmenter import Segmenter

PICK_SCHEMA = arrow.schema(
    [
        ("episode", arrow.int32()),
        ("attempt", arrow.int32()),
        ("bin", arrow.int32()),
        ("outcome", arrow.string()),
        ("n_objects", arrow.int32()),
        ("n_masks", arrow.int32()),
        ("score", arrow.float32()),
        ("planned_cups", arrow.int32()),
        ("height", arrow.int32()),
        ("width", arrow.int32()),
        ("mask_rle", arrow.string()),
        ("cup_sealed", arrow.list_(arrow.bool_())),
        ("cup_ids", arrow.list_(arrow.int32())),
        ("cup_u", arrow.list_(arrow.float32())),
        ("cup_v", arrow.list_(arrow.float32())),
        ("ids_png", arrow.binary()),
        ("image_png", arrow.binary()),
    ]
)
_PICKS, _GRASPS = "picks.parquet", "grasps"
"""What the folder of a stored episode holds."""


@dataclasses.dataclass(frozen=True)
class PickJob:
    """Everything that decides an episode, besides its number; see `collect_picks`."""

    seed: int
    config: WorldConfig
    segmenter: Segmenter
    attempts: int
    share_new: float
    data_dir: str

    def key(self) -> str:
        """A hash of the job, of the catalogue's bytes and of the code that makes episodes."""
        settings = [self.seed, dataclasses.asdict(self.config), self.segmenter.key, self.attempts, self.share_new]
        return episode_key(settings, Path(self.data_dir), __name__, *modules_of(self.segmenter))


def collect_picks(
    out: Path | str,
    seed: int,
    config: WorldConfig,
    segmenter: Segmenter,
    *,
    episodes: int,
    attempts: int,
    share_new: float,
    workers: int | None = None,
    data_dir: Path | str = "data",
    scratch_dir: Path | str = "scratch",
    grasps_out: Path | str | None = None,
) -> Path:
    """Lets the robot pick with one segmenter, in episodes 0 to `episodes` - 1.

    Args:
        out: the file to write. It appears only when whole.
        seed: decides everything, together with the arguments above and below up to `share_new`.
        config: the world.
        segmenter: what tells the robot where objects are; must survive pickling.
        episodes: how many.
        attempts: of each episode, at most.
        share_new: probability that an item is of the test objects, 0..1.
        workers: how many processes work on episodes; `worker_count` by default. The result does not depend on it.
        data_dir: holds `catalogue/`.
        scratch_dir: where finished episodes wait; emptied of them when everything is written.
        grasps_out: folder of a grasp data set (the layout of `graspbook.data.grasps`) to make of the picks that held
            as far as the gauges tell (`Pick.held`); a grasp's index is its attempt. Without any, no folder is made.

    Returns:
        `out`.

    Raises:
        InputError: on a bad argument.
    """
    workers = worker_count() if workers is None else workers
    if min(episodes, attempts, workers) < 1:
        raise InputError(f"episodes, attempts, workers: expected at least 1, got {episodes}, {attempts}, {workers}")
    if not 0 <= share_new <= 1:
        raise InputError(f"share_new: expected 0 to 1, got {share_new!r}")
    out, data_dir = Path(out), str(Path(data_dir).resolve())
    job = PickJob(seed, config, segmenter, attempts, share_new, data_dir)
    load_tools(data_dir)  # a faulty catalogue shows now, not in a worker
    folder = Path(scratch_dir).resolve() / f"picks-{job.key()}"
    folder.mkdir(parents=True, exist_ok=True)
    tasks = (joblib.delayed(store_picks)(job, number, folder) for number in range(episodes))
    stored = joblib.Parallel(n_jobs=workers, return_as="generator")(tasks)
    paths = list(progress(stored, desc=f"episodes ({segmenter.key})", total=episodes))
    _join_picks(out, paths)
    if grasps_out is not None:
        _join_grasps(Path(grasps_out), paths)
    shutil.rmtree(folder)
    return out


def store_picks(job: PickJob, number: int, folder: Path) -> Path:
    """Runs an episode and stores its picks and the grasps that held, unless it is stored already.

    Args:
        job: what decides it.
        number: of the episode.
        folder: of the job's episodes.

    Returns:
        The episode's folder.
    """
    path = folder / f"e{number:05d}"
    if path.exists():
        return path
    catalogue, renderer = load_tools(job.data_dir)
    options = {"attempts": job.attempts, "share_new": job.share_new, "renderer": renderer}
    picks = run_picking(job.seed, catalogue, job.config, job.segmenter, number, **options)
    rows = []
    with new_folder(path, _PICKS) as partial, GraspWriter(partial / _GRASPS) as writer:
        for pick in picks:
            rows.append(pick_row(pick))
            if pick.held:
                writer.add(pick.grasp)
        parquet.write_table(arrow.Table.from_pylist(rows, PICK_SCHEMA), partial / _PICKS)
    return path


def pick_row(pick: Pick) -> dict:
    """One attempt as a row of the file."""
    masks, scores = pick.detections.masks, pick.detections.scores
    chosen = pick.chosen >= 0
    return {
        "episode": int(pick.episode),
        "attempt": int(pick.attempt),
        "bin": int(pick.bin),
        "outcome": pick.outcome,
        "n_objects": int(pick.n_objects),
        "n_masks": len(masks),
        "score": float(scores[pick.chosen]) if chosen else None,
        "planned_cups": int(pick.planned_cups),
        "height": pick.ids.shape[0],
        "width": pick.ids.shape[1],
        "mask_rle": encode_mask(masks[pick.chosen]) if chosen else None,
        "cup_sealed": [bool(sealed) for sealed in pick.cup_sealed],
        "cup_ids": [int(value) for value in pick.cup_ids],
        "cup_u": [float(u) for u in pick.cup_uv[:, 0]],
        "cup_v": [float(v) for v in pick.cup_uv[:, 1]],
        "ids_png": _png(pick.ids),
        "image_png": None if pick.outcome == "success" else _png(cv2.cvtColor(pick.image, cv2.COLOR_RGB2BGR)),
    }


def read_picks(path: Path | str) -> pd.DataFrame:
    """Reads what `collect_picks` wrote, one row per attempt, in the order of episodes and attempts.

    Raises:
        InputError: no such file, no Parquet file, a column that is missing or of the wrong type, or an unknown
            outcome; the message names the file and the column.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: expected the picks of a segmenter (Parquet), there is no such file")
    try:
        table = parquet.read_table(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: expected a Parquet file ({error})") from error
    for field in PICK_SCHEMA:
        if field.name not in table.column_names:
            raise InputError(f"{path}: column {field.name} is missing; expected {', '.join(PICK_SCHEMA.names)}")
        found = table.schema.field(field.name).type
        if found != field.type:
            raise InputError(f"{path}: column {field.name}: expected {field.type}, found {found}")
    picks = table.select(PICK_SCHEMA.names).to_pandas()
    for row in np.flatnonzero(~picks["outcome"].isin(PICK_OUTCOMES)):
        found = picks["outcome"].iat[row]
        raise InputError(
            f"{path}: column outcome: row {row}: expected one of {', '.join(PICK_OUTCOMES)}, got {found!r}"
        )
    return picks


def chosen_mask(row: Mapping) -> np.ndarray | None:
    """The mask that a row of `read_picks` was planned on, bool [H, W]; None where none was chosen."""
    return None if pd.isna(row["mask_rle"]) else decode_mask(row["mask_rle"], row["height"], row["width"])


def true_ids(row: Mapping) -> np.ndarray:
    """The true object ids of a row of `read_picks`, uint8 [H, W], 0 = background."""
    return cv2.imdecode(np.frombuffer(row["ids_png"], np.uint8), cv2.IMREAD_UNCHANGED)


def seen_image(row: Mapping) -> np.ndarray:
    """What the camera saw before an attempt that failed, uint8 RGB [H, W, 3].

    Raises:
        InputError: the attempt succeeded; its picture was not kept.
    """
    if row["image_png"] is None:
        raise InputError(f"episode {row['episode']}, attempt {row['attempt']}: image_png: not kept, it succeeded")
    return cv2.imdecode(np.frombuffer(row["image_png"], np.uint8), cv2.IMREAD_COLOR_RGB)


def _join_picks(out: Path, paths: Iterable[Path]) -> None:
    """One file of the stored episodes' picks, whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with parquet.ParquetWriter(temporary, PICK_SCHEMA, compression="zstd") as writer:
            for path in paths:
                writer.write_table(parquet.read_table(path / _PICKS).cast(PICK_SCHEMA))
        os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)


def _join_grasps(out: Path, paths: Iterable[Path]) -> None:
    """One grasp data set of the stored episodes' grasps that held."""
    fruitful = [path for path in paths if parquet.read_metadata(path / _GRASPS / TABLE).num_rows]
    if not fruitful:  # a robot may fail all day
        return
    with GraspWriter(out) as writer:
        for path in fruitful:
            grasps = GraspDataset(path / _GRASPS)
            for index in range(len(grasps)):
                writer.copy(grasps, index)


def _png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()
