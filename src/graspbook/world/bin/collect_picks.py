"""Many episodes of picking in parallel: resumable, the same bytes whatever the workers (`selfsup` paper, §VI-A)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import cv2
import pyarrow as arrow
import pyarrow.parquet as parquet

from graspbook.core.atomic import check_replaceable, new_file, scratch_folder
from graspbook.core.configuration import check_seed
from graspbook.core.errors import InputError
from graspbook.core.progress import progress
from graspbook.data.collect import Episodes
from graspbook.data.replay import Keep
from graspbook.data.rle import encode_mask
from graspbook.data.states import State, states_path
from graspbook.data.writer import GraspWriter
from graspbook.world.assets.catalogue import hash_catalogue
from graspbook.world.bin.collect import GRASPS, load_tools, stored_grasps
from graspbook.world.bin.pick_notes import PICKS as PICK_FIELDS
from graspbook.world.bin.pick_notes import PickNotes
from graspbook.world.bin.picking import WORTHWHILE, Pick, run_picking
from graspbook.world.bin.picks import PICK_SCHEMA, encode_png
from graspbook.world.bin.redraw_picks import redraw_picking
from graspbook.world.bin.segmenter import Segmenter
from graspbook.world.config import WorldConfig
from graspbook.world.grippers.suction.expected_seals import ExpectedSeals
from graspbook.world.grippers.suction.gripper import SuctionGripper

PICKS = "picks.parquet"
"""The table of attempts in the folder of a stored episode."""


@dataclasses.dataclass(frozen=True)
class PickEpisodes(Episodes):
    """Everything that decides an episode, besides its number; see `collect_picks`.

    Attributes:
        seed: The seed of the whole evaluation.
        config: The configuration of the world.
        segmenter: The segmenter that finds the objects.
        attempts: The largest number of attempts in an episode.
        share_new: The probability, from 0 to 1, that an object is of the test split.
        data_dir: The absolute path of the folder that holds `catalogue/`.
        gripper: The planner that chooses where to grasp.
        worthwhile: The score of a plan below which the robot first looks into the other bin.
    """

    kind = "picks"
    fields = PICK_FIELDS
    seed: int
    config: WorldConfig
    segmenter: Segmenter
    attempts: int
    share_new: float
    data_dir: str
    gripper: SuctionGripper
    worthwhile: float

    def settings(self) -> list:
        """Of the episodes, and of the catalogue its bytes."""
        own = [self.seed, dataclasses.asdict(self.config), self.segmenter.key, self.attempts, self.share_new]
        return [[*own, vars(self.gripper), self.worthwhile], hash_catalogue(self.data_dir)]

    def record(self, number: int, folder: Path) -> State:
        """Run an episode and write its picks, and the grasps that held as a data set of their own."""
        (catalogue, renderer), notes = load_tools(self.data_dir), PickNotes()
        options = {"attempts": self.attempts, "share_new": self.share_new, "notes": notes}
        options |= {"gripper": self.gripper, "worthwhile": self.worthwhile, "renderer": renderer}
        _write(folder, run_picking(self.seed, catalogue, self.config, self.segmenter, number, **options))
        return notes.state()

    def draw(self, number: int, state: State, folder: Path) -> None:
        """Write the same picks and grasps, from their state."""
        catalogue, renderer = load_tools(self.data_dir)
        options = {"share_new": self.share_new, "renderer": renderer}
        _write(folder, redraw_picking(state, self.seed, catalogue, self.config, number, **options))


def _write(folder: Path, picks: Iterable[Pick]) -> None:
    """Writes an episode's picks as they come, and the grasps that held."""
    rows = []
    with GraspWriter(folder / GRASPS, scratch_folder) as writer:
        for pick in picks:
            rows.append(pick_row(pick))
            if pick.held:
                writer.add(pick.grasp)
    parquet.write_table(arrow.Table.from_pylist(rows, PICK_SCHEMA), folder / PICKS)


def collect_picks(
    out: Path | str,
    seed: int,
    config: WorldConfig,
    segmenter: Segmenter,
    *,
    episodes: int,
    attempts: int,
    share_new: float,
    gripper: SuctionGripper | None = None,
    worthwhile: float = WORTHWHILE,
    workers: int | None = None,
    data_dir: Path | str = "data",
    scratch_dir: Path | str = "scratch",
    grasps_out: Path | str | None = None,
    keep: Keep | None = None,
) -> Path:
    """Lets the robot pick with one segmenter, in episodes 0 to `episodes` - 1.

    Args:
        out: The Parquet file to write. It appears only when whole.
        seed: The seed; with the arguments up to `worthwhile` it decides everything.
        config: The configuration of the world.
        segmenter: The segmenter that tells the robot where objects are; it must survive pickling.
        episodes: The number of episodes.
        attempts: The largest number of attempts in each episode.
        share_new: The probability, from 0 to 1, that an object is of the test split.
        gripper: The planner that chooses where to grasp; `ExpectedSeals` by default.
        worthwhile: The score of a plan below which the robot first looks into the other bin.
        workers: The number of processes that work on episodes; `worker_count` by default. The result does not depend on
            it.
        data_dir: The folder that holds `catalogue/`.
        scratch_dir: The folder where finished episodes wait; emptied of them when everything is written.
        grasps_out: The folder of a grasp data set (the layout of `graspbook.data.grasps`) to make of the picks that
            held as far as the gauges tell (`Pick.held`); a grasp's index is its attempt. By default none is written,
            nor is one where no pick held.
        keep: Whether states are kept beside the file, and what becomes of those that are there; see
            `Episodes.collected`.

    Returns:
        The path `out`.

    Raises:
        InputError: On a bad argument.
    """
    if min(episodes, attempts) < 1:
        raise InputError(f"episodes, attempts: expected at least 1, got {episodes}, {attempts}")
    check_seed(seed)
    if not 0 <= share_new <= 1:
        raise InputError(f"share_new: expected 0 to 1, got {share_new!r}")
    out, data_dir, gripper = Path(out), str(Path(data_dir).resolve()), gripper or ExpectedSeals()
    work = PickEpisodes(seed, config, segmenter, attempts, share_new, data_dir, gripper, worthwhile)
    load_tools(data_dir)  # a faulty catalogue shows now, not in a worker
    if grasps_out is not None:
        check_replaceable(Path(grasps_out))
    with work.collected(scratch_dir, workers, episodes, states=states_path(out), keep=keep) as stored:
        paths = list(progress(stored, desc=f"episodes ({segmenter.key})", total=episodes))
        _join_picks(out, paths)
        if grasps_out is not None:
            _join_grasps(Path(grasps_out), paths)
    return out


def pick_row(pick: Pick) -> dict:
    """One attempt as a row of the file.

    Args:
        pick: The attempt.

    Returns:
        The values by column, as in `graspbook.world.bin.picks.PICK_SCHEMA`.
    """
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
        "ids_png": encode_png(pick.ids),
        "image_png": None if pick.outcome == "success" else encode_png(cv2.cvtColor(pick.image, cv2.COLOR_RGB2BGR)),
    }


def _join_picks(out: Path, paths: Iterable[Path]) -> None:
    """One file of the stored episodes' picks, whole or not at all."""
    with new_file(out) as partial, parquet.ParquetWriter(partial, PICK_SCHEMA, compression="zstd") as writer:
        for path in paths:
            writer.write_table(parquet.read_table(path / PICKS).cast(PICK_SCHEMA))


def _join_grasps(out: Path, paths: Iterable[Path]) -> None:
    """One grasp data set of the stored episodes' grasps that held."""
    grasps = [grasp for path in paths for grasp in stored_grasps(path)]
    if not grasps:  # a robot may fail all day
        return
    with GraspWriter(out) as writer:
        for grasp in grasps:
            writer.copy(*grasp)
