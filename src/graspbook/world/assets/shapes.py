"""Coloured boxes, rods, wheels and surfaces of revolution: what things and racks are made of."""

from __future__ import annotations

import colorsys
import dataclasses

import numpy as np

from graspbook.world.assets.meshes import box, lathe

Colour = np.ndarray
"""sRGB in 0..1, [3]."""
Point = tuple[float, float, float]

PLAIN = -1
"""Texture of what has none."""


@dataclasses.dataclass(frozen=True)
class Part:
    """A mesh of one colour.

    Attributes:
        vertices: The vertices, float64 [V, 3] metres.
        faces: The vertex indices of the triangles, int32 [F, 3].
        colour: The sRGB colour, [3] from 0 to 1; a texture is multiplied by it.
        texture: The number in the pool of textures, or `PLAIN`.
    """

    vertices: np.ndarray
    faces: np.ndarray
    colour: Colour
    texture: int = PLAIN


def block(middle: Point, size: Point, colour: Colour, texture: int = PLAIN) -> Part:
    """A box, its sides along x, y and z.

    Args:
        middle: The centre of the box, metres.
        size: The size along x, y and z, metres.
        colour: The sRGB colour, [3] from 0 to 1.
        texture: The number of the texture, or `PLAIN`.
    """
    vertices, faces = box(np.array(size) / 2)
    return Part(vertices + middle, faces, colour, texture)


def turned(profile: list[tuple[float, float]], colour: Colour, middle: Point = (0, 0, 0), segments: int = 12) -> Part:
    """A surface of revolution about the vertical.

    Args:
        profile: The radius and height of each ring, from the lowest to the highest, metres.
        colour: The sRGB colour, [3] from 0 to 1.
        middle: The point that radius 0 and height 0 are moved to, metres.
        segments: The number of corners around.
    """
    vertices, faces = lathe(np.array(profile), segments)
    return Part(vertices + middle, faces, colour)


def rod(start: Point, end: Point, radius: float, colour: Colour, segments: int = 7) -> Part:
    """A thin cylinder from one point to another.

    Args:
        start: The middle of one end, metres.
        end: The middle of the other end, metres.
        radius: The radius of the cylinder, metres.
        colour: The sRGB colour, [3] from 0 to 1.
        segments: The number of corners around.
    """
    start, along = np.array(start, float), np.array(end, float) - np.array(start, float)
    length = np.linalg.norm(along)
    z = along / length
    x = np.cross(z, (0.3, 0.5, 0.81))
    x /= np.linalg.norm(x)
    vertices, faces = lathe(np.array([(radius, 0.0), (radius, length)]), segments)
    return Part(vertices @ np.stack([x, np.cross(z, x), z]) + start, faces, colour)


def wheel(middle: Point, radius: float, width: float, colour: Colour, segments: int = 14) -> Part:
    """A wheel that rolls along x.

    Args:
        middle: The centre of the wheel, metres.
        radius: The radius, metres.
        width: The width along y, metres.
        colour: The sRGB colour, [3] from 0 to 1.
        segments: The number of corners around.
    """
    vertices, faces = lathe(np.array([(radius, -width / 2), (radius, width / 2)]), segments)
    return Part(vertices[:, [0, 2, 1]] * (1, -1, 1) + middle, faces, colour)


def ring(middle: Point, radius: float, thickness: float, colour: Colour, segments: int = 14) -> list[Part]:
    """A thin wheel that one sees through, rolling along x, as rods with spokes.

    Args:
        middle: The centre of the wheel, metres.
        radius: The radius of the rim, metres.
        thickness: The radius of the rods of the rim, metres.
        colour: The sRGB colour, [3] from 0 to 1.
        segments: The number of rods of the rim; every third corner has a spoke.
    """
    angle = np.arange(segments) * 2 * np.pi / segments
    rim = [(middle[0] + radius * np.cos(a), middle[1], middle[2] + radius * np.sin(a)) for a in angle]
    tyre = [rod(a, b, thickness, colour, 5) for a, b in zip(rim, rim[1:] + rim[:1], strict=True)]
    return tyre + [rod(middle, rim[k], 0.008, colour, 4) for k in range(0, segments, 3)]


def draw_colour(
    rng: np.random.Generator,
    saturation: tuple[float, float] = (0.3, 0.9),
    value: tuple[float, float] = (0.2, 0.9),
) -> Colour:
    """A colour of random hue, saturation and value (HSV).

    Args:
        rng: The source of randomness.
        saturation: The range of the saturation, from 0 to 1.
        value: The range of the value, from 0 to 1.

    Returns:
        The sRGB colour, float64 [3] from 0 to 1.
    """
    return np.array(colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(*saturation), rng.uniform(*value)))


def draw_grey(rng: np.random.Generator, low: float, high: float) -> Colour:
    """A random grey.

    Args:
        rng: The source of randomness.
        low: The darkest grey, from 0 to 1.
        high: The brightest grey, from 0 to 1.

    Returns:
        The sRGB colour, float64 [3].
    """
    return np.full(3, rng.uniform(low, high))


def placed(parts: list[Part], turn: float, at: Point) -> list[Part]:
    """Parts turned about the vertical, then moved.

    Args:
        parts: The parts.
        turn: The angle of the turn, counter-clockwise seen from above, radians.
        at: The displacement, metres.
    """
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return [dataclasses.replace(part, vertices=part.vertices @ rotation.T + at) for part in parts]
