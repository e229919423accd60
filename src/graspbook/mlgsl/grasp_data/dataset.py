"""A set of grasp images in memory: depth without gaps, and successful grasps; from any folder in Jacquard's layout."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from graspbook.core.errors import InputError
from graspbook.core.json_files import read_json
from graspbook.core.npz_files import read_npz
from graspbook.mlgsl.grasp_data.jacquard import (
    GRASPS,
    DepthKind,
    find_images,
    object_of,
    read_depth,
    read_grasps,
    read_object_mask,
)
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.assets.items import Item
from graspbook.world.render.camera import Camera
from graspbook.world.scene import Pose
from graspbook.world.table.sensor import inpaint_depth

VIEWS, TRIED = "views.json", "tried.npz"
"""Beside Jacquard's files: how each image came about, and every grasp that was tried."""


@dataclasses.dataclass(frozen=True)
class GraspImages:
    """N images and their successful grasps.

    Attributes:
        depth: Depth in metres, float32 [N, H, W], gaps inpainted.
        labels: The successful grasps of each image, rows (u, v, phi, w) in pixels and radians, float32 [K, 4].
        masks: The mask of the objects in each image, bool [N, H, W].
        objects: The name of the object in each image.
        names: The names of the images, relative to the folder.
    """

    depth: np.ndarray
    labels: tuple[np.ndarray, ...]
    masks: np.ndarray
    objects: tuple[str, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.depth)

    @property
    def size(self) -> int:
        """Height and width, pixels."""
        return self.depth.shape[1]

    def subset(self, chosen: Sequence[int]) -> GraspImages:
        """Some of the images.

        Args:
            chosen: The numbers of the images, from 0.
        """
        return GraspImages(
            self.depth[list(chosen)],
            tuple(self.labels[k] for k in chosen),
            self.masks[list(chosen)],
            tuple(self.objects[k] for k in chosen),
            tuple(self.names[k] for k in chosen),
        )

    def with_labels(self, count: int, seed: int) -> GraspImages:
        """The images with `count` labels each, or all where there are fewer.

        Which ones depends on the image and the seed alone, and fewer labels are a part of more: they are the first of
        one shuffle.

        Args:
            count: The largest number of labels of an image.
            seed: The seed of the shuffles.
        """
        labels = tuple(
            rows[np.random.default_rng([seed, k]).permutation(len(rows))[:count]] for k, rows in enumerate(self.labels)
        )
        return dataclasses.replace(self, labels=labels)


def load_images(folder: Path, size: int | None = None, depth: DepthKind = "stereo") -> GraspImages:
    """Reads all images of a folder in Jacquard's layout, in the order in which they were made, where that is known.

    Args:
        folder: The folder that holds the files, at any depth.
        size: The height and width in pixels to which images are resized, their labels with them; None leaves them as
            they are.
        depth: The depth to read: "stereo" (measured, with noise) or "perfect".

    Returns:
        The images in that order; where an image has no mask, its mask is True everywhere. A grasp that a file repeats
        for several jaw sizes, as the published ones do, is one label.

    Raises:
        InputError: A file cannot be used (the message names it, and the line), the centre of a grasp lies outside the
            image, images differ in size, or one that shall be resized is no square.
    """
    folder = Path(folder)
    stems = [folder / view["image"] for view in _records(folder)] if (folder / VIEWS).exists() else find_images(folder)
    images, labels, masks = [], [], []
    for stem in stems:
        measured = read_depth(stem, depth)
        rows = read_grasps(stem.with_name(stem.name + GRASPS))[:, :4]
        _check(stem, measured, rows)
        rows = rows[_first_of_each(rows)]
        mask = read_object_mask(stem, measured.shape).astype(np.uint8)
        if size is not None and measured.shape[0] != measured.shape[1]:
            raise InputError(f"{stem}: an image of {measured.shape[1]}x{measured.shape[0]} pixels, expected a square")
        if size is not None and measured.shape[0] != size:
            scale = size / measured.shape[0]
            # area averages would mix gaps into their neighbours: fill them first
            measured = cv2.resize(inpaint_depth(measured), (size, size), interpolation=cv2.INTER_AREA)
            mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_NEAREST)
            rows = np.column_stack([(rows[:, :2] + 0.5) * scale - 0.5, rows[:, 2], rows[:, 3] * scale])
        images.append(inpaint_depth(measured))
        labels.append(rows.astype(np.float32))
        masks.append(mask > 0)
    if len({image.shape for image in images}) > 1:
        raise InputError(f"{folder}: images of several sizes; say which size they shall have")
    names = tuple(stem.relative_to(folder).as_posix() for stem in stems)
    return GraspImages(np.stack(images), tuple(labels), np.stack(masks), tuple(object_of(s) for s in stems), names)


def _first_of_each(rows: np.ndarray) -> np.ndarray:
    """The places of the grasps that are not repeated above, wherever their angle is cut; in their order."""
    turn = 2 * rows[:, 2].astype(np.float64)
    key = np.column_stack([rows[:, [0, 1, 3]], np.cos(turn), np.sin(turn)]).round(3) + 0.0  # no -0
    return np.sort(np.unique(key, axis=0, return_index=True)[1])


def load_tried(folder: Path) -> pd.DataFrame:
    """Every grasp that was tried in the images of a folder made here.

    Args:
        folder: The data set's folder.

    Returns:
        One row per grasp: `image` (its number, from 0), `u`, `v`, `phi`, `w` in pixels and radians, and `end`, the
        place of its outcome in `GRASP_OUTCOMES`.

    Raises:
        InputError: The folder was not made here, or the file is damaged.
    """
    path = Path(folder) / TRIED
    if not path.is_file():
        raise InputError(f"{path}: no such file; only data sets that were simulated have the grasps that failed")
    try:
        stored = read_npz(path, "the grasps that were tried")["tried"]
        frame = pd.DataFrame(stored, columns=["image", "u", "v", "phi", "w", "end"])
        return frame.astype({"image": int, "end": int})
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not the grasps that were tried: {error}") from None


@dataclasses.dataclass(frozen=True)
class Scenery:
    """What an image shows: enough to grasp there again.

    Attributes:
        item, pose: The object on the table, and its rotation [3, 3] and position [3] in metres.
        camera: The camera of the image.
    """

    item: Item
    pose: Pose
    camera: Camera


def load_sceneries(folder: Path, catalogue: Catalogue) -> list[Scenery]:
    """What each image of a folder made here shows.

    Args:
        folder: The data set's folder.
        catalogue: The catalogue of the objects' shapes.

    Returns:
        The object, its pose and the camera of each image.

    Raises:
        InputError: The folder was not made here, or the catalogue lacks an object.
    """
    try:
        return [_scenery(record, catalogue) for record in _records(Path(folder))]
    except (LookupError, TypeError) as error:
        raise InputError(f"{Path(folder) / VIEWS}: not what was written here: {error!r}") from None


def _records(folder: Path) -> list[dict]:
    path = folder / VIEWS
    if not path.is_file():
        raise InputError(f"{path}: no such file; only data sets that were simulated can be grasped in again")
    content = read_json(path)
    views = content.get("views") if isinstance(content, dict) else None
    if not isinstance(views, list) or not all(isinstance(view, dict) and _is_name(view.get("image")) for view in views):
        raise InputError(f"{path}: field views: expected a list of images, each with its name")
    return views


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip("./"))


def _scenery(record: dict, catalogue: Catalogue) -> Scenery:
    camera = record["camera"]
    focal, size = camera["focal"], camera["size"]
    middle = (size - 1) / 2
    return Scenery(
        Item(shape=catalogue.shape(record["object"]), texture=0, mass=record["mass"], friction=record["friction"]),
        (np.array(record["rotation"]), np.array(record["position"])),
        Camera(focal, focal, middle, middle, np.array(camera["world_from_camera"]), size, size),
    )


def _check(stem: Path, depth: np.ndarray, rows: np.ndarray) -> None:
    height, width = depth.shape
    outside = (rows[:, 0] < -0.5) | (rows[:, 0] > width - 0.5) | (rows[:, 1] < -0.5) | (rows[:, 1] > height - 0.5)
    if outside.any():
        line = int(np.flatnonzero(outside)[0]) + 1
        u, v = rows[outside][0, :2]
        raise InputError(
            f"{stem}{GRASPS}: grasp {line} lies at ({u:.1f}, {v:.1f}), outside the image of {width}x{height} pixels"
        )
