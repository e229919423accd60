"""A pinhole RGB-D camera above the tote, with known intrinsics and extrinsics.

Camera frame as in OpenCV: x right, y down, z forward along the optical axis. Pixel coordinates (u, v) run right
and down; the centre of the pixel in row i and column j is at (u, v) = (j, i). Depth is measured along z.
"""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Camera:
    """Intrinsics and extrinsics of one camera.

    Attributes:
        fx, fy: The focal lengths in pixels.
        cx, cy: The principal point in pixels.
        world_from_camera: The rigid transform from the camera frame to the world frame, float64 [4, 4], in metres.
        height, width: The image size in pixels.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    world_from_camera: np.ndarray
    height: int
    width: int

    @property
    def centre(self) -> np.ndarray:
        """The optical centre in the world, float64 [3] metres."""
        return self.world_from_camera[:3, 3]

    def rays(self, samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Rays through a regular grid of `samples` x `samples` points in each pixel, in row-major order.

        Args:
            samples: The number of rays per pixel along each axis.

        Returns:
            The origins in metres and the directions, both float32 [height * samples * width * samples, 3], in the world
            frame. The directions have length 1 along the optical axis, so a ray's parameter at a hit is that hit's
            depth.
        """
        u = (np.arange(self.width * samples) + 0.5) / samples - 0.5
        v = (np.arange(self.height * samples) + 0.5) / samples - 0.5
        right, down, forward = self.world_from_camera[:3, :3].T
        across = ((u - self.cx) / self.fx)[None, :, None] * right
        directions = across + ((v - self.cy) / self.fy)[:, None, None] * down + forward
        directions = np.ascontiguousarray(directions.reshape(-1, 3), np.float32)
        origins = np.ascontiguousarray(np.broadcast_to(self.centre.astype(np.float32), directions.shape))
        return origins, directions

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Projects world points to pixel coordinates.

        Args:
            points: The points in the world, [..., 3] metres.

        Returns:
            The pixel coordinates (u, v), float64 [..., 2], and the depth along the optical axis in metres, float64
            [...].
        """
        local = (np.asarray(points, float) - self.centre) @ self.world_from_camera[:3, :3]
        depth = local[..., 2]
        uv = local[..., :2] / depth[..., None] * (self.fx, self.fy) + (self.cx, self.cy)
        return uv, depth

    def backproject(self, uv: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """The world points that lie at given pixel coordinates and depths.

        Args:
            uv: The pixel coordinates (u, v), [..., 2].
            depth: The depth along the optical axis in metres, [...].

        Returns:
            The points in the world, float64 [..., 3] metres.
        """
        depth = np.asarray(depth, float)[..., None]
        plane = (np.asarray(uv, float) - (self.cx, self.cy)) / (self.fx, self.fy)
        local = np.concatenate([plane * depth, depth], axis=-1)
        return local @ self.world_from_camera[:3, :3].T + self.centre


def look_down(
    height: int,
    *,
    distance: float = 0.98,
    offset: tuple[float, float] = (0.0, 0.0),
    tilt: tuple[float, float, float] = (0.0, 0.0, 0.0),
    field: float = 0.72,
) -> Camera:
    """A camera that looks straight down at the tote, except for a small tilt.

    Args:
        height: The image height in pixels (the width is height * 3 // 2).
        distance: The height of the optical centre above the tote's floor, metres.
        offset: The x and y of the optical centre, metres.
        tilt: The rotations about the camera's x, y and z axes, radians.
        field: The width of the view at unit distance: the image width divided by the focal length.
    """
    width = height * 3 // 2
    (sx, sy, sz), (kx, ky, kz) = np.sin(tilt), np.cos(tilt)
    about_x = np.array([[1, 0, 0], [0, kx, -sx], [0, sx, kx]])
    about_y = np.array([[ky, 0, sy], [0, 1, 0], [-sy, 0, ky]])
    about_z = np.array([[kz, -sz, 0], [sz, kz, 0], [0, 0, 1]])
    pose = np.eye(4)
    pose[:3, :3] = np.diag([1.0, -1.0, -1.0]) @ about_z @ about_y @ about_x
    pose[:3, 3] = (*offset, distance)
    focal = width / field
    return Camera(focal, focal, (width - 1) / 2, (height - 1) / 2, pose, height, width)


def draw_camera(rng: np.random.Generator, height: int) -> Camera:
    """Draws the camera of one bin: hand-mounted, so slightly off-centre, tilted and zoomed, but calibrated.

    The tilt is corrected by an offset so that the view stays centred on the tote to within about a centimetre.

    Args:
        rng: The source of randomness.
        height: The image height in pixels (the width is height * 3 // 2).
    """
    tilt = rng.normal(0, np.radians(1.5), 3) * (1, 1, 0.5)
    distance = float(0.98 + rng.normal(0, 0.01))
    # tilting about the camera's x axis by a moves the view by distance * tan(a) along -y of the image, ...
    centring = np.array([-np.tan(tilt[1]), -np.tan(tilt[0])]) * distance
    offset = centring + rng.normal(0, 0.008, 2)
    camera = look_down(
        height,
        distance=distance,
        offset=(float(offset[0]), float(offset[1])),
        tilt=(float(tilt[0]), float(tilt[1]), float(tilt[2])),
        field=float(0.72 * np.exp(rng.normal(0, 0.01))),
    )
    shift = rng.normal(0, 0.004, 2) * camera.width
    return dataclasses.replace(camera, cx=camera.cx + float(shift[0]), cy=camera.cy + float(shift[1]))
