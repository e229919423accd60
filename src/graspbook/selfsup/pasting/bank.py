"""The object bank: crops of objects that a mask source cut out of unlabelled grasps (`selfsup` paper, §III-B.1).

One Parquet file holds a bank, one row per object (see `bank_file.py`). How good the masks are is not in it: only
the simulator knows (`quality`), and the method must not.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import fingerprint
from graspbook.core.locks import scratch
from graspbook.core.progress import progress
from graspbook.data.coco import CocoScenes, resize_image, resize_mask
from graspbook.data.folder import GraspFolder
from graspbook.data.grasps import GraspDataset, stack_samples
from graspbook.data.rle import decode_mask
from graspbook.selfsup.grasp_segmentation.metrics import iou, relative_error
from graspbook.selfsup.pasting.bank_file import BANK_SCHEMA, CROP_COLUMNS, bank_metadata, cut_row, read_bank, write_bank
from graspbook.selfsup.pasting.sources import MaskSource
from graspbook.selfsup.pixels import scaled_area

ROWS_AT_ONCE = 1000
"""Objects in memory at once while a bank of labelled images is written."""

CACHED_CROPS = 10_000
"""Decoded crops that a bank keeps: all of them in `standard` (some 20 MB), at most 1 GB at the paper's size."""


@dataclass(frozen=True)
class ObjectCrop:
    """An object cut out: the pixels of its box, uint8 RGB [h, w, 3], and which are its own, bool [h, w]."""

    image: np.ndarray
    mask: np.ndarray


class ObjectBank:
    """The objects of a bank file; crops are decoded when asked for, and kept.

    Args:
        path: the Parquet file.
        height: of the images that the crops are meant for: each crop shrinks or grows by `height` over its own
            image's height. None: as they are. An object whose mask vanishes that way is left out.

    Attributes:
        table: one row per object, the file's columns but for the crops themselves.
        source: name of the mask source.
        n_grasps: how many grasps (or labelled images) the source looked at.

    Raises:
        InputError: no such file or no object bank.
    """

    def __init__(self, path: Path | str, height: int | None = None):
        self.path = Path(path)
        if height is not None and height < 1:
            raise InputError(f"height: expected at least 1 pixel, got {height}")
        content, metadata = read_bank(self.path)
        self.source: str = metadata["source"]
        self.n_grasps: int = metadata["grasps"]
        self._crops = content["crop_png"]
        self._masks: list[str] = content["mask_rle"].to_pylist()
        table = content.drop_columns(list(CROP_COLUMNS)).to_pandas()
        self._sizes = table[["h", "w"]].to_numpy()
        scale = 1.0 if height is None else height / table["height"].to_numpy()[:, None]
        self._wanted = np.maximum(1, np.rint(self._sizes * scale)).astype(int)
        self._rows = np.flatnonzero([self._mask(row).any() for row in range(len(table))])
        self.table = table.iloc[self._rows].reset_index(drop=True)
        self._decoded: dict[int, ObjectCrop] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def crop(self, index: int) -> ObjectCrop:
        """One object; not to be written to. Raises InputError where its pixels are faulty."""
        row = int(self._rows[index])
        if row not in self._decoded:
            if len(self._decoded) >= CACHED_CROPS:
                self._decoded.clear()
            self._decoded[row] = ObjectCrop(self._image(row), self._mask(row))
        return self._decoded[row]

    def first(self, n: int) -> ObjectBank:
        """A view of the objects cut from the first `n` grasps."""
        if n < 0:
            raise InputError(f"n: expected at least 0 grasps, got {n}")
        view = copy.copy(self)
        chosen = np.flatnonzero(self.table["number"] < n)
        view.table = self.table.iloc[chosen].reset_index(drop=True)
        view._rows = self._rows[chosen]
        view.n_grasps = min(n, self.n_grasps)
        return view

    def full_mask(self, index: int) -> np.ndarray:
        """The object's mask where it was found, bool [height, width] of the table's row, at the image's own size."""
        row = self.table.iloc[index]
        mask = np.zeros((row["height"], row["width"]), bool)
        box = mask[row["y"] : row["y"] + row["h"], row["x"] : row["x"] + row["w"]]
        box[:] = decode_mask(self._masks[int(self._rows[index])], *box.shape)
        return mask

    def _image(self, row: int) -> np.ndarray:
        """The crop in a row of the file, at the wanted size."""
        size = tuple(self._sizes[row])
        encoded = np.frombuffer(self._crops[row].as_py(), np.uint8)
        image = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB) if len(encoded) else None
        if image is None or image.shape[:2] != size:
            raise InputError(
                f"{self.path}: row {row}: column crop_png: expected a PNG of {size[0]}x{size[1]} pixels "
                "(columns h, w), its pixels do not decode"
            )
        return resize_image(image, tuple(self._wanted[row]))

    def _mask(self, row: int) -> np.ndarray:
        """The crop's mask in a row of the file, at the wanted size."""
        try:
            mask = decode_mask(self._masks[row], *self._sizes[row])
        except InputError as error:
            raise InputError(f"{self.path}: row {row}: column mask_rle: {error}") from None
        return resize_mask(mask, tuple(self._wanted[row]))


def collect_objects(
    source: MaskSource,
    grasps: GraspDataset | GraspFolder,
    out: Path | str,
    scratch_dir: Path | str,
    name: str,
    shard: int = 250,
    batch_size: int = 16,
) -> Path:
    """Cut the grasped objects that a source finds and keeps out of unlabelled grasps.

    Grasps are read a batch at a time, and stored shard by shard in a scratch folder that is named after
    everything the result depends on: a killed run goes on after its last whole shard, and memory does not
    grow with the number of grasps. The file appears only when it is whole; equal input gives equal bytes.

    Args:
        source: segments the grasps; sees neither labels nor the simulator's truth.
        grasps: successful grasps of one image size.
        out: the Parquet file to write.
        scratch_dir: where shards wait.
        name: of the source, kept in the file.
        shard: grasps per shard; changes how much a kill loses (and, by the last bits of a network, hardly more).
        batch_size: grasps at once.

    Returns:
        `out`.

    Raises:
        InputError: there are no grasps, one is faulty, or a number is out of range.
    """
    if shard < 1 or batch_size < 1:
        raise InputError(f"shard, batch_size: expected at least 1, got {shard}, {batch_size}")
    if not len(grasps):
        raise InputError(f"{grasps.path}: expected at least one grasp to cut an object out of")
    with scratch(Path(scratch_dir) / f"bank-{_job_key(source, grasps, shard, batch_size)}") as folder:
        starts = range(0, len(grasps), shard)
        shards = [folder / f"shard-{start:07d}.parquet" for start in starts]
        for start, file in progress(zip(starts, shards, strict=True), f"cutting ({name})", len(shards), "shard"):
            if not file.is_file():
                rows = _cut(source, grasps, range(start, min(start + shard, len(grasps))), batch_size)
                write_bank([arrow.Table.from_pylist(rows, BANK_SCHEMA)], file, {})
        write_bank((parquet.read_table(file) for file in shards), Path(out), bank_metadata(name, len(grasps)))
    return Path(out)


def bank_of_scenes(scenes: CocoScenes, out: Path | str, min_area: float = 1000.0) -> Path:
    """Cut the labelled objects out of labelled images: what Paste-Train pastes (§V).

    Args:
        scenes: at their own size; instances are cut as far as they are visible.
        out: the Parquet file to write.
        min_area: pixels, at 640x960, that must be visible. Less is a sliver between other objects; the
            default is the size from which the filter of §III-B.1 counts a contour.

    Returns:
        `out`.

    Raises:
        InputError: an image is faulty.
    """
    least = scaled_area(min_area, scenes.size[0])

    def tables() -> Iterator[arrow.Table]:
        rows = []
        for number, scene in enumerate(progress(scenes, "cutting (train)", len(scenes))):
            masks = (scene.ids == value for value in np.unique(scene.ids[scene.ids > 0]))
            rows += [cut_row(scene.name, number, scene.image, mask) for mask in masks if mask.sum() >= least]
            if len(rows) >= ROWS_AT_ONCE or number == len(scenes) - 1:
                yield arrow.Table.from_pylist(rows, BANK_SCHEMA)
                rows = []

    write_bank(tables(), Path(out), bank_metadata("train", len(scenes)))
    return Path(out)


def quality(bank: ObjectBank, dataset: GraspDataset) -> pd.DataFrame:
    """How good a bank's masks are against the simulator's truth, which the method never sees.

    Args:
        bank: cut from grasps of `dataset`.
        dataset: with visible masks.

    Returns:
        One row per object: grasp_id, iou, error (wrong pixels over true pixels, as in Table I); NaN where
        nothing of the object was visible.

    Raises:
        InputError: a grasp of the bank is not in the data set, or has no label.
    """
    places = {grasp_id: index for index, grasp_id in enumerate(dataset.table["grasp_id"])}
    rows = []
    for index, grasp_id in enumerate(bank.table["grasp_id"]):
        if grasp_id not in places:
            raise InputError(f"{bank.path}: grasp {grasp_id} is not in {dataset.path}")
        row = dataset.row(places[grasp_id])
        if row.get("visible_rle") is None:
            raise InputError(f"{dataset.path}: grasp {grasp_id} has no visible mask to compare with")
        truth = decode_mask(row["visible_rle"], row["height"], row["width"])
        found = bank.full_mask(index)
        usable = truth.any()
        rows.append(
            {
                "grasp_id": grasp_id,
                "iou": float(iou(found[None], truth[None])[0]) if usable else np.nan,
                "error": float(relative_error(found[None], truth[None])[0]) if usable else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=["grasp_id", "iou", "error"])


def _cut(source: MaskSource, grasps: GraspDataset | GraspFolder, numbers: Sequence[int], batch_size: int) -> list[dict]:
    """The rows of the objects that the source keeps among the grasps `numbers`."""
    rows = []
    for start in range(0, len(numbers), batch_size):
        chosen = numbers[start : start + batch_size]
        batch = stack_samples([grasps[number] for number in chosen])
        found = source.find(batch.before, batch.after, batch.suction)
        for place in np.flatnonzero(found.kept):
            scores = found.scores.iloc[place].to_dict()
            rows.append(cut_row(batch.grasp_ids[place], chosen[place], batch.before[place], found.masks[place], scores))
    return rows


def _job_key(source: MaskSource, grasps: GraspDataset | GraspFolder, shard: int, batch_size: int) -> str:
    """Name of the scratch folder: of the source, the grasps and their files, and how they are cut up."""
    files = [grasps.path] if grasps.path.is_file() else sorted(grasps.path.iterdir())
    # A data set appears whole or not at all, so that its table's time of writing tells its images, too.
    stamps = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    names = grasps.table["grasp_id"].tolist() if isinstance(grasps, GraspDataset) else grasps.names
    # batch_size: the last bits of a network's output hang on it
    settings = [source.key(), str(grasps.path.resolve()), stamps, names, shard, batch_size]
    return fingerprint(settings, _cut)
