"""A camera on a robot's wrist: the path that it takes around a table, and what its sensor makes of a view."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, UInt8

from graspbook.core.errors import InputError
from graspbook.world.config import Dials
from graspbook.world.render import sensor
from graspbook.world.render.camera import Camera
from graspbook.world.render.renderer import Layers
from graspbook.world.table.wrist_config import WristConfig

DENSE = 720
"""Poses along the path from which frames are taken: as a camera at 30 Hz would."""


def wrist_path(config: WristConfig) -> Float[np.ndarray, "n 4 4"]:
    """The whole path of the camera: sweeps from side to side at one elevation after another.

    The distance, the point looked at and the roll change slowly along it, so that objects are seen at several sizes and
    not always upright.

    Args:
        config: The configuration of the path.

    Returns:
        The transforms from the camera's frame to the world, float64 [`DENSE`, 4, 4] in metres.
    """
    along = np.linspace(0, 1, DENSE)
    sweeps = np.radians(config.elevations)
    place = along * len(sweeps)
    number = np.minimum(place.astype(int), len(sweeps) - 1)
    part = place - number
    # the last tenth of a sweep climbs to the next elevation
    climb = np.clip((part - 0.9) / 0.1, 0, 1)
    following = sweeps[np.minimum(number + 1, len(sweeps) - 1)]
    elevation = sweeps[number] + climb * (following - sweeps[number])
    side = np.where(number % 2 == 0, 1.0, -1.0)
    azimuth = np.radians(config.reach) * side * (2 * np.clip(part / 0.9, 0, 1) - 1) - np.pi / 2
    phase = 2 * np.pi * place
    distance = config.distance * (1 + config.zoom * np.sin(1.7 * phase))
    way = np.stack([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], 1)
    target = np.stack([0.02 * np.sin(0.9 * phase), 0.02 * np.cos(1.3 * phase), np.full(DENSE, 0.02)], 1)
    forward = target - way * distance[:, None]
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    down = np.cross(forward, right)
    roll = np.radians(config.roll) * np.sin(0.6 * phase)[:, None]
    right, down = np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right
    poses = np.tile(np.eye(4), (DENSE, 1, 1))
    poses[:, :3, :] = np.stack([right, down, forward, way * distance[:, None]], 2)
    return poses


def turn_between(a: np.ndarray, b: np.ndarray) -> float:
    """Angle between two camera poses.

    Args:
        a: The first pose, [4, 4].
        b: The second pose, [4, 4].

    Returns:
        The angle of the rotation between them, degrees.
    """
    cosine = (np.trace(a[:3, :3].T @ b[:3, :3]) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def travel_between(a: np.ndarray, b: np.ndarray) -> float:
    """Distance between the optical centres of two camera poses.

    Args:
        a: The first pose, [4, 4] in metres.
        b: The second pose, [4, 4] in metres.

    Returns:
        The distance in metres.
    """
    return float(np.linalg.norm(a[:3, 3] - b[:3, 3]))


def thin_out(poses: Float[np.ndarray, "n 4 4"], turn: float, travel: float) -> Float[np.ndarray, "m 4 4"]:
    """Keeps those frames of a path that lie far enough from the one kept before, in turn *and* in travel (§IV-A).

    Args:
        poses: The camera poses along the path, [N, 4, 4] in metres.
        turn: The least angle between two kept frames, degrees.
        travel: The least distance between two kept frames, metres.

    Returns:
        The kept poses, [M, 4, 4]; the first pose is always kept.
    """
    kept = [poses[0]]
    for pose in poses[1:]:
        if turn_between(kept[-1], pose) >= turn and travel_between(kept[-1], pose) >= travel:
            kept.append(pose)
    return np.array(kept)


def wrist_cameras(config: WristConfig) -> tuple[Camera, ...]:
    """The cameras of a recording, the same for every scene.

    Args:
        config: The configuration of the recording.

    Raises:
        InputError: If the path is so short, or the steps so long, that fewer than two frames remain.
    """
    poses = thin_out(wrist_path(config), config.turn, config.travel)
    if len(poses) < 2:
        raise InputError(
            f"turn, travel: no two frames of the path are {config.turn} degrees and {config.travel} m apart"
        )
    middle = (config.width - 1) / 2, (config.height - 1) / 2
    return tuple(Camera(config.focal, config.focal, *middle, pose, config.height, config.width) for pose in poses)


def photograph(layers: Layers, rng: np.random.Generator, config: WristConfig) -> UInt8[np.ndarray, "h w 3"]:
    """The colour picture: light that flickers from frame to frame, and the lens and sensor of the bin's camera.

    Args:
        layers: The rendered moment, as `TableRenderer.see` returns it.
        rng: The source of the flicker and of the noise.
        config: The configuration of the recording; only `flicker` is used.

    Returns:
        The photograph, sRGB-like uint8 [H, W, 3].
    """
    return sensor.photograph(layers, rng, looks(config))


def measure(layers: Layers, rng: np.random.Generator, config: WristConfig) -> Float32[np.ndarray, "h w"]:
    """Measured depth: with steps, drop-outs, and noise that grows with the square of the distance.

    Pixels are lost at edges, and in patches where a surface mirrors (`graspbook.world.render.sensor.measure_depth`).

    Args:
        layers: The rendered moment, as `TableRenderer.see` returns it.
        rng: The source of the noise and of the drop-outs.
        config: The configuration of the recording; only `noise` is used.

    Returns:
        The depth along the optical axis in metres, float32 [H, W]; 0 is a drop-out.
    """
    depth = sensor.measure_depth(layers, rng)
    noise = config.noise * depth**2 * rng.standard_normal(depth.shape)
    return np.where(depth > 0, depth + noise, 0).astype(np.float32)


def looks(config: WristConfig) -> Dials:
    """The dials of light and camera; what concerns the tote is off.

    Args:
        config: The configuration of the recording; `flicker` and `shadow_softness` are used.
    """
    return Dials(
        wall_reflectance=0.0,
        light_flicker=config.flicker,
        shadow_softness=config.shadow_softness,
        neighbour_movement=0.0,
        clutter=0.0,
        occlusion=0.0,
        texture_similarity=0.0,
    )
