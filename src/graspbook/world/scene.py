"""A scene: what stands where, how it is lit, and who looks at it."""

from __future__ import annotations

import dataclasses

import numpy as np

from graspbook.world.assets.items import Item
from graspbook.world.assets.tote import Tote
from graspbook.world.config import Dials
from graspbook.world.render.camera import Camera

Pose = tuple[np.ndarray, np.ndarray]
"""Rotation [3, 3] and translation [3] in metres: world = rotation @ local + translation."""


@dataclasses.dataclass(frozen=True)
class Light:
    """A horizontal disc-shaped lamp, and the light of the sky around it.

    Attributes:
        position: The centre of the lamp in the world, metres.
        radius: The radius of the lamp, metres; 0 is a point that casts hard shadows.
        direct: The linear radiance that the lamp gives a white horizontal surface right below it.
        ambient: The linear radiance that the surroundings give a white surface that nothing shades.
    """

    position: tuple[float, float, float] = (0.2, 0.15, 1.2)
    radius: float = 0.1
    direct: float = 1.0
    ambient: float = 0.35


def draw_light(rng: np.random.Generator, dials: Dials) -> Light:
    """Draws the light of one bin.

    Args:
        rng: The source of randomness.
        dials: The world's dials; only `shadow_softness` is used, as the mean radius of the lamp in metres.
    """
    return Light(
        position=(float(rng.uniform(-0.3, 0.3)), float(rng.uniform(-0.3, 0.3)), float(rng.uniform(1.0, 1.5))),
        radius=float(dials.shadow_softness * rng.uniform(0.6, 1.4)),
        direct=0.7,
        ambient=float(rng.uniform(0.5, 0.8)),
    )


@dataclasses.dataclass
class Scene:
    """Everything a picture depends on.

    Attributes:
        items: The items by object id (1..250).
        poses: The poses by object id; the same keys as `items`.
        tote: The colours and the reflectances of the bin.
        light: The lamp and the light of its surroundings.
        camera: The camera that looks at the scene.
    """

    items: dict[int, Item]
    poses: dict[int, Pose]
    tote: Tote
    light: Light
    camera: Camera
