"""The renderer: pictures, ids and depth of a scene from Embree's rays and our own shading.

Ambient and direct light are kept apart, so that the light's flicker between two photographs (`sensor`) costs
nothing and can change no mask. Ids and depth come from one ray through each pixel's centre and never from a
reflection.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from embreex.rtcore import EmbreeDevice

from graspbook.world.assets import tote
from graspbook.world.assets.catalogue import TEXTURE_SIZE, Catalogue
from graspbook.world.assets.items import Item
from graspbook.world.render import shading, smoothing
from graspbook.world.render.camera import Camera
from graspbook.world.render.rays import RayScene
from graspbook.world.scene import Light, Pose, Scene

F = np.float32
_MIP_LEVELS = 6
_MAPPINGS = {"random": shading.TILED, "box": shading.TILED, "pack": shading.FRONT}


@dataclasses.dataclass(frozen=True, eq=False)
class Layers:
    """One rendered moment, before any camera has looked at it.

    Attributes:
        ambient: The light that the surroundings send, linear RGB float32 [H, W, 3].
        direct: The light that the lamp sends, linear RGB float32 [H, W, 3].
        ids: The object id of the nearest surface at each pixel's centre, uint8 [H, W]; 0 is none.
        depth: The exact depth along the optical axis in metres, float32 [H, W]; 0 where nothing is hit.
        mirror: The mirror reflectance of the surface at each pixel's centre, float32 [H, W], from 0 to 1.
        rays: The ray scene of this moment, for further queries.
    """

    ambient: np.ndarray
    direct: np.ndarray
    ids: np.ndarray
    depth: np.ndarray
    mirror: np.ndarray
    rays: RayScene


class Renderer:
    """Renders scenes whose items come from one catalogue; use one per process.

    Args:
        catalogue: The catalogue whose textures the items wear.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._device = EmbreeDevice()
        self._textures = _mip_map(catalogue.texture_pool)
        # all frames of one bin share its camera
        self._camera_rays: tuple[Camera, int, tuple[np.ndarray, np.ndarray]] | None = None

    def render(self, scene: Scene, samples: int = 2) -> Layers:
        """Renders a scene.

        Args:
            scene: The scene to render; its camera decides the image size.
            samples: The number of light samples per pixel along each axis. Masks and depth do not depend on it.

        Returns:
            The light, the object ids, the depth and the reflectance of each pixel.
        """
        camera = scene.camera
        rays = RayScene(scene.items, scene.poses, self._device)
        materials = _materials(scene)
        shape = camera.height, camera.width

        origins, ways = camera.rays(1)
        centre = rays.cast_faces(origins, ways)
        face = centre[0]
        hit = face >= 0
        geom = rays.face_geom[face]
        ids = np.where(hit, rays.object_ids[geom], 0).astype(np.uint8).reshape(shape)
        depth = np.where(hit, centre[3], 0).astype(F).reshape(shape)
        mirror = np.where(hit, materials.mirror[geom], 0).astype(F).reshape(shape)

        if samples > 1:
            origins, ways = self._rays(camera, samples)
            first_hit = rays.cast_faces(origins, ways)
        else:
            first_hit = centre
        ambient, direct = self._shade(scene, rays, materials, origins, ways, first_hit, samples)
        return Layers(ambient, direct, ids, depth, mirror, rays)

    def _shade(
        self,
        scene: Scene,
        rays: RayScene,
        materials: shading.Materials,
        origins: np.ndarray,
        ways: np.ndarray,
        first_hit: tuple[np.ndarray, ...],
        samples: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Follows the light from the first hits; returns the ambient and direct layers."""
        lamp = _lamp(scene.light)
        camera = scene.camera
        grid = camera.height * samples, camera.width * samples
        repeats = grid[0] // 4 + 1, grid[1] // 4 + 1
        pattern = np.tile(shading.PATTERN, repeats)[: grid[0], : grid[1]].ravel()
        spread = F(1 / (camera.fx * samples))
        normals = self._normals(scene)
        common = (rays.face_geom, normals, materials, self._textures, lamp)
        first = shading.surfaces(*first_hit, origins, ways, *common, pattern, spread, True)
        shade = np.empty((len(origins), 2), F)
        shade[:, 0] = ~rays.occluded(first.start, first.to_lamp, 1.0)
        shade[:, 1] = ~rays.occluded(first.start, first.to_sky, 0.2)
        mirrored = np.zeros((len(origins), 6), F)
        if len(first.mirrored):
            hit = rays.cast_faces(first.mirror_start, first.mirror_way)
            second = shading.surfaces(
                *hit, first.mirror_start, first.mirror_way, *common, pattern[first.mirrored], spread * F(3), False
            )
            shadowed = rays.occluded(second.start, second.to_lamp, 1.0)
            mirrored = shading.reflected_light(len(origins), first, second, shadowed, lamp.ambient)
        geom = first.geom.reshape(grid)
        everywhere = np.ones(len(materials.mirror) + 1, bool)
        mirrors = np.append(materials.mirror > shading.MIRROR_LEAST, False)
        sharp = shade.reshape(*grid, 2)
        shade = smoothing.smooth_columns(geom, smoothing.smooth_rows(geom, sharp, everywhere), everywhere)
        if lamp.radius == 0:
            # a point casts hard shadows: there is no pattern to average away
            shade[..., 0] = sharp[..., 0]
        mirrored = smoothing.smooth_rows(geom, mirrored.reshape(*grid, 6), mirrors)
        mirrored = smoothing.smooth_columns(geom, mirrored, mirrors)
        return smoothing.assemble(
            geom,
            first.albedo.reshape(*grid, 3),
            first.lit.reshape(grid),
            first.shine.reshape(grid),
            shade,
            mirrored,
            lamp.ambient,
            samples,
        )

    def _rays(self, camera: Camera, samples: int) -> tuple[np.ndarray, np.ndarray]:
        """The camera's rays, computed once for as long as the same camera is used."""
        if self._camera_rays is None or self._camera_rays[0] is not camera or self._camera_rays[1] != samples:
            self._camera_rays = camera, samples, camera.rays(samples)
        return self._camera_rays[2]

    @staticmethod
    def _normals(scene: Scene) -> np.ndarray:
        """Local corner normals of all triangles in the order of `RayScene.faces`."""
        return np.concatenate([_TOTE_NORMALS, *(item.shape.corner_normals for item in scene.items.values())])

    def silhouette(self, item: Item, pose: Pose, camera: Camera) -> np.ndarray:
        """The object's amodal mask: every pixel whose centre it would cover if it were alone.

        Args:
            item: The item to outline.
            pose: The item's pose in the world.
            camera: The camera that looks at it.

        Returns:
            The mask, bool [H, W].
        """
        return silhouette(item, pose, camera, self._device)


def silhouette(item: Item, pose: Pose, camera: Camera, device: EmbreeDevice | None = None) -> np.ndarray:
    """An item's amodal mask, as `Renderer.silhouette`, without a renderer.

    Args:
        item: The item to outline.
        pose: The item's pose in the world.
        camera: The camera that looks at it.
        device: An Embree device to share; a new one is made by default.

    Returns:
        The mask, bool [H, W].
    """
    rays = RayScene({1: item}, {1: pose}, device, with_tote=False)
    mask = np.zeros((camera.height, camera.width), bool)
    uv, _ = camera.project(rays.vertices)
    left, top = np.clip(np.floor(uv.min(0)).astype(int) - 1, 0, (camera.width, camera.height))
    right, bottom = np.clip(np.ceil(uv.max(0)).astype(int) + 2, 0, (camera.width, camera.height))
    if left >= right or top >= bottom:
        return mask
    origins, ways = (
        np.ascontiguousarray(a.reshape(camera.height, camera.width, 3)[top:bottom, left:right]).reshape(-1, 3)
        for a in camera.rays(1)
    )
    face = rays.cast_faces(origins, ways)[0]
    mask[top:bottom, left:right] = (face >= 0).reshape(bottom - top, right - left)
    return mask


def _tote_normals() -> np.ndarray:
    """Corner normals [20, 3, 3] of the tote's two triangles per part."""
    quads = tote.quads().astype(float)
    cross = np.cross(quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 0])
    unit = cross / np.linalg.norm(cross, axis=1, keepdims=True)
    return np.repeat(np.repeat(unit, 2, axis=0)[:, None], 3, axis=1).astype(F)


_TOTE_NORMALS = _tote_normals()


def _lamp(light: Light) -> shading.Lamp:
    return shading.Lamp(*(F(x) for x in light.position), F(light.radius), F(light.direct), F(light.ambient))


def _materials(scene: Scene) -> shading.Materials:
    """Gathers the looks of the tote's parts and of the items, in the order of `RayScene.object_ids`."""
    parts, items, look = tote.N_PARTS, list(scene.items.values()), scene.tote
    count = parts + len(items)
    rotation, translation = np.tile(np.eye(3, dtype=F), (count, 1, 1)), np.zeros((count, 3), F)
    albedo = np.empty((count, 3), F)
    albedo[:parts] = [look.table, look.floor, *[np.array(look.wall) * 0.75] * 4, *[look.wall] * 4]
    mirror = np.zeros(count, F)
    mirror[1] = look.floor_reflectance
    mirror[tote.FIRST_WALL : tote.LAST_WALL + 1] = look.wall_reflectance
    roughness = np.full(count, look.roughness, F)
    roughness[parts:] = 0.01
    texture, mapping = np.zeros(count, np.int32), np.full(count, shading.PLAIN, np.int32)
    scale, offset = np.ones((count, 3), F), np.zeros((count, 2), F)
    cap_from, gloss, specular = np.full(count, np.inf, F), np.full(count, 40, F), np.full(count, 0.1, F)
    specular[0] = 0.02
    for g, (key, item) in enumerate(scene.items.items(), start=parts):
        rotation[g], translation[g] = scene.poses[key]
        albedo[g], texture[g] = item.cap, item.texture
        mapping[g] = _MAPPINGS.get(item.shape.family, shading.AROUND)
        scale[g], offset[g] = item.texture_scale, item.texture_offset
        if item.shape.family == "bottle":
            cap_from[g] = item.shape.vertices[:, 2].max() - 0.11 * item.shape.extent[2]
        gloss[g], specular[g] = item.gloss, item.specular
        mirror[g] = min(item.specular / 4, 0.08)
    return shading.Materials(
        rotation,
        translation,
        albedo,
        texture,
        mapping,
        scale,
        offset,
        cap_from,
        gloss,
        specular,
        mirror,
        roughness,
    )


def _mip_map(pool: np.ndarray) -> shading.Textures:
    """Texture pool [N, T, T, 3] with its smaller copies, averaged in linear light."""
    code = np.arange(256) / 255
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(F)
    # table from linear light back to the nearest code
    borders = (linear[1:] + linear[:-1]) / 2
    levels = [pool.reshape(len(pool), -1, 3)]
    light = linear[pool]
    for _ in range(_MIP_LEVELS - 1):
        light = (light[:, ::2, ::2] + light[:, 1::2, ::2] + light[:, ::2, 1::2] + light[:, 1::2, 1::2]) / 4
        levels.append(np.searchsorted(borders, light).astype(np.uint8).reshape(len(pool), -1, 3))
    starts = np.cumsum([0] + [level.shape[1] for level in levels[:-1]]).astype(np.int32)
    return shading.Textures(np.concatenate(levels, axis=1), starts, TEXTURE_SIZE, linear)
