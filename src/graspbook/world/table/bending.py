"""Soft objects between scenes: a shape that is squeezed and bent, and where its points came from.

A point x of the shape at rest goes to

    x' = s_x x,   y' = s_y y,   z' = s_z z + b x'^2,

which has an exact inverse: so the same point is known in any two scenes.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from graspbook.world.assets.catalogue import Shape
from graspbook.world.assets.items import Item


@dataclasses.dataclass(frozen=True)
class Bend:
    """How a shape differs from itself at rest.

    Attributes:
        squeeze: The factors s by which the shape is scaled along its x, y and z.
        curve: The coefficient b of the bend, 1/metres.
    """

    squeeze: tuple[float, float, float] = (1.0, 1.0, 1.0)
    curve: float = 0.0

    def apply(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Where points of the shape at rest are now.

        Args:
            points: The points on the shape at rest, [..., 3] metres.

        Returns:
            The same points on the bent shape, float64 [..., 3] metres.
        """
        moved = np.asarray(points, float) * self.squeeze
        moved[..., 2] += self.curve * moved[..., 0] ** 2
        return moved

    def undo(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Where points of the bent shape were on the shape at rest.

        Args:
            points: The points on the bent shape, [..., 3] metres.

        Returns:
            The same points on the shape at rest, float64 [..., 3] metres.
        """
        moved = np.array(points, float)
        moved[..., 2] -= self.curve * moved[..., 0] ** 2
        return moved / self.squeeze

    def normals(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Normals after the shape was bent: the inverse transpose of the Jacobian.

        Args:
            points: The points on the shape at rest, [..., 3] metres.
            normals: The normals there, [..., 3].

        Returns:
            The unit normals of the bent shape, float64 [..., 3].
        """
        out = np.asarray(normals, float) / self.squeeze
        out[..., 0] -= 2 * self.curve * points[..., 0] * self.squeeze[0] * out[..., 2]
        return out / np.maximum(np.linalg.norm(out, axis=-1, keepdims=True), 1e-12)

    def bent(self, item: Item, name: str) -> Item:
        """An item whose shape is bent and whose print goes along.

        Args:
            item: The item at rest.
            name: The name of the new shape, one that no other shape has: physics knows shapes by their names.

        Returns:
            The bent item; its mass, friction and looks are those of `item`.
        """
        shape = item.shape
        corners = shape.vertices[shape.faces]
        hulls = tuple(self.apply(hull).astype(np.float32) for hull in shape.hulls)
        new = Shape(
            name,
            shape.family,
            self.apply(shape.vertices).astype(np.float32),
            shape.faces,
            self.normals(corners, shape.corner_normals).astype(np.float32),
            hulls,
            shape.volume * float(np.prod(self.squeeze)),
        )
        scale = tuple(float(x * s) for x, s in zip(item.texture_scale, self.squeeze, strict=True))
        return dataclasses.replace(item, shape=new, texture_scale=scale)


def draw_bend(rng: np.random.Generator, squeeze: float, curve: float) -> Bend:
    """Draws a bend: squeezed along x and wider along y, or the reverse, and curved either way.

    Args:
        rng: The source of randomness, which draws the squeeze, then the curve.
        squeeze: The largest absolute natural logarithm of the factor along x; y has the inverse factor, and z has 1.
        curve: The largest absolute coefficient of the bend, 1/metres.
    """
    factor = float(np.exp(rng.uniform(-squeeze, squeeze)))
    return Bend((factor, 1 / factor, 1.0), float(rng.uniform(-curve, curve)))
