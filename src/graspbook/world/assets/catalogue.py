"""The catalogue: every shape and texture the world can use, with the standard train/test split.

Shapes and textures are numbered within their family; the test split holds the numbers that end in 0, the
customary split of pybullet's `random_urdfs`. So train and test are disjoint in shapes and in textures.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from graspbook.core.errors import InputError

Split = Literal["train", "test"]
FAMILIES = ("random", "box", "bottle", "can", "pack")
"""Families of shapes; "random" are the `random_urdfs`."""
SHAPES_FILE, INDEX_FILE, TEXTURES_FILE = "shapes.safetensors", "shapes.json", "textures.png"
TEXTURE_SIZE = 128


@dataclasses.dataclass(frozen=True, eq=False)
class Shape:
    """One rigid shape, in metres, its centre of mass at the origin.

    Attributes:
        name: The family and the number, such as "random_0120".
        family: The family, one of `FAMILIES`.
        vertices: The positions of the mesh's vertices in metres, float32 [V, 3].
        faces: The vertex indices of the triangles, int32 [F, 3], counter-clockwise seen from outside.
        corner_normals: The unit shading normals of each triangle's corners, float32 [F, 3, 3].
        hulls: The convex collision pieces, each the points of a hull in metres, float32 [K, 3] with K <= 24.
        volume: The volume in cubic metres (pieces of a "random" shape may overlap and are then counted twice).
    """

    name: str
    family: str
    vertices: np.ndarray
    faces: np.ndarray
    corner_normals: np.ndarray
    hulls: tuple[np.ndarray, ...]
    volume: float

    @property
    def number(self) -> int:
        """The shape's number within its family; it decides the split."""
        return int(self.name.rsplit("_", 1)[1])

    @property
    def extent(self) -> np.ndarray:
        """Size of the bounding box, float32 [3] metres."""
        return self.vertices.max(0) - self.vertices.min(0)


def in_split(number: int, split: Split) -> bool:
    """Whether a shape or texture of this number belongs to the split.

    Args:
        number: The number of the shape or texture within its family.
        split: The split to ask about, "train" or "test".

    Raises:
        InputError: If `split` is neither "train" nor "test".
    """
    if split not in ("train", "test"):
        raise InputError(f"split: expected 'train' or 'test', got {split!r}")
    return (number % 10 == 0) == (split == "test")


class Catalogue:
    """Shapes and textures, read once and shared by everything that renders or simulates.

    Args:
        shapes: The shapes, which keep their order.
        texture_pool: The textures, sRGB uint8 [N, 128, 128, 3].

    Attributes:
        all_shapes: Every `Shape`, in the order of the file.
        texture_pool: All printed textures, sRGB uint8 [N, 128, 128, 3].
    """

    def __init__(self, shapes: Iterable[Shape], texture_pool: np.ndarray) -> None:
        self.all_shapes = tuple(shapes)
        self.texture_pool = texture_pool
        self._by_name = {shape.name: shape for shape in self.all_shapes}

    def shapes(self, split: Split) -> tuple[Shape, ...]:
        """The shapes of a split.

        Args:
            split: The split, "train" or "test".

        Raises:
            InputError: If `split` is neither "train" nor "test".
        """
        return tuple(shape for shape in self.all_shapes if in_split(shape.number, split))

    def textures(self, split: Split) -> np.ndarray:
        """Indices into `texture_pool` of the textures of a split, int64 [K].

        Args:
            split: The split, "train" or "test".

        Raises:
            InputError: If `split` is neither "train" nor "test".
        """
        return np.array([k for k in range(len(self.texture_pool)) if in_split(k, split)], np.int64)

    def shape(self, name: str) -> Shape:
        """The shape called `name`.

        Args:
            name: The name, such as "random_0120".

        Raises:
            InputError: If there is no shape of this name.
        """
        if name not in self._by_name:
            raise InputError(f"catalogue: no shape called {name!r}, for example {next(iter(self._by_name))!r}")
        return self._by_name[name]

    @classmethod
    def load(cls, data_dir: str | Path = "data") -> Catalogue:
        """Reads the catalogue that `tools/build_data.py` wrote.

        Args:
            data_dir: The folder that holds `catalogue/`.

        Raises:
            InputError: If one of its files is missing or cannot be read; the message names the file.
        """
        folder = Path(data_dir) / "catalogue"
        for name in (INDEX_FILE, SHAPES_FILE, TEXTURES_FILE):
            if not (folder / name).is_file():
                raise InputError(f"{folder / name}: file is missing; run `dvc pull data.dvc` to fetch it")
        path = folder / INDEX_FILE
        try:
            index = json.loads(path.read_text(encoding="utf-8"))["shapes"]
            path = folder / SHAPES_FILE
            shapes = _unpack(index, load_file(path))
        except (ValueError, KeyError, IndexError, TypeError, OSError, SafetensorError) as error:
            raise InputError(f"{path}: corrupt ({error}); run `dvc pull -f data.dvc` to fetch it anew") from error
        path = folder / TEXTURES_FILE
        atlas = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if atlas is None or atlas.shape[0] % TEXTURE_SIZE or atlas.shape[1] % TEXTURE_SIZE:
            raise InputError(
                f"{path}: corrupt (expected a PNG of {TEXTURE_SIZE}x{TEXTURE_SIZE} tiles); "
                "run `dvc pull -f data.dvc` to fetch it anew"
            )
        return cls(shapes, unpack_atlas(cv2.cvtColor(atlas, cv2.COLOR_BGR2RGB)))


def hash_catalogue(data_dir: str | Path) -> dict[str, str]:
    """SHA-256 of each file of a catalogue, by its name.

    Args:
        data_dir: The folder that holds `catalogue/`.
    """
    files = sorted((Path(data_dir) / "catalogue").iterdir())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def pack_atlas(textures: np.ndarray, columns: int = 20) -> np.ndarray:
    """Lays textures out as tiles of one image, row by row.

    Args:
        textures: The textures, [N, T, T, 3]; N is a multiple of `columns`.
        columns: The number of tiles in each row.

    Returns:
        The atlas, [N / columns * T, columns * T, 3].
    """
    n, size = textures.shape[:2]
    tiles = textures.reshape(n // columns, columns, size, size, 3)
    return tiles.transpose(0, 2, 1, 3, 4).reshape(n // columns * size, columns * size, 3)


def unpack_atlas(atlas: np.ndarray) -> np.ndarray:
    """The inverse of `pack_atlas`, for tiles of `TEXTURE_SIZE` pixels.

    Args:
        atlas: The image of tiles, [R * 128, C * 128, 3].

    Returns:
        The textures, [R * C, 128, 128, 3], row by row.
    """
    rows, columns = atlas.shape[0] // TEXTURE_SIZE, atlas.shape[1] // TEXTURE_SIZE
    tiles = atlas.reshape(rows, TEXTURE_SIZE, columns, TEXTURE_SIZE, 3).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(tiles.reshape(-1, TEXTURE_SIZE, TEXTURE_SIZE, 3))


def pack(shapes: Iterable[Shape]) -> tuple[list[dict], dict[str, np.ndarray]]:
    """Turns shapes into an index (plain values) and the arrays that it counts into.

    Args:
        shapes: The shapes to store.

    Returns:
        The index, one entry per shape, and the arrays by name: "vertices" float32, "faces" uint16, "corner_normals"
        float16 and "hulls" float32, those of all shapes concatenated along the first axis.
    """
    index = []
    columns: dict[str, list[np.ndarray]] = {"vertices": [], "faces": [], "corner_normals": [], "hulls": []}
    for shape in shapes:
        index.append(
            {
                "name": shape.name,
                "family": shape.family,
                "vertices": len(shape.vertices),
                "faces": len(shape.faces),
                "hulls": [len(hull) for hull in shape.hulls],
                "volume": shape.volume,
            }
        )
        columns["vertices"].append(shape.vertices.astype(np.float32))
        columns["faces"].append(shape.faces.astype(np.uint16))
        # shading needs no more than half precision
        columns["corner_normals"].append(shape.corner_normals.astype(np.float16))
        columns["hulls"] += [hull.astype(np.float32) for hull in shape.hulls]
    return index, {name: np.concatenate(parts) for name, parts in columns.items()}


def _unpack(index: list[dict], arrays: dict[str, np.ndarray]) -> list[Shape]:
    """The inverse of `pack`."""
    used = dict.fromkeys(arrays, 0)

    def take(name: str, count: int) -> np.ndarray:
        start, used[name] = used[name], used[name] + count
        if used[name] > len(arrays[name]):
            raise ValueError(f"array {name!r} is shorter than the index says")
        return arrays[name][start : used[name]]

    shapes = [
        Shape(
            name=entry["name"],
            family=entry["family"],
            vertices=take("vertices", entry["vertices"]),
            faces=take("faces", entry["faces"]).astype(np.int32),
            corner_normals=take("corner_normals", entry["faces"]).astype(np.float32),
            hulls=tuple(take("hulls", count) for count in entry["hulls"]),
            volume=float(entry["volume"]),
        )
        for entry in index
    ]
    for name, count in used.items():
        if count != len(arrays[name]):
            raise ValueError(f"array {name!r} is longer than the index says")
    return shapes
