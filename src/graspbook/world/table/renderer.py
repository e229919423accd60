"""Pictures of a table and of what stands on it, with the bin's rays and shading (`graspbook.world.render.renderer`)."""

from __future__ import annotations

import numpy as np

from graspbook.world.assets import tote
from graspbook.world.assets.catalogue import Shape
from graspbook.world.assets.items import Item
from graspbook.world.render import renderer as render
from graspbook.world.render import shading
from graspbook.world.render.camera import Camera
from graspbook.world.render.renderer import Layers, Renderer
from graspbook.world.scene import Light, Pose, Scene

TABLE_ID = 0
"""Of the table in masks; no object may have it."""
HALF = 1.5
"""Half of the table's length and width, metres."""
MIRROR_SHARE = 0.25
"""Mirror reflectance of an item per unit of its `specular`."""


def table_item(texture: int, repeat: float, offset: tuple[float, float] = (0.0, 0.0), specular: float = 0.04) -> Item:
    """The table's top as an item that lies at the origin: a square with a texture.

    Args:
        texture: The index into the catalogue's texture pool.
        repeat: The length of the table that one repeat of the texture covers, metres.
        offset: The shift of the texture along its two axes, in repeats.
        specular: The strength of the highlights, from 0 to 1.
    """
    corners = np.array([(-HALF, -HALF, 0), (HALF, -HALF, 0), (HALF, HALF, 0), (-HALF, HALF, 0)], np.float32)
    normals = np.zeros((2, 3, 3), np.float32)
    normals[..., 2] = 1
    shape = Shape("table_0000", "box", corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32), normals, (), 0.0)
    return Item(shape, texture, (repeat, repeat, repeat), offset, specular=specular)


class TableRenderer(Renderer):
    """A `Renderer` for what stands on a table instead of in a tote; use one per process.

    Objects may shine more than in the tote: their mirror reflectance is not limited.

    Args:
        catalogue: The catalogue whose textures the items and the table wear.
    """

    def see(
        self,
        items: dict[int, Item],
        poses: dict[int, Pose],
        table: Item,
        light: Light,
        camera: Camera,
        samples: int = 2,
    ) -> Layers:
        """Renders what a camera sees.

        Args:
            items: The items by object id (1..250).
            poses: The poses of the items in the world, by object id.
            table: The table's top, as `table_item` makes it.
            light: The lamp and the light of its surroundings.
            camera: The camera; it decides the image size.
            samples: The number of light samples per pixel along each axis; masks and depth do not depend on it.

        Returns:
            The light, the object ids (0 is the table) and the true depth of each pixel.
        """
        everything = {TABLE_ID: table} | {key: items[key] for key in sorted(items)}
        lying = {TABLE_ID: (np.eye(3), np.zeros(3))} | poses
        scene = Scene(everything, lying, tote.Tote(), light, camera)
        rays = render.RayScene(everything, lying, self._device, with_tote=False)
        materials = _without_tote(render._materials(scene), everything)
        shape = camera.height, camera.width
        origins, ways = camera.rays(1)
        centre = rays.cast_faces(origins, ways)
        hit = centre[0] >= 0
        geom = rays.face_geom[centre[0]]
        ids = np.where(hit, rays.object_ids[geom], 0).astype(np.uint8).reshape(shape)
        depth = np.where(hit, centre[3], 0).astype(np.float32).reshape(shape)
        mirror = np.where(hit, materials.mirror[geom], 0).astype(np.float32).reshape(shape)
        first = centre
        if samples > 1:
            origins, ways = camera.rays(samples)
            first = rays.cast_faces(origins, ways)
        ambient, direct = self._shade(scene, rays, materials, origins, ways, first, samples)
        return Layers(ambient, direct, ids, depth, mirror, rays)

    @staticmethod
    def _normals(scene: Scene) -> np.ndarray:
        """Local corner normals of all triangles; there is no tote."""
        return np.concatenate([item.shape.corner_normals for item in scene.items.values()])


def _without_tote(materials: shading.Materials, items: dict[int, Item]) -> shading.Materials:
    """The materials of the items alone, as shiny as they say."""
    own = shading.Materials(*(field[tote.N_PARTS :] for field in materials))
    mirror = np.array([MIRROR_SHARE * item.specular for item in items.values()], np.float32)
    return own._replace(mirror=mirror)
