"""Fixtures of the world tests: a small catalogue and scene made in memory, and items of known shape."""

import dataclasses
import hashlib
import json
import signal
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pybullet_data
import pytest
from safetensors.numpy import save_file

from graspbook.instances.types import Instances, of_one_class
from graspbook.world.assets import meshes
from graspbook.world.assets.catalogue import INDEX_FILE, SHAPES_FILE, TEXTURES_FILE, Catalogue, Shape, pack, pack_atlas
from graspbook.world.assets.items import Item, draw_item
from graspbook.world.assets.textures import draw_texture
from graspbook.world.assets.tote import Tote
from graspbook.world.grippers.suction.seal import ToolPose
from graspbook.world.render.camera import draw_camera
from graspbook.world.render.rays import RayScene
from graspbook.world.render.renderer import Renderer
from graspbook.world.scene import Light, Scene
from tests.conftest import standard
from tests.world.tabletop import box_on_table, camera_config, gripper  # noqa: F401 (fixtures)
from tools import build_data

DIALS = standard("selfsup").world.dials


@pytest.fixture(scope="session")
def small_catalogue() -> Catalogue:
    folder = Path(pybullet_data.getDataPath()) / "random_urdfs"
    shapes = [build_data.random_shape(k, folder / f"{k:03d}" / f"{k:03d}.obj") for k in (0, 2, 5, 10)]
    makers = (build_data._box, build_data._bottle, build_data._can, build_data._pack)
    shapes += [make(k, np.random.default_rng(k)) for make in makers for k in (0, 1, 2)]
    rng = np.random.default_rng(0)
    return Catalogue(shapes, np.stack([draw_texture(rng) for _ in range(20)]))


@pytest.fixture(scope="session")
def data_dir(small_catalogue, tmp_path_factory) -> Path:
    """A data folder that holds the small catalogue."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "catalogue").mkdir()
    index, arrays = pack(small_catalogue.all_shapes)
    (folder / "catalogue" / INDEX_FILE).write_text(json.dumps({"shapes": index}))
    save_file(arrays, folder / "catalogue" / SHAPES_FILE)
    cv2.imwrite(str(folder / "catalogue" / TEXTURES_FILE), pack_atlas(small_catalogue.texture_pool)[..., ::-1])
    return folder


@pytest.fixture(scope="session")
def kill_in_the_middle():
    """Runs a script with arguments, and kills it with SIGKILL once it prints "in the middle"."""

    def run(script: str, *arguments: Path) -> None:
        command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if "in the middle" in line:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()

    return run


@pytest.fixture(scope="session")
def hash_files():
    """Of a folder, every file below it with the hash of its bytes."""

    def hashes(folder: Path) -> dict[str, str]:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    return hashes


@pytest.fixture(scope="session")
def renderer(small_catalogue) -> Renderer:
    return Renderer(small_catalogue)


@pytest.fixture
def make_scene(small_catalogue):
    """Builds scenes of floating, overlapping items: nothing here needs physics."""

    def make(seed=0, n=6, height=48, tote=None, light=None):
        rng = np.random.default_rng(seed)
        items, poses = {}, {}
        for key in range(1, n + 1):
            items[3 * key] = draw_item(rng, small_catalogue, "train", DIALS, bin_texture=1)
            rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
            rotation *= np.sign(np.linalg.det(rotation))
            poses[3 * key] = rotation, rng.uniform((-0.13, -0.08, 0.05), (0.13, 0.08, 0.12))
        return Scene(items, poses, tote or Tote(), light or Light(), draw_camera(rng, height))

    return make


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The catalogue of data/."""
    return Catalogue.load(Path(__file__).parents[2] / "data")


def _item(mesh, mass, friction):
    vertices, faces = mesh
    volume, _ = meshes.volume_and_centroid(mesh)
    vertices = vertices.astype(np.float32)
    # the name carries the size: physics builds one collision shape per name
    name = f"test_{zlib.crc32(vertices.tobytes())}"
    normals = meshes.corner_normals(vertices, faces)
    shape = Shape(name, "box", vertices, faces, normals, (meshes.convex_piece(vertices, 200),), volume)
    return Item(shape, 0, mass=mass, friction=friction)


@pytest.fixture(scope="session")
def box_item():
    """Makes boxes of given full side lengths in metres."""

    def make(x, y, z, mass=0.1, friction=0.5):
        return _item(meshes.box(np.array([x, y, z]) / 2), mass, friction)

    return make


@pytest.fixture(scope="session")
def ball_item():
    """Makes balls of a given radius in metres, round to within a few micrometres."""

    def make(radius, mass=0.1, friction=0.5):
        angle = np.linspace(-0.4999 * np.pi, 0.4999 * np.pi, 65)
        profile = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return _item(meshes.lathe(profile, 96), mass, friction)

    return make


@pytest.fixture(scope="session")
def rays_of():
    """Makes a ray scene of upright items: object id to (item, position)."""

    def make(placed):
        items = {key: item for key, (item, _) in placed.items()}
        poses = {key: (np.eye(3), np.array(position, float)) for key, (_, position) in placed.items()}
        return RayScene(items, poses)

    return make


@pytest.fixture(scope="session")
def straight_down():
    """Makes tool poses that approach from above, turned about the vertical."""

    def make(x, y, z, turn=0.0):
        c, s = np.cos(turn), np.sin(turn)
        return ToolPose(np.array([x, y, z], float), np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], float))

    return make


@dataclasses.dataclass(frozen=True)
class Scripted:
    """A segmenter that finds what a function of the true ids returns: masks bool [N, H, W]."""

    find: Callable[[np.ndarray], np.ndarray]
    key: str = "scripted"

    def __call__(self, image: np.ndarray, ids: np.ndarray, rng: np.random.Generator) -> Instances:
        masks = self.find(ids)
        return of_one_class(masks)


@pytest.fixture(scope="session")
def scripted():
    """Makes segmenters that find what a function says."""
    return Scripted
