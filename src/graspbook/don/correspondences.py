"""Which pixel of one registered view shows the same point as a pixel of another (§III-B).

Every pixel of A goes through the world into B; those that fall inside B and are not hidden there are the mask M, from
which matches are drawn. No mask of an object is needed.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from graspbook.errors import InputError
from graspbook.world.camera import Camera


@dataclasses.dataclass(frozen=True)
class View:
    """A registered RGB-D view.

    Attributes:
        image: uint8 [H, W, 3] RGB.
        depth: float32 [H, W] metres along the optical axis; 0 where the sensor has none.
        camera: Where it was taken from, with which intrinsics.
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
        a: The view whose pixels are mapped.
        b: The other one, of the same scene; it may have another size.
        tolerance: A point is hidden in B if the depth measured there differs from its own by more, metres.

    Returns:
        Pixel coordinates (u, v) in B, and M: whether the point has a depth, lies before B's camera and inside its
        picture, and is not hidden. Where M does not hold the coordinates mean nothing.
    """
    points = a.camera.backproject(_grid(a.camera), a.depth)
    local = (points - b.camera.centre) @ b.camera.world_from_camera[:3, :3]
    depth = local[..., 2]
    seen = (a.depth > 0) & (depth > 0)
    scale = np.divide(1.0, depth, out=np.zeros_like(depth), where=seen)
    uv = local[..., :2] * scale[..., None] * (b.camera.fx, b.camera.fy) + (b.camera.cx, b.camera.cy)
    nearest = np.rint(uv).astype(np.int64)
    seen &= ((nearest >= 0) & (nearest < (b.camera.width, b.camera.height))).all(-1)
    nearest[~seen] = 0
    measured = b.depth[nearest[..., 1], nearest[..., 0]]
    seen &= (measured > 0) & (np.abs(measured - depth) <= tolerance)
    return uv.astype(np.float32), seen


def draw_matches(
    uv: Float32[np.ndarray, "h w 2"], seen: Bool[np.ndarray, "h w"], count: int, rng: np.random.Generator
) -> tuple[Float32[np.ndarray, "n 2"], Float32[np.ndarray, "n 2"]]:
    """Matches, drawn uniformly from M.

    Args:
        uv: Of `map_pixels`.
        seen: Of `map_pixels`, or part of it, such as what lies on objects.
        count: How many; where fewer pixels are seen, some are drawn again.
        rng: Draws them.

    Returns:
        Pixel coordinates (u, v) in A and in B.

    Raises:
        InputError: Not one pixel of A is seen in B.
    """
    candidates = np.flatnonzero(seen)
    if not len(candidates):
        raise InputError("the two views have no point in common")
    chosen = rng.choice(candidates, count, replace=len(candidates) < count)
    rows, columns = np.divmod(chosen, seen.shape[1])
    return np.stack([columns, rows], 1).astype(np.float32), uv[rows, columns]


def _grid(camera: Camera) -> np.ndarray:
    """Coordinates (u, v) of all pixels, float64 [H, W, 2]."""
    return np.stack(np.meshgrid(np.arange(camera.width), np.arange(camera.height)), -1).astype(float)
