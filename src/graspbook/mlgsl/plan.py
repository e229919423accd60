"""Grasp plans for users: from a depth image and a camera to the best grasps, in pixels and in metres."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from graspbook.core.errors import InputError
from graspbook.core.memory import check_memory
from graspbook.data.depth import check_distances
from graspbook.data.intrinsics import check_intrinsics
from graspbook.mlgsl.maps import best_grasps, predict
from graspbook.mlgsl.model import GraspNetwork
from graspbook.mlgsl.model_file import FILES, GraspModel
from graspbook.nn.model_file import check_model
from graspbook.world.table.sensor import inpaint_depth

HEIGHT = 0.005
"""What is to be grasped stands out from the table by so much at least, metres."""
OPENINGS = (0.005, 0.3)
"""A gripper with two jaws closes on what is no thinner and no wider than this, metres."""
LEAST_QUALITY = 1e-3
PIXEL_BYTES = 200.0
"""Memory that a plan takes at least for each pixel."""


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


def plan_grasps(
    model: GraspModel, depth: Float[np.ndarray, "h w"], intrinsics: Mapping[str, Any], count: int = 5
) -> list[Grasp]:
    """The best grasps of a gripper with two jaws in a depth image (§III-A, §IV-A).

    Args:
        model: Grasp network, as `graspbook.load("mlgsl")` returns it.
        depth: Depth along the optical axis in metres, float [H, W]; NaN, 0 and negative numbers are gaps. The network
            takes images of any size, and objects should appear about as large as in its training images.
        intrinsics: The focal lengths `fx`, `fy` and the principal point `cx`, `cy`, in pixels, or the matrix K.
        count: The largest number of grasps.

    Returns:
        Grasps, best first; those that cannot be are left out, see `make_plan`.

    Raises:
        InputError: An argument is none of these, the intrinsics are those of another image, no pixel has a depth,
            nothing stands out from the table by 5 mm, or no grasp is left.
    """
    return make_plan(model, depth, intrinsics, count)[0]


def make_plan(
    model: GraspModel, depth: Float[np.ndarray, "h w"], intrinsics: Mapping[str, Any], count: int = 5
) -> tuple[list[Grasp], list[str]]:
    """Like `plan_grasps`, and says what was left out.

    Args:
        model: Grasp network.
        depth: Depth along the optical axis in metres, float [H, W].
        intrinsics: The focal lengths `fx`, `fy` and the principal point `cx`, `cy`, in pixels.
        count: The largest number of grasps.

    Returns:
        Grasps, best first, and for each of the `count` best that cannot be, why: its opening is less than 5 mm or more
        than 30 cm, nothing between its jaws stands out from the table by 5 mm, or its quality is below 0.001.

    Raises:
        InputError: See `plan_grasps`.
    """
    check_model(model, GraspNetwork, FILES.kind)
    if not isinstance(depth, np.ndarray) or depth.ndim != 2 or depth.dtype.kind != "f":
        seen = f"{depth.dtype} {list(depth.shape)}" if isinstance(depth, np.ndarray) else type(depth).__name__
        raise InputError(f"depth: expected metres, float [H, W], got {seen}")
    check_distances(depth, "depth")
    camera = check_intrinsics(intrinsics, "intrinsics", depth.shape)
    if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
        raise InputError(f"count: expected a whole number from 1, got {count!r}")
    check_memory(PIXEL_BYTES * depth.size, f"depth: a plan for {depth.shape[1]}x{depth.shape[0]} pixels")
    with np.errstate(over="ignore"):
        whole = inpaint_depth(depth.astype(np.float32))
    maps = predict(model.network, whole[None])[0]
    table = np.median(whole)
    if np.percentile(table - whole, 99.9) < HEIGHT:
        raise InputError("depth: nothing stands out by 5 mm from the table; no grasp found")
    found, quality = best_grasps(maps, model.row.loss, count, model.settings, model.settings.height)
    grasps = [_grasp(map(float, (*pixel, q)), whole, camera) for pixel, q in zip(found, quality, strict=True)]
    faults = [_fault(grasp, table - whole) for grasp in grasps]
    if all(faults):
        raise InputError(f"depth: no grasp found: {count_faults(faults)}")
    return [grasp for grasp, fault in zip(grasps, faults, strict=True) if not fault], [
        fault for fault in faults if fault
    ]


def count_faults(faults: Iterable[str]) -> str:
    """How often each fault occurs, as a text.

    Args:
        faults: The faults.
    """
    return ", ".join(f"{number} with {fault}" for fault, number in Counter(faults).items())


def _fault(grasp: Grasp, heights: np.ndarray) -> str:
    """Why a grasp cannot be; empty if it can."""
    if not OPENINGS[0] <= grasp.opening <= OPENINGS[1]:
        return f"an opening outside {1e3 * OPENINGS[0]:g} to {1e3 * OPENINGS[1]:g} mm"
    if not grasp.quality >= LEAST_QUALITY:
        return f"a quality below {LEAST_QUALITY:g}"
    reach, row, column = max(round(grasp.width_px / 2), 1), int(grasp.v), int(grasp.u)
    between = heights[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
    return "nothing between the jaws" if between.max() < HEIGHT else ""


def _grasp(found: Iterable[float], depth: np.ndarray, camera: Mapping[str, float]) -> Grasp:
    """A grasp at a pixel (u, v, angle, width, quality), in the frame of the camera as well."""
    u, v, angle, width, quality = found
    z = float(depth[int(v), int(u)])
    x, y = (u - camera["cx"]) / camera["fx"] * z, (v - camera["cy"]) / camera["fy"] * z
    opening = float(width * z * np.hypot(np.cos(angle) / camera["fx"], np.sin(angle) / camera["fy"]))
    return Grasp(u, v, angle, width, x, y, z, opening, quality)
