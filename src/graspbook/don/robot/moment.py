"""One still moment: objects on a table as a camera sees them, the whole scene turned under it (§IV-G)."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.spatial.transform import Rotation

from graspbook.don.scenes.config import ScenesConfig
from graspbook.don.scenes.studio import Backdrop, Studio
from graspbook.world.grippers.jaw.grasp import JawGrasp
from graspbook.world.render.camera import Camera
from graspbook.world.table.cell import TableCell
from graspbook.world.table.sensor import inpaint_depth
from graspbook.world.table.wrist import measure, photograph, wrist_cameras


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """A picture of a turned scene.

    Attributes:
        image: Picture, uint8 [H, W, 3] RGB.
        depth: Measured depth along the optical axis with gaps filled, metres, float32 [H, W].
        true_depth: True depth along the optical axis, metres, float32 [H, W].
        ids: Id of the object at each pixel, 0 for the table, uint8 [H, W].
        camera: Camera in the turned scene's frame.
        turn: Rotation from the scene's frame to the turned one, [3, 3].
    """

    image: np.ndarray
    depth: np.ndarray
    true_depth: np.ndarray
    ids: np.ndarray
    camera: Camera
    turn: np.ndarray

    def back(self, grasp: JawGrasp) -> JawGrasp:
        """Turns a grasp back into the frame of the scene in physics.

        Args:
            grasp: Grasp in the turned scene's frame.
        """
        return JawGrasp(grasp.point @ self.turn, grasp.axis @ self.turn, grasp.closing @ self.turn, grasp.opening)


def robot_camera(config: ScenesConfig) -> Camera:
    """The frame of the recorded path that looks down most steeply: what the robot takes its pictures from.

    Args:
        config: Camera and its path.
    """
    return min(wrist_cameras(config.camera), key=lambda camera: camera.world_from_camera[2, 2])


def see(
    studio: Studio,
    cell: TableCell,
    backdrop: Backdrop,
    config: ScenesConfig,
    degrees: float,
    rng: np.random.Generator,
) -> Seen:
    """What the robot's camera sees once everything on the table is turned about the table's middle.

    Args:
        studio: Shapes, prints and renderer.
        cell: Table with objects at rest.
        backdrop: Light and table.
        config: Camera and its sensor.
        degrees: Angle of the turn about the vertical, degrees.
        rng: Source of the sensor's noise.
    """
    camera, turn = robot_camera(config), Rotation.from_rotvec([0, 0, np.radians(degrees)]).as_matrix()
    poses = {number: (turn @ rotation, turn @ position) for number, (rotation, position) in cell.poses().items()}
    layers = studio.renderer.see(dict(cell.items), poses, backdrop.table, backdrop.light, camera, config.camera.samples)
    image = photograph(layers, rng, config.camera)
    depth = inpaint_depth(measure(layers, rng, config.camera))
    return Seen(image, depth, layers.depth, layers.ids, camera, turn)
