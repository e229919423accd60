"""Where the depth camera above the table is."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from graspbook.world.render.camera import Camera
from graspbook.world.table.config import CameraConfig


def table_camera(
    config: CameraConfig, *, zoom: float = 1.0, turn: float = 0.0, tilt: float = 0.0, towards: float = 0.0
) -> Camera:
    """A camera that looks at the middle of the table from a fixed distance.

    Args:
        config: The size of the image, the distance and the field of view.
        zoom: The factor on the focal length; 2 shows half as much of the table along each side.
        turn: The rotation of the camera about its optical axis, radians.
        tilt: The angle between the optical axis and the vertical, radians.
        towards: The angle from the world's x axis to the horizontal axis about which the camera tilts, radians.
    """
    down = np.diag([1.0, -1.0, -1.0])
    lean = Rotation.from_rotvec(tilt * np.array([np.cos(towards), np.sin(towards), 0.0])).as_matrix()
    spin = Rotation.from_rotvec([0.0, 0.0, turn]).as_matrix()
    pose = np.eye(4)
    pose[:3, :3] = lean @ spin @ down
    pose[:3, 3] = -config.distance * pose[:3, 2]
    focal = config.size * config.distance / config.field * zoom
    middle = (config.size - 1) / 2
    return Camera(focal, focal, middle, middle, pose, config.size, config.size)


def draw_table_camera(rng: np.random.Generator, config: CameraConfig) -> Camera:
    """A camera with a random zoom, turn and tilt, drawn in this order.

    Args:
        rng: The source of randomness.
        config: The image, the distance, the field of view, and the ranges of zoom and tilt.
    """
    return table_camera(
        config,
        zoom=float(np.exp(rng.uniform(-config.zoom, config.zoom))),
        turn=float(rng.uniform(0, 2 * np.pi)),
        # uniform over the directions within the cone
        tilt=float(np.radians(config.tilt) * np.sqrt(rng.uniform())),
        towards=float(rng.uniform(0, 2 * np.pi)),
    )
