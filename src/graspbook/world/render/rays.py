"""Ray queries against the tote and the items in it, through Embree.

One `RayScene` holds one still moment: all triangles in world coordinates. It is used by the renderer, and by
the gripper to feel for surfaces below its cups.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore import EmbreeDevice
from embreex.rtcore_scene import EmbreeScene

from graspbook.world.assets import tote
from graspbook.world.assets.items import Item
from graspbook.world.scene import Pose

MISS = -1
"""Geometry index of a ray that hits nothing."""


@dataclasses.dataclass(frozen=True)
class Hits:
    """First hits of N rays.

    Attributes:
        geom: The geometry that each ray hits, int32 [N]: 0..9 are the parts of the tote (`tote.PARTS`), 10.. the items
            in the order of `RayScene.object_ids`, and `MISS` is nothing. Without the tote, the items begin at 0.
        prim: The number of the triangle within that geometry's own mesh, int32 [N]; `MISS` where nothing is hit.
        u, v: The barycentric coordinates of the triangle's second and third corner, float32 [N].
        t: The ray parameter of the hit, float32 [N] (the depth in metres, for rays of `Camera.rays`); 1e37 where
            nothing is hit.
    """

    geom: np.ndarray
    prim: np.ndarray
    u: np.ndarray
    v: np.ndarray
    t: np.ndarray


class RayScene:
    """Items at poses, with or without the tote around them.

    Attributes:
        object_ids: The object id of each geometry, uint8 [G]; 0 for the parts of the tote.
        first_face: The number in `faces` of the first triangle of each geometry, int64 [G + 1].
        face_geom: The geometry of each triangle, int32 [F].
        vertices: The vertices in world coordinates, float32 [V, 3] metres.
        faces: The vertex indices of all triangles, uint32 [F, 3].
    """

    def __init__(
        self,
        items: Mapping[int, Item],
        poses: Mapping[int, Pose],
        device: EmbreeDevice | None = None,
        with_tote: bool = True,
    ) -> None:
        """Builds the acceleration structure.

        Args:
            items: The items by object id (1..250).
            poses: The poses by object id (only those of `items` are used).
            device: An Embree device to share between scenes; the scene makes its own by default.
            with_tote: Whether the tote and the table are in the scene.
        """
        points: list[np.ndarray] = []
        faces: list[np.ndarray] = []
        ids: list[int] = []
        if with_tote:
            quad = np.array([[0, 1, 2], [0, 2, 3]], np.uint32)
            points += list(tote.quads())
            faces += [quad] * tote.N_PARTS
            ids += [0] * tote.N_PARTS
        for key, item in items.items():
            rotation, translation = poses[key]
            points.append((item.shape.vertices @ rotation.T + translation).astype(np.float32))
            faces.append(item.shape.faces.astype(np.uint32))
            ids.append(key)
        counts = np.array([len(f) for f in faces], np.int64)
        starts = np.cumsum([0] + [len(p) for p in points[:-1]]).astype(np.uint32)
        self.object_ids = np.array(ids, np.uint8)
        self.first_face = np.concatenate([[0], np.cumsum(counts)])
        self.face_geom = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        self.vertices = np.concatenate(points)
        self.faces = np.concatenate([f + s for f, s in zip(faces, starts, strict=True)])
        self._scene = EmbreeScene(device)
        # one mesh for everything: Embree builds one tree, and needs no loop over geometries
        self._mesh = TriangleMesh(self._scene, self.vertices, self.faces)

    def cast(self, origins: np.ndarray, directions: np.ndarray) -> Hits:
        """First hits of rays.

        Args:
            origins: The start of each ray in the world, float32 [N, 3] metres.
            directions: The direction of each ray, float32 [N, 3], of any length.

        Returns:
            What each ray hits first.
        """
        face, u, v, t = self.cast_faces(origins, directions)
        hit = face >= 0
        geom = np.where(hit, self.face_geom[face], MISS).astype(np.int32)
        prim = np.where(hit, face - self.first_face[geom], MISS).astype(np.int32)
        return Hits(geom, prim, u, v, t)

    def cast_faces(
        self, origins: np.ndarray, directions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """First hits of rays as plain arrays, triangles counted over the whole scene.

        Args:
            origins: The start of each ray in the world, float32 [N, 3] metres.
            directions: The direction of each ray, float32 [N, 3], of any length.

        Returns:
            The number of the triangle in `faces` (int32 [N], -1 = nothing), then u, v and t as in `Hits`.
        """
        answer = self._scene.run(origins, directions, output=True)
        return answer["primID"], answer["u"], answer["v"], answer["tfar"]

    def occluded(
        self, origins: np.ndarray, directions: np.ndarray, reach: float | np.ndarray | None = None
    ) -> np.ndarray:
        """Whether anything lies on each ray.

        Args:
            origins: The start of each ray in the world, float32 [N, 3] metres.
            directions: The direction of each ray, float32 [N, 3], of any length.
            reach: The largest ray parameter that counts (in lengths of the direction), one for all or float32 [N];
                without it, rays are endless.

        Returns:
            Whether anything lies on each ray, bool [N].
        """
        limit = None if reach is None else np.full(len(origins), reach, np.float32)
        return self._scene.run(origins, directions, dists=limit, query="OCCLUDED") >= 0

    def object_at(self, hits: Hits) -> np.ndarray:
        """The object id of each hit.

        Args:
            hits: The hits of N rays, as `cast` returns them.

        Returns:
            The object ids, uint8 [N]; 0 for the tote, the table and nothing.
        """
        return np.where(hits.geom >= 0, self.object_ids[hits.geom], 0).astype(np.uint8)
