"""Which pixel of one registered view shows the same point as a pixel of another (§III-B).

Every pixel of A goes through the world into B; those that fall inside B and are not hidden there are the mask M, from
which matches are drawn. No mask of an object is needed.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from graspbook.core.compiled import compiled
from graspbook.core.errors import InputError
from graspbook.world.render.camera import Camera


@dataclasses.dataclass(frozen=True)
class View:
    """A registered RGB-D view.

    Attributes:
        image: RGB image, uint8 [H, W, 3].
        depth: Depth along the optical axis, metres, float32 [H, W]; 0 where the sensor has none.
        camera: Intrinsics and pose of the camera.

    Raises:
        InputError: Image or depth differ in size from the camera's pictures.
    """

    image: UInt8[np.ndarray, "h w 3"]
    depth: Float32[np.ndarray, "h w"]
    camera: Camera

    def __post_init__(self) -> None:
        size = self.camera.height, self.camera.width
        for name in ("image", "depth"):
            if getattr(self, name).shape[:2] != size:
                raise InputError(f"{name}: {getattr(self, name).shape[:2]} pixels, but the camera's are {size}")


def map_pixels(a: View, b: View, tolerance: float) -> tuple[Float32[np.ndarray, "h w 2"], Bool[np.ndarray, "h w"]]:
    """Where each pixel of A lies in B, and whether it is seen there.

    Args:
        a: View whose pixels are mapped.
        b: Other view of the same scene; it may have another size.
        tolerance: Largest difference between projected and measured depth at which a point counts as visible in B,
            metres.

    Returns:
        Pixel coordinates (u, v) in B, and M: whether the point has a depth, lies before B's camera and inside its
        picture, and is not hidden. Where M does not hold the coordinates mean nothing.
    """
    relative = np.linalg.inv(b.camera.world_from_camera) @ a.camera.world_from_camera
    return _mapped(a.depth, b.depth, _intrinsics(a.camera), _intrinsics(b.camera), relative, tolerance)


@compiled(nogil=True)
def _mapped(
    depth_a: np.ndarray,
    depth_b: np.ndarray,
    k_a: np.ndarray,
    k_b: np.ndarray,
    relative: np.ndarray,
    tolerance: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Pixel by pixel; `k` are fx, fy, cx, cy, and `relative` takes points from A's camera to B's."""
    height, width = depth_a.shape
    rows, columns = depth_b.shape
    uv = np.zeros((height, width, 2), np.float32)
    seen = np.zeros((height, width), np.bool_)
    for v in range(height):
        for u in range(width):
            d = np.float64(depth_a[v, u])
            if d <= 0:
                continue
            x, y = (u - k_a[2]) / k_a[0] * d, (v - k_a[3]) / k_a[1] * d
            z = relative[2, 0] * x + relative[2, 1] * y + relative[2, 2] * d + relative[2, 3]
            if z <= 0:
                continue
            p = (relative[0, 0] * x + relative[0, 1] * y + relative[0, 2] * d + relative[0, 3]) / z * k_b[0] + k_b[2]
            q = (relative[1, 0] * x + relative[1, 1] * y + relative[1, 2] * d + relative[1, 3]) / z * k_b[1] + k_b[3]
            if not (-0.5 <= p <= columns - 0.5 and -0.5 <= q <= rows - 0.5):
                continue
            column, row = min(max(int(np.rint(p)), 0), columns - 1), min(max(int(np.rint(q)), 0), rows - 1)
            measured = depth_b[row, column]
            uv[v, u, 0], uv[v, u, 1] = p, q
            seen[v, u] = measured > 0 and abs(measured - z) <= tolerance
    return uv, seen


def draw_matches(
    uv: Float32[np.ndarray, "h w 2"], seen: Bool[np.ndarray, "h w"], count: int, rng: np.random.Generator
) -> tuple[Float32[np.ndarray, "n 2"], Float32[np.ndarray, "n 2"]]:
    """Draws matches uniformly from M.

    Args:
        uv: Pixel coordinates in B of each pixel of A, from `map_pixels`, [h, w, 2].
        seen: Mask M from `map_pixels`, or part of it, such as what lies on objects, [h, w].
        count: Number of matches; where fewer pixels are seen, some are drawn again.
        rng: Source of the draws.

    Returns:
        Pixel coordinates (u, v) in A and in B, float32 [n, 2] each.

    Raises:
        InputError: Not one pixel of A is seen in B.
    """
    candidates = np.flatnonzero(seen)
    if not len(candidates):
        raise InputError("the two views have no point in common")
    chosen = rng.choice(candidates, count, replace=len(candidates) < count)
    rows, columns = np.divmod(chosen, seen.shape[1])
    return np.stack([columns, rows], 1).astype(np.float32), uv[rows, columns]


def _intrinsics(camera: Camera) -> np.ndarray:
    return np.array([camera.fx, camera.fy, camera.cx, camera.cy])
