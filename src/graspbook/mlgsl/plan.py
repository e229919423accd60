"""Grasp plans for users: from a depth image and a camera to the best grasps, in pixels and in metres."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from jaxtyping import Float

from graspbook.core.errors import InputError
from graspbook.mlgsl.config import MetricsConfig
from graspbook.mlgsl.maps import best_grasps, predict
from graspbook.mlgsl.model_file import Trained
from graspbook.world.table.sensor import inpaint_depth

UNITS = {"m": 1.0, "mm": 1e-3, "cm": 1e-2}
"""Metres in each unit of depth."""
PLAUSIBLE = (0.05, 10.0)
"""The median depth of a table under a camera lies between these, metres."""


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
    metres = depth.astype(np.float64) * UNITS[unit]
    valid = metres[np.isfinite(metres) & (metres > 0)]
    if not len(valid):
        raise InputError(f"{path}: not one pixel has a finite, positive depth")
    if not PLAUSIBLE[0] <= np.median(valid) <= PLAUSIBLE[1]:
        raise InputError(
            f"{path}: the median depth would be {np.median(valid):g} m; is the unit really '{unit}'? "
            f"Expected {PLAUSIBLE[0]:g} to {PLAUSIBLE[1]:g} m"
        )
    return metres.astype(np.float32)


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
    found = {}
    for name in ("fx", "fy", "cx", "cy"):
        value = content.get(name) if isinstance(content, dict) else None
        if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
            raise InputError(f"{path}: field '{name}': expected a positive number of pixels, found {value!r}")
        found[name] = float(value)
    return found


def plan_grasps(
    depth: Float[np.ndarray, "h w"],
    intrinsics: dict[str, float],
    trained: Trained,
    config: MetricsConfig,
    count: int = 5,
) -> pd.DataFrame:
    """The best grasps in a depth image.

    Args:
        depth: Depth along the optical axis in metres, float [H, W]; NaN and 0 are gaps. Square images are what the
            network knows; it takes others as well, and objects should appear about as large as in its training images.
        intrinsics: The focal lengths `fx`, `fy` and the principal point `cx`, `cy`, in pixels.
        trained: The trained network, with the row that it was trained for.
        config: The settings by which the best pixels are chosen; `blur` and `apart` are used.
        count: The largest number of grasps.

    Returns:
        One row per grasp, best first: `u`, `v` and `width_px` in pixels; `angle` in radians, from the axis of u towards
        that of v; `x`, `y`, `z` and `opening` in metres in the frame of the camera (x right, y down, z forward); and
        `quality` in 0..1.

    Raises:
        InputError: Not one pixel has a depth, or nothing stands out from the table by 5 mm.
    """
    whole = inpaint_depth(depth.astype(np.float32))
    maps = predict(trained.network, whole[None])[0]
    if np.percentile(np.median(whole) - whole, 99.9) < 0.005:
        raise InputError("depth: nothing stands out by 5 mm from the table; no grasp found")
    grasps, quality = best_grasps(maps, trained.row.loss, count, config)
    u, v, phi, w = grasps.T
    z = whole[v.astype(int), u.astype(int)].astype(float)
    return pd.DataFrame(
        {
            "u": u,
            "v": v,
            "angle": phi,
            "width_px": w,
            "x": (u - intrinsics["cx"]) / intrinsics["fx"] * z,
            "y": (v - intrinsics["cy"]) / intrinsics["fy"] * z,
            "z": z,
            "opening": w * z * np.hypot(np.cos(phi) / intrinsics["fx"], np.sin(phi) / intrinsics["fy"]),
            "quality": quality,
        }
    )
