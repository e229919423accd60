"""A data set of grasps on disk: `grasps.parquet`, one row per grasp (see `schema.py`), beside its images.

    FOLDER/grasps.parquet
    FOLDER/images/<grasp_id>_before.png, _after.png               8-bit RGB
    FOLDER/images/<grasp_id>_depth_before.png, _depth_after.png   16-bit grey, 0.1 mm, 0 = drop-out
    FOLDER/images/<grasp_id>_ids_before.png, _ids_after.png       8-bit grey, 0 = background

A grasp whose `before` images are the previous grasp's `after` images refers to those files.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, UInt8

from graspbook.core.errors import InputError
from graspbook.data import images, schema
from graspbook.data.rle import decode_mask

_FIELDS = ("before", "after", "suction", "visible", "amodal")


@dataclass(frozen=True)
class GraspSample:
    """One grasp: images uint8 RGB [H, W, 3], masks bool [H, W]; the labels are None where there are none.

    Attributes:
        grasp_id: The name of the grasp, unique in its data set.
        before: The image before the grasp, uint8 RGB [H, W, 3].
        after: The image after the grasp, uint8 RGB [H, W, 3].
        suction: The mask of the active suction cups' footprints in `before`, bool [H, W].
        visible: The mask of the grasped object's visible pixels in `before`, bool [H, W]; None without a label.
        amodal: The mask of the whole grasped object, hidden parts included, bool [H, W]; None without a label.
    """

    grasp_id: str
    before: np.ndarray
    after: np.ndarray
    suction: np.ndarray
    visible: np.ndarray | None
    amodal: np.ndarray | None


@dataclass(frozen=True)
class GraspArrays:
    """N grasps of one image size in memory; 100 grasps at 128x192 take 24 MB.

    Attributes:
        grasp_ids: The names of the N grasps.
        before: The RGB images before the grasps, uint8 [N, H, W, 3].
        after: The RGB images after the grasps, uint8 [N, H, W, 3].
        suction: The masks of the active suction cups' footprints in `before`, bool [N, H, W].
        visible: The masks of the grasped objects' visible pixels in `before`, bool [N, H, W]; None unless every grasp
            has one.
        amodal: The masks of the whole grasped objects, hidden parts included, bool [N, H, W]; None unless every grasp
            has one.

    Raises:
        InputError: A field has another shape or type; named by the field.
    """

    grasp_ids: tuple[str, ...]
    before: UInt8[np.ndarray, "n h w 3"]
    after: UInt8[np.ndarray, "n h w 3"]
    suction: Bool[np.ndarray, "n h w"]
    visible: Bool[np.ndarray, "n h w"] | None
    amodal: Bool[np.ndarray, "n h w"] | None

    def __post_init__(self) -> None:
        size = (len(self.grasp_ids), *self.before.shape[1:3])
        for name, array in self.pixels().items():
            shape, dtype = ((*size, 3), np.uint8) if name in ("before", "after") else (size, np.bool_)
            if array.shape != shape or array.dtype != dtype:
                raise InputError(f"{name}: expected {np.dtype(dtype)} {shape}, got {array.dtype} {array.shape}")

    def __len__(self) -> int:
        return len(self.grasp_ids)

    def pixels(self) -> dict[str, np.ndarray]:
        """The images and masks that there are, by the name of their field."""
        fields = {name: getattr(self, name) for name in _FIELDS}
        return {name: array for name, array in fields.items() if array is not None}


class GraspDataset:
    """The grasps of a folder, or of one `grasps.parquet`; images are decoded when asked for.

    Args:
        path: The data set's folder, or its Parquet file.

    Raises:
        InputError: The table is faulty (see `schema.read_table`), or an image file that it names is missing.
    """

    def __init__(self, path: Path | str):
        path = Path(path)
        self.path = path / schema.TABLE if path.is_dir() else path
        self.root = self.path.parent
        self.table = schema.read_table(self.path)
        for column in schema.IMAGE_COLUMNS:
            if column in self.table:
                for name in self.table[column].dropna().unique():
                    if not os.path.isfile(self.root / name):  # also False for a name that no file can have
                        raise InputError(f"{self.path}: column {column}: expected the file {self.root / name}")

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[GraspSample]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> GraspSample:
        """Read one grasp.

        Args:
            index: The row of the grasp in the table, from 0.

        Returns:
            The grasp with its images and masks, decoded.

        Raises:
            InputError: An image or a mask is faulty; the message names file and field.
        """
        return GraspSample(
            grasp_id=self.table["grasp_id"].iloc[index],
            before=self._image(index, "before", images.read_rgb),
            after=self._image(index, "after", images.read_rgb),
            suction=self._mask(index, "suction_rle"),
            visible=self._mask(index, "visible_rle"),
            amodal=self._mask(index, "amodal_rle"),
        )

    def arrays(self, indices: Sequence[int] | None = None) -> GraspArrays:
        """Read and stack grasps.

        Args:
            indices: The rows of the grasps, from 0; None reads all of them.

        Returns:
            The stacked images and masks of the grasps, in the order of `indices`.

        Raises:
            InputError: There are none, their sizes differ, or an image or a mask is faulty.
        """
        samples = [self[index] for index in (range(len(self)) if indices is None else indices)]
        return stack_samples(samples)

    def depth(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Read the depth images of one grasp.

        Args:
            index: The row of the grasp in the table, from 0.

        Returns:
            Depth before and after the grasp, each float32 [H, W] in metres; 0 where the sensor has no value.

        Raises:
            InputError: The grasp has no depth image, or it is faulty.
        """
        return self._image(index, "depth_before", images.read_depth), self._image(
            index, "depth_after", images.read_depth
        )

    def ids(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Read the object ids of one grasp.

        Args:
            index: The row of the grasp in the table, from 0.

        Returns:
            The object id of each pixel before and after the grasp, each uint8 [H, W]; 0 is background.

        Raises:
            InputError: The grasp has no image of object ids, or it is faulty.
        """
        return self._image(index, "ids_before", images.read_grey), self._image(index, "ids_after", images.read_grey)

    def row(self, index: int) -> dict:
        """One row as plain Python values, None for null, as `schema.write_table` takes it.

        Args:
            index: The row of the grasp in the table, from 0.
        """
        return schema.plain_row(self.table.iloc[index])

    def subset(self, indices: Sequence[int]) -> GraspDataset:
        """A view of the grasps `indices`, in that order.

        Args:
            indices: The rows of the grasps, from 0.
        """
        view = copy.copy(self)
        view.table = self.table.iloc[list(indices)].reset_index(drop=True)
        return view

    def successful(self) -> GraspDataset:
        """A view of the grasps whose outcome is "success", as the suction gauges tell (§IV-A).

        Raises:
            InputError: The table has no outcomes.
        """
        if "outcome" not in self.table:
            raise InputError(f"{self.path}: column outcome is missing; it tells which grasps succeeded")
        return self.subset(np.flatnonzero(self.table["outcome"] == "success"))

    def labelled(self, n: int, seed: int) -> GraspDataset:
        """A view of `n` grasps drawn at random among those with both labels and a visible pixel.

        The draw for a smaller `n` and the same seed is the beginning of the draw for a larger one, so that
        200 labels are the 100 and 100 more.

        Args:
            n: The number of grasps to draw.
            seed: The seed of the draw.

        Raises:
            InputError: There are fewer than `n` such grasps.
        """
        usable = np.zeros(len(self), bool)
        if "visible_rle" in self.table and "amodal_rle" in self.table:
            usable = (self.table["visible_rle"].notna() & self.table["amodal_rle"].notna()).to_numpy(bool)
            usable = usable.copy()
            usable[usable] = [self._mask(index, "visible_rle").any() for index in np.flatnonzero(usable)]
        if n > usable.sum():
            raise InputError(f"{self.path}: {n} labelled grasps were asked for, the data set has {usable.sum()}")
        return self.subset(np.random.default_rng(seed).permutation(np.flatnonzero(usable))[:n])

    def _cell(self, index: int, column: str):
        """One value of the table, None where it is null or its column is absent."""
        value = self.table[column].iat[index] if column in self.table else None
        return None if pd.isna(value) else value

    def _size(self, index: int) -> tuple[int, int]:
        return int(self.table["height"].iat[index]), int(self.table["width"].iat[index])

    def _image(self, index: int, column: str, read: Callable[[Path, str], np.ndarray]) -> np.ndarray:
        name, size = self._cell(index, column), self._size(index)
        if name is None:
            raise InputError(f"{self.path}: grasp {self._cell(index, 'grasp_id')} has no {column}")
        pixels = read(self.root / name, column)
        if pixels.shape[:2] != size:
            raise InputError(
                f"{self.root / name}: field {column}: expected {size[0]}x{size[1]} pixels (height x width), "
                f"found {pixels.shape[0]}x{pixels.shape[1]}"
            )
        return pixels

    def _mask(self, index: int, column: str) -> np.ndarray | None:
        counts = self._cell(index, column)
        if counts is None:
            return None
        try:
            return decode_mask(counts, *self._size(index))
        except InputError as error:
            grasp_id = self._cell(index, "grasp_id")
            raise InputError(f"{self.path}: grasp {grasp_id}: column {column}: {error}") from None


def stack_samples(samples: Sequence[GraspSample]) -> GraspArrays:
    """Stack grasps of one image size.

    Args:
        samples: The grasps, at least one.

    Returns:
        The N grasps as arrays; `visible` and `amodal` are None unless every grasp has them.

    Raises:
        InputError: There are none, or their sizes differ.
    """
    if not samples:
        raise InputError("a batch of grasps: expected at least one")
    size = samples[0].suction.shape
    for sample in samples:
        if sample.suction.shape != size:
            found = sample.suction.shape
            raise InputError(
                f"grasp {sample.grasp_id}: expected {size[0]}x{size[1]} pixels (height x width) as in grasp "
                f"{samples[0].grasp_id}, found {found[0]}x{found[1]}"
            )

    def stack(field: str) -> np.ndarray | None:
        values = [getattr(sample, field) for sample in samples]
        return None if any(value is None for value in values) else np.stack(values)

    return GraspArrays(tuple(sample.grasp_id for sample in samples), *(stack(field) for field in _FIELDS))


def check_labels(grasps: GraspArrays, name: str) -> None:
    """Check that every grasp has a visible and an amodal mask.

    Args:
        grasps: The grasps to check.
        name: The name of the input, with which the error message begins.

    Raises:
        InputError: At least one grasp lacks one of the two masks.
    """
    missing = [field for field in ("visible", "amodal") if getattr(grasps, field) is None]
    if missing:
        raise InputError(f"{name}: expected labelled grasps, at least one has no {' and no '.join(missing)} mask")
