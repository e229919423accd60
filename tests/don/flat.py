"""Scenes that are known exactly: printed squares lie flat on a table, cameras look at them from around."""

from pathlib import Path

import numpy as np

from graspbook.data.bop import RgbdScene, SceneObject
from graspbook.world.render.camera import Camera

HEIGHT, WIDTH, SIDE = 40, 48, 0.09


def camera(azimuth, distance=0.4):
    eye = distance * np.array([0.5 * np.cos(azimuth), 0.5 * np.sin(azimuth), 0.85])
    forward = -eye / np.linalg.norm(eye)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3] = np.stack([right, np.cross(forward, right), forward, eye], 1)
    return Camera(50.0, 50.0, (WIDTH - 1) / 2, (HEIGHT - 1) / 2, pose, HEIGHT, WIDTH)


def flat_scene(seed, objects=(1, 2), views=4):
    """One scene; the colour of a point of an object is a fixed function of where it is on the object."""
    rng = np.random.default_rng(seed)
    placed = {}
    for k, number in enumerate(objects):
        turn = rng.uniform(0, 2 * np.pi)
        rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        placed[number] = SceneObject(
            rotation, np.array([0.12 * (k - (len(objects) - 1) / 2), rng.uniform(-0.03, 0.03), 0])
        )
    cameras = tuple(camera(angle) for angle in rng.uniform(0, 2 * np.pi) + 1.1 * np.arange(views))
    images, depths, ids = [], [], []
    for seen_from in cameras:
        origins, directions = (rays.astype(float) for rays in seen_from.rays())
        depth = -origins[:, 2] / directions[:, 2]
        points = origins + depth[:, None] * directions
        colour, shown = np.full((len(points), 3), 90.0), np.zeros(len(points), np.uint8)
        for number, thing in placed.items():
            local = (points - thing.position) @ thing.rotation
            inside = (np.abs(local[:, :2]) < SIDE / 2).all(1)
            shown[inside] = number
            place = local[inside, :2] / SIDE + 0.5
            colour[inside] = 255 * np.column_stack([place, np.full(len(place), 0.2 + 0.15 * number)])
        images.append(colour.reshape(HEIGHT, WIDTH, 3).astype(np.uint8))
        depths.append(depth.reshape(HEIGHT, WIDTH).astype(np.float32))
        ids.append(shown.reshape(HEIGHT, WIDTH))
    return RgbdScene(Path(f"flat/{seed}"), np.stack(images), np.stack(depths), cameras, np.stack(ids), placed)
