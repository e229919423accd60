"""Registered RGB-D scenes in the layout of BOP (Hodaň et al., 2020), read and written.

A folder per scene:

- `scene_camera.json`: for each image id `cam_K` (9 numbers, pixels), `cam_R_w2c` (9), `cam_t_w2c` (3, millimetres) and
  `depth_scale` (grey level times scale is millimetres);
- `scene_gt.json`: for each image id a list of objects with `obj_id`, `cam_R_m2c` (9) and `cam_t_m2c` (3, millimetres);
- `rgb/000000.png`, `depth/000000.png` (16 bits), `mask_visib/000000_000000.png` (image, place in the list).

Poses of objects and masks serve evaluation alone: a recording without `scene_gt.json` can be learned from.
"""

from __future__ import annotations

import dataclasses
import json
import reprlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from graspbook.core.errors import InputError
from graspbook.core.json_files import read_json
from graspbook.data.images import DEPTH_STEP, depth_levels, read_depth, read_mask, read_rgb, write_png
from graspbook.data.registered import check_views
from graspbook.world.render.camera import Camera

CAMERA, TRUTH = "scene_camera.json", "scene_gt.json"
OURS = ("squeeze", "curve")
"""Keys of an object in `scene_gt.json` beyond BOP's: how it is bent in this scene (`graspbook.world.table.bending`)."""


@dataclasses.dataclass(frozen=True, eq=False)
class SceneObject:
    """An object in a scene.

    Attributes:
        rotation, position: The pose, [3, 3] and [3] in metres: world = rotation @ local + position.
        extra: Further fields of the object in the file, such as how it is bent.
    """

    rotation: np.ndarray
    position: np.ndarray
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, eq=False)
class RgbdScene:
    """V registered views of one scene in which nothing moves.

    Attributes:
        folder: The folder from which the scene was read.
        images: The RGB images, uint8 [V, H, W, 3].
        depth: Depth along the optical axis in metres, float32 [V, H, W]; 0 where there is none.
        cameras: The camera of each of the V views.
        ids: The id of the object that each pixel shows, uint8 [V, H, W]; 0 for none of them, or in a recording without
            masks.
        objects: The objects of the scene by their ids, 1 to 255.
    """

    folder: Path
    images: UInt8[np.ndarray, "v h w 3"]
    depth: Float32[np.ndarray, "v h w"]
    cameras: tuple[Camera, ...]
    ids: UInt8[np.ndarray, "v h w"]
    objects: dict[int, SceneObject]


def write_scene(
    folder: Path,
    images: UInt8[np.ndarray, "v h w 3"],
    depth: Float32[np.ndarray, "v h w"],
    cameras: tuple[Camera, ...],
    ids: UInt8[np.ndarray, "v h w"],
    objects: Mapping[int, SceneObject],
) -> None:
    """Write a scene; objects that no view shows have empty masks.

    Args:
        folder: The scene's folder, which is created; files of the same names are overwritten.
        images: The RGB images, uint8 [V, H, W, 3].
        depth: Depth along the optical axis in metres, float32 [V, H, W]; 0 where there is none.
        cameras: The camera of each of the V views.
        ids: The id of the object that each pixel shows, uint8 [V, H, W]; 0 for none.
        objects: The objects of the scene by their ids, 1 to 255.
    """
    for name in ("rgb", "depth", "mask_visib"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    about, truth = {}, {}
    for view, camera in enumerate(cameras):
        rotation = camera.world_from_camera[:3, :3].T
        about[str(view)] = {
            "cam_K": [camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0],
            "cam_R_w2c": rotation.ravel().tolist(),
            "cam_t_w2c": (-1000 * rotation @ camera.centre).tolist(),
            "depth_scale": 1000 * DEPTH_STEP,
        }
        truth[str(view)] = []
        for place, (number, thing) in enumerate(objects.items()):
            offset = rotation @ (thing.position - camera.centre)
            entry = {
                "obj_id": number,
                "cam_R_m2c": (rotation @ thing.rotation).ravel().tolist(),
                "cam_t_m2c": (1000 * offset).tolist(),
            }
            truth[str(view)].append(entry | dict(thing.extra))
            write_png(folder / "mask_visib" / f"{view:06d}_{place:06d}.png", ids[view] == number)
        write_png(folder / "rgb" / f"{view:06d}.png", images[view])
        write_png(folder / "depth" / f"{view:06d}.png", depth_levels(depth[view]))
    for name, content in ((CAMERA, about), (TRUTH, truth)):
        lines = ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in content.items())
        (folder / name).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def read_scene(folder: Path, truth: bool = True) -> RgbdScene:
    """Read a scene.

    Args:
        folder: The folder of one scene.
        truth: Whether to read the objects' poses and masks, where there are any.

    Returns:
        The scene with all its views, in the order of the image ids.

    Raises:
        InputError: A file is missing or no PNG, a depth image has no depth at all, a matrix is no rotation, intrinsics
            do not fit the image, images differ in size, two objects share an id, poses are in another unit or
            contradict the depth, or poses of objects are of images that there are not; the message names file and
            field.
    """
    folder = Path(folder)
    about = _json(folder / CAMERA)
    views = sorted(about, key=_number(folder / CAMERA))
    if not views:
        raise InputError(f"{folder / CAMERA}: expected at least one image, there is none")
    images = [read_rgb(folder / "rgb" / f"{int(view):06d}.png", "rgb") for view in views]
    if len({image.shape for image in images}) > 1:
        raise InputError(f"{folder / 'rgb'}: images of several sizes, expected one")
    size = images[0].shape[:2]
    cameras = tuple(_camera(about[view], size, f"{folder / CAMERA}: image {view}") for view in views)
    depth = [_depth(folder / "depth" / f"{int(view):06d}.png", about[view], size, folder, view) for view in views]
    stacked = np.stack(depth)
    check_views(stacked, cameras, str(folder / CAMERA))
    ids, objects = np.zeros((len(views), *size), np.uint8), {}
    if truth and (folder / TRUTH).exists():
        listed = _json(folder / TRUTH)
        if unknown := sorted(set(listed) - set(views)):
            raise InputError(f"{folder / TRUTH}: image {unknown[0]}: {folder / CAMERA} has no such image")
        for place, view in enumerate(views):
            entries = listed.get(view, [])
            if not isinstance(entries, list):
                raise InputError(f"{folder / TRUTH}: image {view}: expected a list of objects")
            objects |= _objects(folder, view, entries, cameras[place], ids[place], stacked[place])
    _say_what_is_left_out(folder, views)
    return RgbdScene(folder, np.stack(images), stacked, cameras, ids, objects)


def scene_folders(folder: Path) -> list[Path]:
    """The folders of the scenes directly below a folder, sorted by path.

    Args:
        folder: The folder that holds one folder per scene.

    Returns:
        The scenes' folders, at least one.

    Raises:
        InputError: There are none.
    """
    found = sorted(path.parent for path in Path(folder).glob(f"*/{CAMERA}"))
    if not found:
        raise InputError(f"{folder}: no scene in BOP's layout, expected folders with {CAMERA}")
    return found


def _say_what_is_left_out(folder: Path, views: list[str]) -> None:
    """Warns of pictures that no entry of the file of cameras names."""
    known = {int(view) for view in views}
    there = {path.stem for path in (folder / "rgb").glob("*.png") if path.stem.isdecimal()}
    if left_out := [name for name in there if int(name) not in known]:
        warnings.warn(
            f"{folder}: {len(left_out)} of {len(there)} images left out: {CAMERA} does not name them", stacklevel=3
        )


def _json(path: Path) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected one entry per image id")
    return content


def _number(path: Path):
    def number(key: str) -> int:
        if not (key.isdecimal() and len(key) < 10):
            raise InputError(f"{path}: expected image ids, found {key!r}")
        return int(key)

    return number


def _numbers(entry: Any, field: str, count: int, where: str) -> np.ndarray:
    value = entry.get(field) if isinstance(entry, dict) else None
    try:
        found = np.array(value, float).ravel()
    except (TypeError, ValueError, OverflowError):
        found = np.zeros(0)
    if len(found) != count or not np.isfinite(found).all():
        raise InputError(f"{where}: field {field}: expected {count} finite numbers, found {reprlib.repr(value)}")
    return found


def _rotation(entry: Any, field: str, where: str) -> np.ndarray:
    matrix = _numbers(entry, field, 9, where).reshape(3, 3)
    if not np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-3) or np.linalg.det(matrix) < 0:
        raise InputError(f"{where}: field {field}: no rotation")
    return matrix


def _camera(entry: Any, size: tuple[int, int], where: str) -> Camera:
    fx, skew, cx, below, fy, cy, *last = _numbers(entry, "cam_K", 9, where)
    if fx <= 0 or fy <= 0 or skew or below or last != [0, 0, 1]:
        raise InputError(f"{where}: field cam_K: expected fx, 0, cx, 0, fy, cy, 0, 0, 1 with positive focal lengths")
    height, width = size
    if not (0 <= cx <= width - 1 and 0 <= cy <= height - 1):
        raise InputError(
            f"{where}: field cam_K: the middle ({cx:g}, {cy:g}) lies outside the image of {width}x{height} pixels"
        )
    rotation = _rotation(entry, "cam_R_w2c", where)
    pose = np.eye(4)
    pose[:3, :3] = rotation.T
    pose[:3, 3] = -rotation.T @ _numbers(entry, "cam_t_w2c", 3, where) / 1000
    return Camera(float(fx), float(fy), float(cx), float(cy), pose, height, width)


def _depth(path: Path, entry: Any, size: tuple[int, int], folder: Path, view: str) -> np.ndarray:
    scale = float(_numbers(entry, "depth_scale", 1, f"{folder / CAMERA}: image {view}")[0])
    if scale <= 0:
        raise InputError(f"{folder / CAMERA}: image {view}: field depth_scale: expected more than 0, found {scale:g}")
    depth = read_depth(path, "depth") * np.float32(scale / (1000 * DEPTH_STEP))
    if depth.shape != size:
        raise InputError(f"{path}: field depth: {depth.shape} pixels, but rgb has {size}")
    if not depth.any():
        raise InputError(f"{path}: field depth: not one pixel has a depth")
    return depth


def _objects(
    folder: Path,
    view: str,
    entries: list[Any],
    camera: Camera,
    ids: UInt8[np.ndarray, "h w"],
    depth: Float32[np.ndarray, "h w"],
) -> dict[int, SceneObject]:
    """The objects of a view, whose masks are painted into `ids`."""
    found: dict[int, SceneObject] = {}
    for place, entry in enumerate(entries):
        where = f"{folder / TRUTH}: image {view}, object {place}"
        number = _numbers(entry, "obj_id", 1, where)[0]
        if not 1 <= number <= 255 or number != round(number) or number in found:
            raise InputError(f"{where}: field obj_id: expected another number from 1 to 255, found {number:g}")
        number = int(number)
        to_world = camera.world_from_camera[:3, :3]
        in_camera = _numbers(entry, "cam_t_m2c", 3, where)
        position = to_world @ in_camera / 1000 + camera.centre
        extra = {key: entry[key] for key in OURS if key in entry}
        found[number] = SceneObject(to_world @ _rotation(entry, "cam_R_m2c", where), position, extra)
        mask = read_mask(folder / "mask_visib" / f"{int(view):06d}_{place:06d}.png", "mask_visib")
        if mask.shape != ids.shape:
            raise InputError(f"{where}: field mask_visib: {mask.shape} pixels, but rgb has {ids.shape}")
        measured = 1000 * depth[mask & (depth > 0)]
        if len(measured) and 1e-4 < in_camera[2] / np.median(measured) < 1e-2:
            raise InputError(
                f"{where}: field cam_t_m2c: {in_camera[2]:g} mm before the camera, but its mask "
                f"{np.median(measured):.0f} mm; expected millimetres, from the object to the camera"
            )
        ids[mask] = number
    return found
