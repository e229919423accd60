"""The RGB-D camera's sensor: what it makes of the light and of the distances that reach it."""

from __future__ import annotations

import numpy as np

from graspbook.world.config import Dials
from graspbook.world.render.renderer import Layers

F = np.float32
EXPOSURE = 0.95
"""Gain of the camera."""
COLOUR_SHARE = 0.15
"""Flicker of each colour channel relative to the flicker of the light's strength."""
READ_NOISE, SHOT_NOISE = 0.004, 0.010
"""Standard deviation of the noise: a constant, and a part that grows with the root of the signal."""
DEPTH_NOISE, DEPTH_STEP = 0.0008, 0.0005
"""Standard deviation and quantisation of depth, metres at 1 m."""
EDGE = 0.01
"""A depth step of so many metres between neighbouring pixels is an edge, where stereo often fails."""
EDGE_LOSS, MIRROR_LOSS = 0.4, 0.8
"""Probability of a drop-out at an edge; and on a mirror, per unit of reflectance."""


def photograph(layers: Layers, rng: np.random.Generator, dials: Dials) -> np.ndarray:
    """Takes a photograph of a rendered moment.

    The light flickers from one photograph to the next: the stored layers are only weighted anew, so no mask can
    change. Then the lens darkens the corners, and the sensor adds noise and a tone curve.

    Args:
        layers: The rendered moment, as `Renderer.render` returns it.
        rng: The source of the flicker and of the noise.
        dials: The world's dials; only `light_flicker` is used.

    Returns:
        The photograph, sRGB-like uint8 [H, W, 3].
    """
    # mostly the light hardly changes, now and then it jumps: Student's t with 3 degrees of freedom, scaled to unit
    # variance and cut at 4 deviations, so that the dial stays a standard deviation
    jumps = np.clip(rng.standard_t(3, 5) / np.sqrt(3), -4, 4) * dials.light_flicker
    gain = np.exp(jumps[:2]) * EXPOSURE
    colour = np.exp(jumps[2:] * COLOUR_SHARE)
    ambient_gain, direct_gain = ((g * colour).astype(F) for g in gain)
    image = layers.ambient * ambient_gain
    image += layers.direct * direct_gain
    image *= _vignette(image.shape[0], image.shape[1])[..., None]
    noise = rng.standard_normal(image.shape, dtype=F)
    noise *= READ_NOISE + SHOT_NOISE * np.sqrt(image)
    image += noise
    np.maximum(image, 0, out=image)
    # filmic shoulder: highlights roll off instead of clipping
    image = image * (1 + image * F(0.18)) / (1 + F(0.4) * image)
    np.minimum(image, 1, out=image)
    return (np.power(image, F(1 / 2.2)) * F(255) + F(0.5)).astype(np.uint8)


def _vignette(height: int, width: int) -> np.ndarray:
    """Fall-off towards the corners, float32 [H, W], 1 in the middle."""
    y = (np.arange(height, dtype=F) - (height - 1) / 2) / width
    x = (np.arange(width, dtype=F) - (width - 1) / 2) / width
    return (1 - F(0.25) * (x[None] ** 2 + y[:, None] ** 2)).astype(F)


def measure_depth(layers: Layers, rng: np.random.Generator) -> np.ndarray:
    """Measures depth as a stereo camera does: noisy, in steps, with holes at edges and on shiny surfaces.

    Args:
        layers: The rendered moment, as `Renderer.render` returns it.
        rng: The source of the noise and of the holes.

    Returns:
        The measured depth along the optical axis in metres, float32 [H, W]; 0 is a drop-out.
    """
    depth = layers.depth
    noisy = depth + rng.standard_normal(depth.shape, dtype=F) * F(DEPTH_NOISE) * depth**2
    measured = np.round(noisy / F(DEPTH_STEP)) * F(DEPTH_STEP)
    lost = _edges(depth) & (rng.random(depth.shape, dtype=F) < EDGE_LOSS)
    # mirror images upset whole patches at once: one draw per block of 4x4 pixels at 128 rows
    block = max(1, depth.shape[0] // 32)
    coarse = rng.random((depth.shape[0] // block + 1, depth.shape[1] // block + 1), dtype=F)
    patchy = np.repeat(np.repeat(coarse, block, 0), block, 1)[: depth.shape[0], : depth.shape[1]]
    lost |= patchy < MIRROR_LOSS * layers.mirror
    lost |= depth <= 0
    measured[lost] = 0
    return measured.astype(F)


def _edges(depth: np.ndarray) -> np.ndarray:
    """Pixels that differ from one of their four neighbours by more than `EDGE`, bool [H, W]."""
    edge = np.zeros(depth.shape, bool)
    step = np.abs(np.diff(depth, axis=0)) > EDGE
    edge[1:] |= step
    edge[:-1] |= step
    step = np.abs(np.diff(depth, axis=1)) > EDGE
    edge[:, 1:] |= step
    edge[:, :-1] |= step
    return edge
