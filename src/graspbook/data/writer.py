"""Writing a grasp data set (the layout is described in `grasps.py`) in constant memory and all or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from graspbook.core.atomic import new_folder
from graspbook.core.errors import InputError
from graspbook.data import images, schema
from graspbook.data.grasps import GraspDataset
from graspbook.data.rle import encode_mask

_FIELDS = {  # of a Grasp: number of dimensions and dtype
    "before": (3, np.uint8),
    "after": (3, np.uint8),
    "depth_before": (2, np.float32),
    "depth_after": (2, np.float32),
    "ids_before": (2, np.uint8),
    "ids_after": (2, np.uint8),
    "suction": (2, np.bool_),
    "visible": (2, np.bool_),
    "amodal": (2, np.bool_),
}


class GraspWriter:
    """Writes grasps one by one; a context manager.

    Everything goes to a hidden folder beside `out`, which takes the name `out` only when the block ends
    without an error, so that nobody ever reads half a data set. Images are written as they come: memory holds
    one row per grasp and the images of one.

    Args:
        out: The data set's folder; one that was made here earlier is replaced.
        make: The function that makes the folder, whole or not at all.

    Raises:
        InputError: `out` holds something that was not made here.
    """

    def __init__(self, out: Path | str, make: Callable[[Path], AbstractContextManager[Path]] = new_folder):
        self.out = Path(out)
        self._folder = make(self.out)
        self._rows: list[dict] = []
        self._ids: set[str] = set()
        self._previous: tuple[dict[str, np.ndarray], dict[str, str]] = ({}, {})

    def __enter__(self) -> GraspWriter:
        self._partial = self._folder.__enter__()
        (self._partial / "images").mkdir()
        return self

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            schema.write_table(self._partial / schema.TABLE, self._rows)
        self._folder.__exit__(kind, error, trace)

    def add(self, grasp) -> str:
        """Append one grasp.

        Args:
            grasp: The grasp, an object with the attributes of `graspbook.world.bin.episode.Grasp`.

        Returns:
            The grasp's `grasp_id`.

        Raises:
            InputError: A field has the wrong shape, type or range, or the grasp was added before.
        """
        grasp_id = f"e{grasp.episode:05d}g{grasp.index:02d}"
        _check_grasp(grasp, grasp_id)
        self._claim(grasp_id)
        paths = self._write_images(grasp, grasp_id)
        height, width = grasp.suction.shape
        camera = grasp.camera
        cup_uv = np.asarray(grasp.cup_uv, np.float32)
        self._rows.append(
            {
                "grasp_id": grasp_id,
                "episode": int(grasp.episode),
                "index": int(grasp.index),
                "split": grasp.split,
                **paths,
                "height": height,
                "width": width,
                "suction_rle": encode_mask(grasp.suction),
                "visible_rle": encode_mask(grasp.visible),
                "amodal_rle": encode_mask(grasp.amodal),
                "cup_sealed": [bool(sealed) for sealed in grasp.cup_sealed],
                "cup_gauge": [float(gauge) for gauge in grasp.cup_gauge],
                "cup_u": cup_uv[:, 0].tolist(),
                "cup_v": cup_uv[:, 1].tolist(),
                "outcome": grasp.outcome,
                "grasped_id": int(grasp.grasped_id),
                "moved_ids": [int(key) for key in sorted(grasp.moved)],
                "moved_m": [float(grasp.moved[key]) for key in sorted(grasp.moved)],
                "n_objects": int(grasp.n_objects),
                "lost_while_filling": int(grasp.lost_while_filling),
                "visible_area": int(grasp.visible.sum()),
                "amodal_area": int(grasp.amodal.sum()),
                "fx": float(camera.fx),
                "fy": float(camera.fy),
                "cx": float(camera.cx),
                "cy": float(camera.cy),
                "world_from_camera": np.asarray(camera.world_from_camera, float).ravel().tolist(),
            }
        )
        return grasp_id

    def copy(self, source: GraspDataset, index: int) -> str:
        """Append a grasp of another data set; its files and its row stay as they are.

        Args:
            source: The other data set.
            index: The row of the grasp in it, from 0.

        Returns:
            The grasp's `grasp_id`.

        Raises:
            InputError: A grasp of this name was added before.
        """
        row = source.row(index)
        self._claim(row["grasp_id"])
        for column in schema.IMAGE_COLUMNS:
            path = row.get(column)
            if path is not None and not (self._partial / path).exists():
                (self._partial / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source.root / path, self._partial / path)
        self._rows.append(row)
        return row["grasp_id"]

    def _claim(self, grasp_id: str) -> None:
        if grasp_id in self._ids:
            raise InputError(f"{self.out}: grasp_id {grasp_id} is added twice")
        self._ids.add(grasp_id)

    def _write_images(self, grasp, grasp_id: str) -> dict[str, str]:
        """Write the images, save those the previous grasp wrote as its `after`; returns relative paths."""
        arrays = {column: getattr(grasp, column) for column in schema.IMAGE_COLUMNS}
        paths = {}
        for column, pixels in arrays.items():
            twin = column.replace("before", "after")
            if column != twin and np.array_equal(self._previous[0].get(twin), pixels):
                paths[column] = self._previous[1][twin]
                continue
            paths[column] = f"images/{grasp_id}_{column}.png"
            stored = images.depth_levels(pixels) if column.startswith("depth") else pixels
            images.write_png(self._partial / paths[column], stored)
        self._previous = (arrays, paths)
        return paths


def write_grasps(out: Path | str, grasps: Iterable) -> Path:
    """Write grasps as a data set, one at a time.

    Args:
        out: The data set's folder; one that was made here earlier is replaced.
        grasps: The grasps, as `GraspWriter.add` takes them.

    Returns:
        The path of the Parquet file.

    Raises:
        InputError: A grasp is faulty or added twice, or `out` holds something that was not made here.
    """
    with GraspWriter(out) as writer:
        for grasp in grasps:
            writer.add(grasp)
    return Path(out) / schema.TABLE


def _check_grasp(grasp, grasp_id: str) -> None:
    """Raise InputError unless the grasp can be stored without loss; named by its id and the field."""
    height, width = np.shape(grasp.suction)[:2]
    for field, (dimensions, dtype) in _FIELDS.items():
        value = getattr(grasp, field)
        shape = (height, width, 3)[:dimensions]
        if value.dtype != dtype or value.shape != shape:
            expected = f"{np.dtype(dtype)} {list(shape)}"
            raise InputError(
                f"grasp {grasp_id}: field {field}: expected {expected}, got {value.dtype} {list(value.shape)}"
            )
        if dtype == np.float32 and not (
            np.isfinite(value).all() and 0 <= value.min() and value.max() <= images.DEPTH_LIMIT
        ):
            raise InputError(f"grasp {grasp_id}: field {field}: expected metres in 0..{images.DEPTH_LIMIT:.4f}, no NaN")
    if grasp.outcome not in schema.OUTCOMES:
        raise InputError(f"grasp {grasp_id}: field outcome: expected one of {schema.OUTCOMES}, got {grasp.outcome!r}")
