"""The simulated cell from outside: two bins, the tool with its five cups, the camera above (`selfsup` paper, §IV-A)."""

import dataclasses

import numpy as np
from jaxtyping import UInt8

from graspbook.world.assets import meshes, tote
from graspbook.world.assets.catalogue import TEXTURE_SIZE, Catalogue, Shape
from graspbook.world.assets.items import Item
from graspbook.world.config import Dials
from graspbook.world.grippers.suction import housing
from graspbook.world.grippers.suction.seal import CUP_RADIUS, CUPS, ToolPose
from graspbook.world.render.camera import Camera
from graspbook.world.render.renderer import Renderer
from graspbook.world.render.sensor import photograph
from graspbook.world.scene import Scene

AWAY = 0.60
"""From the middle of one bin to that of the other, metres; only drawn: physics has each bin in a cell of its own."""
CAMERA = (0.06, 0.02, 0.02)
"""Half extents of the camera's body, metres."""
POST = 0.45
"""From the camera to the post that it hangs from, metres."""
FLOOR = 30.0
"""Half the width of the ground around the cell, metres."""
GROUND, GREY, RUBBER, WHITE = (165, 165, 168), (150, 155, 160), (40, 42, 48), (225, 228, 230)
"""Colours, sRGB: of the ground, of the tool and the post, of the cups, of the camera."""


def tool_meshes() -> list[tuple[meshes.Mesh, tuple[int, int, int]]]:
    """The tool in its own frame, lips at z = 0: body, then one bellows for each cup, with their colours."""
    around = [(housing.RADIUS, housing.BELLOWS), (housing.RADIUS, housing.BELLOWS + housing.LENGTH)]
    body = meshes.lathe(np.array(around), 48), GREY
    folds = np.linspace(0, housing.BELLOWS, 6)
    bellows = meshes.lathe(np.stack([CUP_RADIUS * np.tile([1.0, 0.7], 3), folds], 1), 24)
    return [body, *(((bellows[0] + centre, bellows[1]), RUBBER) for centre in CUPS)]


def bin_mesh() -> meshes.Mesh:
    """The bin without the table, as a mesh."""
    corners = tote.quads()[1:].reshape(-1, 3).astype(float)
    quad = 4 * np.arange(len(corners) // 4)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    return corners, quad.reshape(-1, 3).astype(np.int32)


def stand_meshes(lens: np.ndarray) -> list[tuple[meshes.Mesh, tuple[int, int, int]]]:
    """The camera at `lens` [3] metres, and the post and beam that it hangs from, with their colours."""
    foot = lens - (POST, 0.0, 0.0)
    boxes = [
        (lens, CAMERA, WHITE),
        ((lens + foot) / 2 + (0, 0, 0.03), (POST / 2, 0.012, 0.012), GREY),
        (foot * (1, 1, 0.5), (0.015, 0.015, lens[2] / 2 + 0.04), GREY),
    ]
    shapes = [(meshes.box(np.array(half)), middle, colour) for middle, half, colour in boxes]
    return [((vertices + middle, faces), colour) for (vertices, faces), middle, colour in shapes]


def look_at(eye: np.ndarray, target: np.ndarray, height: int, field: float = 0.75) -> Camera:
    """A camera at `eye` [3] that looks at `target` [3], both in metres, its picture's upper side up.

    Args:
        eye: where it is.
        target: what is in the middle of its picture.
        height: of the picture in pixels; the width is height * 3 // 2.
        field: width of the view at unit distance.
    """
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], 1)
    pose[:3, 3] = eye
    width = height * 3 // 2
    return Camera(width / field, width / field, (width - 1) / 2, (height - 1) / 2, pose, height, width)


def draw_cell(
    scene: Scene, tool: ToolPose, catalogue: Catalogue, dials: Dials, height: int = 480
) -> UInt8[np.ndarray, "h w 3"]:
    """A bin as it stands, the other bin, the camera and the tool, seen from the side.

    Args:
        scene: bin, objects, light, and the camera that is drawn.
        tool: where the tool is drawn.
        catalogue: of the objects.
        dials: of the photograph.
        height: of the picture in pixels.
    """
    still = np.eye(3), np.zeros(3)
    ground = meshes.box(np.array([FLOOR, FLOOR, 0.001]))
    parts = [
        (ground, GROUND, (np.eye(3), np.array([0.0, 0.0, -0.004]))),
        (bin_mesh(), _code(scene.tote.wall), (np.eye(3), np.array([0.0, AWAY, 0.0]))),
        *((mesh, colour, still) for mesh, colour in stand_meshes(scene.camera.centre)),
        *((mesh, colour, (tool.rotation, tool.position)) for mesh, colour in tool_meshes()),
    ]
    items, poses, colours = dict(scene.items), dict(scene.poses), []
    for number, (mesh, colour, pose) in enumerate(parts):
        key = max(items) + 1
        items[key], poses[key] = _plain(mesh, len(catalogue.texture_pool) + number), pose
        colours.append(np.full((TEXTURE_SIZE, TEXTURE_SIZE, 3), colour, np.uint8))
    painted = Catalogue(catalogue.all_shapes, np.concatenate([catalogue.texture_pool, colours]))
    camera = look_at(np.array([1.3, -1.25, 1.15]), np.array([-0.1, 0.2, 0.42]), height, field=0.98)
    light = dataclasses.replace(scene.light, ambient=1.0)
    seen = Scene(items, poses, scene.tote, light, camera)
    return photograph(Renderer(painted).render(seen, 2), np.random.default_rng(0), dials)


def _plain(mesh: meshes.Mesh, texture: int) -> Item:
    """A mesh as an item in one colour."""
    vertices, faces = mesh
    normals = meshes.corner_normals(vertices, faces)
    return Item(Shape("box_0000", "box", vertices.astype(np.float32), faces, normals, (), 0.0), texture)


def _code(linear: tuple[float, float, float]) -> np.ndarray:
    """Linear light [3] in 0..1 as sRGB, uint8 [3]."""
    light = np.array(linear)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * coded).astype(np.uint8)
