"""How fast a frame is, against the rays it casts, and whether memory stays flat over many frames.

Times are processor time of one process (rendering is single-threaded), so other load on the machine matters
little. "Rays alone" replays exactly the ray queries that the frame made, in the same scene.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
from measuring import milliseconds

from graspbook.pipeline.params import load_params
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.assets.items import draw_item
from graspbook.world.assets.tote import draw_tote
from graspbook.world.bin.fill import fill
from graspbook.world.physics.simulation import Cell
from graspbook.world.render.camera import draw_camera
from graspbook.world.render.rays import RayScene
from graspbook.world.render.renderer import Renderer
from graspbook.world.scene import Scene, draw_light

DATA = Path(__file__).parents[2] / "data"
FRAMES = 1000


def filled_scene(catalogue: Catalogue, height: int, seed: int = 0) -> Scene:
    """A bin filled by physics, as the episodes see it."""
    rng, dials = np.random.default_rng(seed), load_params().selfsup.world.dials
    items = {k: draw_item(rng, catalogue, "train", dials, 1) for k in range(1, int(dials.clutter) + 1)}
    with Cell() as cell:
        fill(cell, items, rng, dials.occlusion)
        poses = cell.poses()
    items = {k: items[k] for k in poses}
    return Scene(items, poses, draw_tote(rng, dials), draw_light(rng, dials), draw_camera(rng, height))


def own_rays(renderer: Renderer, scene: Scene) -> Callable[[], None]:
    """A call that casts the rays of one frame of the scene, and does nothing else."""
    queries = []
    cast, occluded = RayScene.cast_faces, RayScene.occluded

    def record(query: Callable) -> Callable:
        def recorded(self: RayScene, *arguments: object) -> object:
            queries.append((query, self, arguments))
            return query(self, *arguments)

        return recorded

    with patch.object(RayScene, "cast_faces", record(cast)), patch.object(RayScene, "occluded", record(occluded)):
        renderer.render(scene)

    def replay() -> None:
        for query, rays, arguments in queries:
            query(rays, *arguments)

    return replay


def main() -> list[dict]:
    """Rows of name, value, unit and note."""
    catalogue = Catalogue.load(DATA)
    renderer = Renderer(catalogue)
    rows = []
    for height, repeats in ((128, 40), (640, 3)):
        scene = filled_scene(catalogue, height)
        size = f"{height}x{scene.camera.width}"
        note = f"{len(scene.items)} items, 2x2 samples, processor time of one process"
        replay = own_rays(renderer, scene)
        replay()
        rays = milliseconds(replay, repeats)
        frame = milliseconds(lambda scene=scene: renderer.render(scene), repeats)
        rows += [
            {"name": f"frame {size}", "value": frame, "unit": "ms", "note": note},
            {"name": f"frame {size}, its rays alone", "value": rays, "unit": "ms", "note": note},
            {"name": f"frame {size} / its rays", "value": frame / rays, "unit": "times", "note": "goal: 2"},
        ]
    scene = filled_scene(catalogue, 64)
    for _ in range(50):
        renderer.render(scene)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(FRAMES):
        renderer.render(scene)
    growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    note = f"growth of the largest resident size, {FRAMES} frames of 64x96 after 50"
    rows.append({"name": "memory over 1,000 frames", "value": growth, "unit": "MiB", "note": note})
    return rows


if __name__ == "__main__":
    for row in main():
        print(f"{row['name']:35s} {row['value']:10.2f} {row['unit']:6s} {row['note']}")
