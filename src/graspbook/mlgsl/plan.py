"""Grasp plans for users: from a depth image and a camera to the best grasps, in pixels and in metres."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float

from graspbook.core.errors import InputError
from graspbook.mlgsl.maps import best_grasps, predict
from graspbook.mlgsl.model import GraspNetwork
from graspbook.mlgsl.model_file import FILES, GraspModel
from graspbook.nn.model_file import check_model
from graspbook.world.table.sensor import inpaint_depth

UNITS = {"m": 1.0, "mm": 1e-3, "cm": 1e-2}
"""Metres in each unit of depth."""
PLAUSIBLE = (0.05, 10.0)
"""The median depth of a table under a camera lies between these, metres."""


@dataclass(frozen=True)
class Grasp:
    """A grasp of a gripper with two jaws, seen from the camera.

    Attributes:
        u: Column of its centre, pixels from 0.
        v: Row of its centre, pixels from 0.
        angle: Direction in which the jaws close, radians, from the axis of u towards that of v.
        width_px: Opening in the image, pixels.
        x: Centre in the frame of the camera, metres to the right.
        y: Centre in the frame of the camera, metres down.
        z: Centre in the frame of the camera, metres along the optical axis.
        opening: Opening, metres.
        quality: Quality that the network predicts, 0..1.
    """

    u: float
    v: float
    angle: float
    width_px: float
    x: float
    y: float
    z: float
    opening: float
    quality: float


def read_depth_file(path: Path, unit: str) -> Float[np.ndarray, "h w"]:
    """A depth image (16-bit PNG, TIFF or NPY) in metres; NaN and 0 are gaps.

    Args:
        path: The image file: 16-bit PNG, TIFF or NPY of one channel.
        unit: The unit of the numbers in it: "m", "mm" or "cm".

    Returns:
        Depth in metres, float32 [H, W].

    Raises:
        InputError: The file cannot be used, or its unit cannot be the one meant; the message names the file and what is
            wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix == ".npy":
        try:
            depth = np.load(path, allow_pickle=False)
        except ValueError as error:
            raise InputError(f"{path}: not an array of numbers: {error}") from None
    else:
        depth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if depth is None or depth.ndim != 2:
        raise InputError(f"{path}: expected a depth image of one channel (16-bit PNG, TIFF or NPY)")
    if depth.dtype == np.uint8:
        raise InputError(f"{path}: 8 bits a pixel cannot hold distances; expected 16 bits or floating point")
    metres: np.ndarray = depth.astype(np.float64) * UNITS[unit]
    check_distances(metres, str(path), unit)
    return metres.astype(np.float32)


def check_distances(metres: Float[np.ndarray, "h w"], name: str, unit: str = "m") -> None:
    """Refuse distances that no table under a camera has.

    Args:
        metres: Depth in metres, float [H, W]; NaN and 0 are gaps.
        name: Name of the file or argument, with which the error message begins.
        unit: Unit that the numbers were said to have: "m", "mm" or "cm".

    Raises:
        InputError: Not one pixel has a depth, or the median pixel is nearer than 5 cm or farther than 10 m.
    """
    valid = metres[np.isfinite(metres) & (metres > 0)]
    if not len(valid):
        raise InputError(f"{name}: not one pixel has a finite, positive depth")
    if not PLAUSIBLE[0] <= np.median(valid) <= PLAUSIBLE[1]:
        raise InputError(
            f"{name}: the median depth would be {np.median(valid):g} m; is the unit really '{unit}'? "
            f"Expected {PLAUSIBLE[0]:g} to {PLAUSIBLE[1]:g} m"
        )


def read_intrinsics(path: Path) -> dict[str, float]:
    """Read the intrinsics of a camera from a JSON file.

    Args:
        path: The JSON file with the numbers `fx`, `fy`, `cx` and `cy`.

    Returns:
        Focal lengths `fx`, `fy` and principal point `cx`, `cy`, in pixels.

    Raises:
        InputError: The file is missing or no JSON, or a field is missing or no positive number; the message names file
            and field.
    """
    try:
        content: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: not JSON: {error}") from None
    return check_intrinsics(content, str(path))


def check_intrinsics(intrinsics: Any, source: str) -> dict[str, float]:
    """Check the intrinsics of a camera.

    Args:
        intrinsics: What a user has given: focal lengths `fx`, `fy` and principal point `cx`, `cy`, pixels.
        source: Name of the file or argument, with which the error message begins.

    Raises:
        InputError: A field is missing or no positive number; the message names it.
    """
    found = {}
    for name in ("fx", "fy", "cx", "cy"):
        value = intrinsics.get(name) if isinstance(intrinsics, Mapping) else None
        if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not 0 < value < np.inf:
            raise InputError(f"{source}: field '{name}': expected a positive number of pixels, found {value!r}")
        found[name] = float(value)
    return found


def plan_grasps(
    model: GraspModel, depth: Float[np.ndarray, "h w"], intrinsics: Mapping[str, float], count: int = 5
) -> list[Grasp]:
    """The best grasps of a gripper with two jaws in a depth image (§III-A, §IV-A).

    Args:
        model: Grasp network, as `graspbook.load("mlgsl")` returns it.
        depth: Depth along the optical axis in metres, float [H, W]; NaN and 0 are gaps. Square images are what the
            network knows; it takes others as well, and objects should appear about as large as in its training images.
        intrinsics: The focal lengths `fx`, `fy` and the principal point `cx`, `cy`, in pixels.
        count: The largest number of grasps.

    Returns:
        Grasps, best first.

    Raises:
        InputError: An argument is none of these, no pixel has a depth, or nothing stands out from the table by 5 mm.
    """
    check_model(model, GraspNetwork, FILES.kind)
    if not isinstance(depth, np.ndarray) or depth.ndim != 2 or depth.dtype.kind != "f":
        seen = f"{depth.dtype} {list(depth.shape)}" if isinstance(depth, np.ndarray) else type(depth).__name__
        raise InputError(f"depth: expected metres, float [H, W], got {seen}")
    check_distances(depth, "depth")
    camera = check_intrinsics(intrinsics, "intrinsics")
    if count < 1:
        raise InputError(f"count: expected at least 1, got {count}")
    whole = inpaint_depth(depth.astype(np.float32))
    maps = predict(model.network, whole[None])[0]
    if np.percentile(np.median(whole) - whole, 99.9) < 0.005:
        raise InputError("depth: nothing stands out by 5 mm from the table; no grasp found")
    found, quality = best_grasps(maps, model.row.loss, count, model.settings)
    return [_grasp(map(float, (*pixel, q)), whole, camera) for pixel, q in zip(found, quality, strict=True)]


def _grasp(found: Iterable[float], depth: np.ndarray, camera: Mapping[str, float]) -> Grasp:
    """A grasp at a pixel (u, v, angle, width, quality), in the frame of the camera as well."""
    u, v, angle, width, quality = found
    z = float(depth[int(v), int(u)])
    x, y = (u - camera["cx"]) / camera["fx"] * z, (v - camera["cy"]) / camera["fy"] * z
    opening = float(width * z * np.hypot(np.cos(angle) / camera["fx"], np.sin(angle) / camera["fy"]))
    return Grasp(u, v, angle, width, x, y, z, opening, quality)
