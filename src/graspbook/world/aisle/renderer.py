"""Pictures and labels of an aisle, from rays: lamps, shadows, ambient occlusion, textures (`world.render.shading`)."""

from __future__ import annotations

import dataclasses

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore import EmbreeDevice
from embreex.rtcore_scene import EmbreeScene

from graspbook.world.aisle.scene import LAMP_HEIGHT, LAMP_STEP, Aisle
from graspbook.world.assets.shapes import PLAIN
from graspbook.world.render.camera import Camera
from graspbook.world.render.shading import DISC, HEMISPHERE, PATTERN

REACH = 0.7
"""What lies nearer than this takes ambient light away, metres."""
LIFT = 3e-3
"""Secondary rays start so far above the surface, metres."""
LAMP_RADIUS = 0.3
TILE = 0.5
"""A texture is so wide, metres."""
GAMMA = 2.2
GRAIN = 0.12
"""Surfaces vary by up to this share, in cells of `1 / GRAINS` metres."""
GRAINS = 7.0


@dataclasses.dataclass(frozen=True)
class View:
    """What the camera sees.

    Attributes:
        image: The picture, sRGB uint8 [H, W, 3].
        classes: The class of the thing at each pixel, uint8 [H, W], 1 to 8 (`THINGS`); 0 is no thing.
        instances: The number of the thing in the aisle at each pixel, uint16 [H, W]; 0 is none.
    """

    image: np.ndarray
    classes: np.ndarray
    instances: np.ndarray


def camera_at(
    x: float, y: float, height: float, yaw: float, pitch: float, field: float, size: tuple[int, int]
) -> Camera:
    """A camera that looks along the aisle.

    Args:
        x: The position of the optical centre along the aisle, metres.
        y: The position of the optical centre across the aisle, to the left, metres.
        height: The height of the optical centre above the floor, metres.
        yaw: The turn to the left, radians.
        pitch: The turn upwards, radians.
        field: The width of the view at unit distance: the image width divided by the focal length.
        size: The height and the width of the pictures, pixels.
    """
    forward = np.array([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)])
    right = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = (x, y, height)
    rows, columns = size
    focal = columns / field
    return Camera(focal, focal, (columns - 1) / 2, (rows - 1) / 2, pose, rows, columns)


class AisleRenderer:
    """An aisle that is ready to be looked at.

    Args:
        aisle: The aisle to render.
        textures: The textures, sRGB uint8 [T, S, S, 3]; parts name them by number.
        device: An Embree device to share; the renderer makes its own by default.

    Attributes:
        lane: The y of the camera's path, metres.
    """

    def __init__(self, aisle: Aisle, textures: np.ndarray, device: EmbreeDevice | None = None) -> None:
        parts = aisle.parts
        starts = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
        counts = [len(part.faces) for part in parts]
        vertices = np.concatenate([part.vertices for part in parts]).astype(np.float32)
        faces = np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)])
        corners = vertices[faces]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self._normals = (normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12)).astype(np.float32)
        self._part = np.repeat(np.arange(len(parts)), counts)
        self._albedo = (np.clip([part.colour for part in parts], 0.02, 1.0) ** GAMMA).astype(np.float32)
        self._texture = np.array([part.texture for part in parts])
        self._textures = ((textures.astype(np.float32) / 255) ** GAMMA).reshape(-1, 3)
        self._texels = textures.shape[1]
        self._aisle, self.lane = aisle, aisle.lane
        self._scene = EmbreeScene(device or EmbreeDevice())
        self._mesh = TriangleMesh(self._scene, vertices, faces.astype(np.uint32))

    def see(self, camera: Camera, samples: int, noise: float, rng: np.random.Generator) -> View:
        """What a camera sees.

        Args:
            camera: The camera; it decides the size of the picture.
            samples: The number of light samples per pixel along each axis.
            noise: The standard deviation of the sensor's noise, as a share of the brightest pixel value.
            rng: The source of the exposure, then of the noise.

        Returns:
            The picture and its labels.
        """
        height, width = camera.height, camera.width
        hit = self._scene.run(*camera.rays(1), output=True)["primID"]
        owner = np.where(hit >= 0, self._aisle.owners[self._part[hit]], 0).reshape(height, width).astype(np.uint16)
        light = self._light(camera, samples)
        light = (
            light.reshape(height, samples, width, samples, 3).mean((1, 3)) * self._aisle.tint * rng.uniform(0.85, 1.2)
        )
        tone = np.clip(light / (1 + 0.3 * light), 0, 1) ** (1 / GAMMA)
        image = np.clip(tone + rng.normal(0, noise, tone.shape), 0, 1)
        return View(np.round(255 * image).astype(np.uint8), self._aisle.classes[owner], owner)

    def _light(self, camera: Camera, samples: int) -> np.ndarray:
        """Linear light of each sample, float32 [N, 3]."""
        origins, ways = camera.rays(samples)
        found = self._scene.run(origins, ways, output=True)
        face = found["primID"]
        there = face >= 0
        point = origins + ways * np.where(there, found["tfar"], 50)[:, None].astype(np.float32)
        normal = self._normals[face]
        normal = np.where(np.einsum("nk,nk->n", normal, ways)[:, None] > 0, -normal, normal)
        start = point + LIFT * normal
        rows, columns = camera.height * samples, camera.width * samples
        pattern = np.tile(PATTERN, (-(-rows // 4), -(-columns // 4)))[:rows, :columns].ravel()

        # the nearest lamp, one point of its disc for each sample
        along = np.clip(np.round((point[:, 0] - 1) / LAMP_STEP) * LAMP_STEP + 1, -4, self._aisle.end - 1)
        lamp = np.stack([along, np.zeros_like(along), np.full_like(along, LAMP_HEIGHT)], axis=1)
        lamp[:, :2] += LAMP_RADIUS * DISC[pattern]
        to_lamp = lamp - point
        away = np.einsum("nk,nk->n", to_lamp, to_lamp)
        towards = np.clip(np.einsum("nk,nk->n", to_lamp, normal) / np.sqrt(away), 0, None)
        shadowed = self._hidden(start, to_lamp, 1.0)
        direct = self._aisle.direct * towards * ~shadowed * LAMP_HEIGHT**2 / away

        open_sky = ~self._hidden(start, _around(normal, HEMISPHERE[pattern * 5 + 3 & 15]), REACH)
        ambient = self._aisle.ambient * (0.35 + 0.65 * open_sky)
        return self._colour(face, point, normal) * ((ambient + direct) * there)[:, None]

    def _hidden(self, start: np.ndarray, ways: np.ndarray, reach: float) -> np.ndarray:
        limit = np.full(len(start), reach, np.float32)
        return self._scene.run(start, ways.astype(np.float32), dists=limit, query="OCCLUDED") >= 0

    def _colour(self, face: np.ndarray, point: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Albedo with its texture, float32 [N, 3]."""
        part = self._part[face]
        cell = np.floor(point * GRAINS).astype(np.int64)
        grain = ((cell @ np.array([7919, 104729, 1299709]) + 31 * part) % 97) / 97 - 0.5
        colour = self._albedo[part] * (1 + GRAIN * grain).astype(np.float32)[:, None]
        texture = self._texture[part]
        chosen = np.flatnonzero((texture != PLAIN) & (face >= 0))
        if len(chosen):
            p, across = point[chosen], np.abs(normal[chosen])
            upright = across[:, 2] < 0.7
            sideways = across[:, 0] > across[:, 1]
            s = np.where(upright & sideways, p[:, 1], p[:, 0])
            t = np.where(upright, -p[:, 2], p[:, 1])
            texel = np.floor(np.stack([t, s]) / TILE * self._texels).astype(np.int64) % self._texels
            colour[chosen] *= self._textures[(texture[chosen] * self._texels + texel[0]) * self._texels + texel[1]]
        return colour


def _around(normal: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Directions `way` [N, 3], given around +z, turned to lie around `normal` [N, 3]."""
    tilted = np.abs(normal[:, 2]) < 0.9
    zero = np.zeros(len(normal), np.float32)
    x, y, z = normal.T
    side = np.where(tilted[:, None], np.stack([y, -x, zero], 1), np.stack([zero, z, -y], 1))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(normal, side)
    return side * way[:, :1] + other * way[:, 1:2] + normal * way[:, 2:]
