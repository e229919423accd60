"""Soft bags laid into a tote: each sags over what already lies there.

A height map of the tote stands for what lies there. A bag's underside is that map, bridged where it is steep, since
film and filling do not follow every edge; its upper side is its thickness above. No time passes and nothing rolls:
a heap is made in milliseconds, and taking a bag away and laying the others again lets them sink.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from graspbook.world.assets import tote
from graspbook.world.assets.catalogue import Shape
from graspbook.world.assets.items import Item
from graspbook.world.choices import Choices
from graspbook.world.scene import Pose
from graspbook.world.totes.packs import Pack

CELL = 0.003
"""Side of a cell of the height map, metres."""
BRIDGE = 0.012
"""Standard deviation of the smoothing that bridges steep places, metres."""
FILM = 0.0008
"""Film lies this far above what is below, metres."""
FACET = 0.0055
"""Side of a mesh's quadrilaterals, metres."""
DENSITY = 180.0
"""Of a filled bag, kg per cubic metre."""
WALL_GAP = 0.004
"""Bags keep this far from the walls, metres."""


@dataclasses.dataclass(frozen=True, eq=False)
class Placed:
    """A bag at its place.

    Attributes:
        pack: The bag.
        position: The x and y of the bag's middle in the world, [2] metres.
        turn: The turn about the vertical, radians.
    """

    pack: Pack
    position: np.ndarray
    turn: float

    def local(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """World places in the bag's own frame.

        Args:
            x: The world x of the places, an array in metres.
            y: The world y of the places, an array in metres.

        Returns:
            The places along the bag's length and along its width from its middle, metres.
        """
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        dx, dy = x - self.position[0], y - self.position[1]
        return cos * dx + sin * dy, -sin * dx + cos * dy


class HeightMap:
    """What lies in a tote, seen from above.

    Attributes:
        height: The height above the floor at the middles of the cells, float64 [X, Y] metres.
    """

    def __init__(self) -> None:
        self._x, self._y = (np.arange(-side / 2 + CELL / 2, side / 2, CELL) for side in (tote.LENGTH, tote.WIDTH))
        self.height = np.zeros((len(self._x), len(self._y)))

    def at(self, surface: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Values of a surface at world places, bilinear; beyond the floor as at its rim.

        Args:
            surface: The surface, [X, Y] like `height`.
            x: The world x of the places, an array in metres.
            y: The world y of the places, an array in metres.
        """
        places = [(x - self._x[0]) / CELL, (y - self._y[0]) / CELL]
        return map_coordinates(surface, places, order=1, mode="nearest")

    def mean_below(self, placed: Placed) -> float:
        """Mean height under a bag.

        Args:
            placed: The bag at its place.

        Returns:
            The height in metres; 0 where the bag covers no cell.
        """
        inside, _ = self._inside(placed)
        return float(self.height[inside].mean()) if inside.any() else 0.0

    def lay(self, placed: Placed) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Put a bag on what lies there.

        Args:
            placed: The bag at its place.

        Returns:
            Its upper side as vertices float32 [V, 3] in metres in its own frame (z is the world's), triangles int32 [F,
            3], counter-clockwise from above, and the vertices' normals float64 [V, 3].
        """
        support = np.maximum(self.height, gaussian_filter(self.height, BRIDGE / CELL, mode="nearest"))
        cos, sin = np.cos(placed.turn), np.sin(placed.turn)
        n, m = (max(8, int(np.ceil(2 * half / FACET))) for half in placed.pack.half)
        x, y = np.meshgrid(*(np.linspace(-h, h, k + 1) for h, k in zip(placed.pack.half, (n, m), strict=True)))
        x, y = x.T, y.T
        world = placed.position[0] + cos * x - sin * y, placed.position[1] + sin * x + cos * y
        z = self.at(support, *world) + FILM + placed.pack.height(x, y)

        inside, (own_x, own_y) = self._inside(placed)
        top = support[inside] + FILM + placed.pack.height(own_x[inside], own_y[inside])
        self.height[inside] = np.maximum(self.height[inside], top)

        vertices = np.stack([x, y, z], -1)
        dx, dy = np.gradient(vertices, axis=0), np.gradient(vertices, axis=1)
        normals = np.cross(dx, dy)
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
        index = np.arange((n + 1) * (m + 1)).reshape(n + 1, m + 1)
        quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1).reshape(-1, 4)
        faces = quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)
        return vertices.reshape(-1, 3).astype(np.float32), faces.astype(np.int32), normals.reshape(-1, 3)

    def _inside(self, placed: Placed) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """The cells that a bag covers, and the bag's coordinates of all cells."""
        x, y = placed.local(self._x[:, None], self._y[None])
        return (np.abs(x) <= placed.pack.half[0]) & (np.abs(y) <= placed.pack.half[1]), (x, y)


def draw_place(
    rng: np.random.Generator, pack: Pack, heap: HeightMap, tries: int = 3, choices: Choices | None = None
) -> Placed:
    """Draws where a bag is laid: of some places within the walls, the one where it lies lowest.

    Args:
        rng: The source of randomness.
        pack: The bag to place.
        heap: The height map of what already lies in the tote.
        tries: The number of places to choose from.
        choices: Which place is chosen; by default, that is found out.
    """
    choices = choices or Choices()
    options = []
    for _ in range(tries):
        turn = float(rng.uniform(0, 2 * np.pi))
        cos, sin = abs(np.cos(turn)), abs(np.sin(turn))
        reach = np.array([cos * pack.half[0] + sin * pack.half[1], sin * pack.half[0] + cos * pack.half[1]])
        room = np.maximum(0, np.array([tote.LENGTH, tote.WIDTH]) / 2 - reach - WALL_GAP)
        options.append(Placed(pack, rng.uniform(-room, room), turn))
    return options[choices(min(range(tries), key=lambda k: heap.mean_below(options[k])))]


def lay_all(placed: Sequence[Placed]) -> tuple[dict[int, Item], dict[int, Pose]]:
    """Lay bags one after another into an empty tote.

    Args:
        placed: The bags at their places, the lowest first.

    Returns:
        The items by number, from 1 in the order of laying, each with a shape of its own, and their poses: z of a
        shape's vertices is the world's.
    """
    heap, items, poses = HeightMap(), {}, {}
    for number, place in enumerate(placed, 1):
        vertices, faces, normals = heap.lay(place)
        pack = place.pack
        size = 2 * pack.half
        volume = float(size.prod() * pack.thickness * 0.6)
        shape = Shape(
            name=f"pack_{number:04d}",
            family="pack",
            vertices=vertices,
            faces=faces,
            corner_normals=np.ascontiguousarray(normals[faces], np.float32),
            hulls=(),
            volume=volume,
        )
        repeat = size[0] / 2 if pack.kind == "twins" else size[0]  # each of two has the whole print
        items[number] = Item(
            shape=shape,
            texture=pack.texture,
            texture_scale=(float(repeat), float(size[1]), float(size.max())),
            texture_offset=pack.texture_offset,
            gloss=pack.gloss,
            specular=pack.specular,
            mass=max(0.03, volume * DENSITY),
        )
        cos, sin = np.cos(place.turn), np.sin(place.turn)
        rotation = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        poses[number] = rotation, np.array([*place.position, 0.0])
    return items, poses
