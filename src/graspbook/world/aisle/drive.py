"""A drive: one aisle, and pictures from a camera that moves on between them. Its number decides everything."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
from embreex.rtcore import EmbreeDevice

from graspbook.world.aisle.config import AisleConfig
from graspbook.world.aisle.renderer import AisleRenderer, View, camera_at
from graspbook.world.aisle.scene import draw_aisle
from graspbook.world.assets.textures import draw_texture
from graspbook.world.choices import Choices

TEXTURES = 48
"""Prints on cartons that a split has; no two splits share one."""


def run_drive(config: AisleConfig, seed: int, number: int, choices: Choices | None = None) -> Iterator[View]:
    """The pictures of one drive.

    Args:
        config: The configuration of the aisle and its camera.
        seed: The seed of the split; its textures follow from it.
        number: The number of the drive, from 0.
        choices: Where things have room; by default, that is found out.

    Yields:
        The pictures and their labels, `config.frames` of them.
    """
    rng = np.random.default_rng([seed, number])
    renderer = AisleRenderer(draw_aisle(rng, config, TEXTURES, choices), split_textures(seed), _device())
    lane, eye = renderer.lane, rng.uniform(1.4, 1.8)
    yaw, pitch, field = rng.normal(0, 0.06), rng.normal(-0.17, 0.03), rng.uniform(1.1, 1.4)
    for frame in range(config.frames):
        camera = camera_at(
            frame * config.step,
            lane + rng.normal(0, 0.05),
            eye,
            yaw + rng.normal(0, 0.02),
            pitch + rng.normal(0, 0.01),
            field,
            (config.height, config.width),
        )
        yield renderer.see(camera, config.samples, config.noise, rng)


@functools.lru_cache(maxsize=4)
def split_textures(seed: int) -> np.ndarray:
    """The textures of a split.

    Args:
        seed: The seed of the split.

    Returns:
        The textures, sRGB uint8 [TEXTURES, S, S, 3].
    """
    rng = np.random.default_rng([seed, 2**32])
    return np.stack([draw_texture(rng) for _ in range(TEXTURES)])


@functools.cache
def _device() -> EmbreeDevice:
    return EmbreeDevice()
