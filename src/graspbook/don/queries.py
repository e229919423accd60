"""What is asked of descriptors: pixels of an object in one view, and where the same points are in another (§IV-D).

Within a scene the answer follows from depth and the cameras' poses, as in the paper. Across scenes, which is ours, it
follows from the objects' poses: only what a descriptor says of the *object* helps there, not where the object lies.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Float32

from graspbook.core.errors import InputError
from graspbook.data.bop import RgbdScene, SceneObject
from graspbook.don.config import EvaluateConfig
from graspbook.don.correspondences import View, map_pixels
from graspbook.world.render.camera import Camera
from graspbook.world.table.bending import Bend
from graspbook.world.table.wrist import travel_between, turn_between

ATTEMPTS = 4000
"""Pairs of views that are drawn for an object before it counts as never seen in two."""
LEAST = 20
"""An object that two views share in fewer pixels is not asked for there."""


@dataclasses.dataclass(frozen=True, eq=False)
class Query:
    """Pixels of an object in view A, to be found in view B.

    Attributes:
        number: Id of the object, from 1.
        a: Index of the scene, and of its view, that the pixels are in.
        b: Index of the scene, and of its view, that is searched.
        pixels: Pixel coordinates (u, v) in A, float32 [n, 2].
        answers: True pixel coordinates (u, v) in B, float32 [n, 2].
    """

    number: int
    a: tuple[int, int]
    b: tuple[int, int]
    pixels: Float32[np.ndarray, "n 2"]
    answers: Float32[np.ndarray, "n 2"]


def map_across(
    a: RgbdScene, view_a: int, b: RgbdScene, view_b: int, number: int, tolerance: float
) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]:
    """All pixels of an object in a view of one scene that are seen in a view of another, and where.

    Args:
        a: Scene that the pixels are in.
        view_a: Index of its view.
        b: Scene that the same points are looked for in.
        view_b: Index of its view.
        number: Id of the object, from 1.
        tolerance: Largest difference between projected and measured depth of a visible point, metres.

    Returns:
        Pixel coordinates (u, v) in the first view and in the second, [n, 2] each.

    Raises:
        InputError: One of the scenes does not show the object.
    """
    for scene in (a, b):
        if number not in scene.objects:
            raise InputError(f"{scene.folder}: field obj_id: object {number} is not there")
    rows, columns = np.nonzero((a.ids[view_a] == number) & (a.depth[view_a] > 0))
    pixels = np.stack([columns, rows], 1).astype(float)
    points = a.cameras[view_a].backproject(pixels, a.depth[view_a][rows, columns])
    there = to_scene(b.objects[number], to_object(a.objects[number], points))
    uv, depth = b.cameras[view_b].project(there)
    kept = visible(b, view_b, uv, depth, tolerance)
    nearest = np.rint(uv[kept]).astype(int)
    same = b.ids[view_b][nearest[:, 1], nearest[:, 0]] == number
    return pixels[kept][same], uv[kept][same]


def to_object(thing: SceneObject, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Maps world points into the frame of an object at rest, not bent.

    Args:
        thing: The object in its scene.
        points: World points, metres, [n, 3].
    """
    return bend_of(thing).undo((points - thing.position) @ thing.rotation)


def to_scene(thing: SceneObject, points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """The inverse of `to_object`.

    Args:
        thing: The object in its scene.
        points: Points of the object at rest, metres, [n, 3].
    """
    return bend_of(thing).apply(points) @ thing.rotation.T + thing.position


def bend_of(thing: SceneObject) -> Bend:
    """How an object is bent in its scene.

    Args:
        thing: The object in its scene.
    """
    return Bend(tuple(thing.extra.get("squeeze", (1.0, 1.0, 1.0))), float(thing.extra.get("curve", 0.0)))


def visible(
    scene: RgbdScene, view: int, uv: Float[np.ndarray, "n 2"], depth: Float[np.ndarray, " n"], tolerance: float
) -> Bool[np.ndarray, " n"]:
    """Whether points at given pixels and depths are inside a view and not hidden there.

    Args:
        scene: Scene with the view.
        view: Index of the view.
        uv: Pixel coordinates (u, v) of the points, [n, 2].
        depth: Depth of the points along the optical axis, metres, [n].
        tolerance: Largest difference between this and the measured depth, metres.
    """
    camera: Camera = scene.cameras[view]
    nearest = np.rint(uv).astype(int)
    inside = (depth > 0) & ((nearest >= 0) & (nearest < (camera.width, camera.height))).all(1)
    nearest[~inside] = 0
    measured = scene.depth[view][nearest[:, 1], nearest[:, 0]]
    return inside & (measured > 0) & (np.abs(measured - depth) <= tolerance)


def draw_queries(
    scenes: list[RgbdScene], config: EvaluateConfig, pairs: int, tolerance: float, *, across: bool = False
) -> list[Query]:
    """Pairs of views for every object that the scenes show, with pixels to look for (§IV-E.1).

    Args:
        scenes: Scenes with masks and poses of their objects.
        config: Least distance and angle between views within a scene, and number of query pixels.
        pairs: Pairs of views for each object.
        tolerance: Largest difference between projected and measured depth of a visible point, metres.
        across: Whether the two views are of different scenes; an object that only one scene shows is then left out.

    Raises:
        InputError: No object is seen in two such views.
    """
    rng = np.random.default_rng([config.seed, int(across)])
    found: list[Query] = []
    for number in sorted(set().union(*(scene.objects for scene in scenes))):
        places = [place for place, scene in enumerate(scenes) if number in scene.objects]
        own: list[Query] = []
        for _ in range(ATTEMPTS if len(places) > across else 0):
            if len(own) == pairs:
                break
            first, second = rng.choice(places, 2, replace=False) if across else [rng.choice(places)] * 2
            query = _query(scenes, int(first), int(second), number, config, tolerance, rng)
            if query is not None:
                own.append(query)
        found += own
    if not found:
        raise InputError(f"{scenes[0].folder.parent}: field mask_visib: no object is seen in two views")
    return found


def _query(
    scenes: list[RgbdScene],
    first: int,
    second: int,
    number: int,
    config: EvaluateConfig,
    tolerance: float,
    rng: np.random.Generator,
) -> Query | None:
    """One pair of views; None where they are too close, or share too little of the object."""
    a, b = scenes[first], scenes[second]
    view_a, view_b = int(rng.integers(len(a.cameras))), int(rng.integers(len(b.cameras)))
    if first == second:
        poses = a.cameras[view_a].world_from_camera, b.cameras[view_b].world_from_camera
        if travel_between(*poses) < config.travel or turn_between(*poses) < config.turn:
            return None
        views = (View(a.images[k], a.depth[k], a.cameras[k]) for k in (view_a, view_b))
        uv, seen = map_pixels(*views, tolerance)
        rows, columns = np.nonzero(seen & (a.ids[view_a] == number))
        pixels, answers = np.stack([columns, rows], 1), uv[rows, columns]
    else:
        pixels, answers = map_across(a, view_a, b, view_b, number, tolerance)
    if len(pixels) < LEAST:
        return None
    chosen = rng.choice(len(pixels), config.queries, replace=len(pixels) < config.queries)
    where = (first, view_a), (second, view_b)
    return Query(number, *where, pixels[chosen].astype(np.float32), answers[chosen].astype(np.float32))


def draw_tracks(scenes: list[RgbdScene], config: EvaluateConfig, tolerance: float) -> list[Query]:
    """Keypoints of each object, to be found in every other view of their scene that shows them (§IV-E.2).

    The paper marks them by hand. Here they are drawn in the view that shows most of the object.

    Args:
        scenes: Scenes with masks of their objects.
        config: Seed, and number of keypoints for each object.
        tolerance: Largest difference between projected and measured depth of a visible point, metres.
    """
    rng = np.random.default_rng([config.seed, 2])
    found = []
    for place, scene in enumerate(scenes):
        for number in scene.objects:
            area = (scene.ids == number).sum((1, 2))
            first = int(area.argmax())
            rows, columns = np.nonzero((scene.ids[first] == number) & (scene.depth[first] > 0))
            if len(rows) < LEAST:
                continue
            chosen = rng.choice(len(rows), config.tracked, replace=False)
            pixels = np.stack([columns[chosen], rows[chosen]], 1).astype(np.float32)
            points = scene.cameras[first].backproject(pixels, scene.depth[first][rows[chosen], columns[chosen]])
            for second in range(len(scene.cameras)):
                uv, depth = scene.cameras[second].project(points)
                seen = visible(scene, second, uv, depth, tolerance)
                if second != first and seen.any():
                    where = (place, first), (place, second)
                    found.append(Query(number, *where, pixels[seen], uv[seen].astype(np.float32)))
    return found
