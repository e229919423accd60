"""The table and what stands on it as surfaces: depth images, and what lies below a point."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from graspbook.world.assets.items import Item
from graspbook.world.render.camera import Camera
from graspbook.world.render.rays import RayScene
from graspbook.world.scene import Pose


class Lying(Protocol):
    """Objects on a table, such as a `TableCell`."""

    items: dict[int, Item]

    def poses(self) -> dict[int, Pose]:
        """The poses of the objects by id."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Still:
    """Objects on a table without physics.

    Attributes:
        items: The objects by id.
        lie: The poses of the objects by id.
    """

    items: dict[int, Item]
    lie: dict[int, Pose]

    def poses(self) -> dict[int, Pose]:
        """The poses of the objects by id."""
        return self.lie


@dataclasses.dataclass(frozen=True)
class View:
    """What a perfect depth camera sees.

    Attributes:
        depth: The exact depth along the optical axis in metres, float32 [H, W].
        ids: The object ids, uint8 [H, W]; 0 is the table.
        shade: The grey image under a lamp beside the camera, uint8 [H, W].
    """

    depth: np.ndarray
    ids: np.ndarray
    shade: np.ndarray


class Surface:
    """One still moment of a table: the triangles of its objects in world coordinates, above the plane z = 0.

    Args:
        cell: The objects on the table, such as its physics cell; later changes to it do not matter.

    Attributes:
        scene: The ray scene of the objects, without the table.
        areas: The area of each triangle, float32 [F] square metres.
        normals: The unit normal of each triangle, float32 [F, 3].
        corners: The corners of each triangle in the world, float32 [F, 3, 3] metres.
    """

    def __init__(self, cell: Lying) -> None:
        self.scene = RayScene(dict(sorted(cell.items.items())), cell.poses(), with_tote=False)
        corners = self.scene.vertices[self.scene.faces.astype(np.int64)]
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        length = np.linalg.norm(cross, axis=1)
        self.areas = length / 2
        self.normals = cross / np.maximum(length, 1e-12)[:, None]
        self.corners = corners

    def face_ids(self) -> np.ndarray:
        """Object id of each triangle, uint8 [F]."""
        return self.scene.object_ids[self.scene.face_geom]

    def hit(self, origins: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First hits of rays with the objects.

        Args:
            origins: The start of each ray in the world, [N, 3] metres.
            directions: The direction of each ray, [N, 3], of any length.

        Returns:
            The triangle that each ray hits first, int64 [N] (-1: none), and the ray's parameter there in lengths of the
            direction, float64 [N] (infinite: none).
        """
        face, _, _, t = self.scene.cast_faces(
            np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(directions, np.float32)
        )
        return face.astype(np.int64), np.where(face >= 0, t, np.inf).astype(np.float64)

    def below(self, points: np.ndarray, axis: np.ndarray, start: float = 0.4) -> np.ndarray:
        """The outermost surface on lines through points, seen along an axis.

        Args:
            points: The points in the world, [N, 3] metres.
            axis: The direction of the lines, downwards, a unit vector [3].
            start: How far before the points, against the axis, the lines begin, metres.

        Returns:
            The point where each line first meets an object or the table, float64 [N, 3] metres.
        """
        origins = np.asarray(points, float) - start * np.asarray(axis, float)
        directions = np.broadcast_to(np.asarray(axis, float), origins.shape)
        _, t = self.hit(origins, directions)
        t = np.minimum(t, -origins[:, 2] / axis[2])
        return origins + t[:, None] * directions

    def see(self, camera: Camera) -> View:
        """What a perfect depth camera sees; the table goes on for ever.

        Args:
            camera: The camera; it decides the image size.
        """
        origins, directions = camera.rays()
        face, t = self.hit(origins, directions)
        plane = -origins[:, 2].astype(float) / directions[:, 2]
        on_table = (face < 0) | (t > plane)
        depth = np.where(on_table, plane, t)
        normals = np.where(on_table[:, None], (0.0, 0.0, 1.0), self.normals[face])
        towards = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        shade = np.abs((normals * towards).sum(1)) * np.where(on_table, 0.55, 0.95)
        ids = np.where(on_table, 0, self.face_ids()[face])
        shape = camera.height, camera.width
        return View(
            depth.reshape(shape).astype(np.float32),
            ids.reshape(shape).astype(np.uint8),
            np.round(255 * shade).reshape(shape).astype(np.uint8),
        )
