"""Dense descriptors: correspondences beside the step that uses them; nearest neighbours beside the naive form.

The targets: correspondences at least 20 times faster than the step; nearest neighbours at least 10 times faster than
the naive form, or with a tenth of its memory.
"""

from __future__ import annotations

import numpy as np
import torch
from measuring import milliseconds

from graspbook.don.correspondences import View, draw_matches, map_pixels
from graspbook.don.losses import nt_xent
from graspbook.don.metrics import CHUNK, nearest_pixels
from graspbook.don.network import build_network, descriptors_at, to_input
from graspbook.pipeline.params import load_params
from graspbook.world.render.camera import Camera
from graspbook.world.table.wrist import wrist_cameras

MEGABYTE = 2**20
QUERIES, DIMENSIONS = 1000, 16
REPEATS = 5


def bare_table(camera: Camera, rng: np.random.Generator) -> View:
    """A view of the empty table: every pixel has a depth, so there is more to map than in any scene."""
    origins, ways = (rays.astype(float) for rays in camera.rays())
    depth = (-origins[:, 2] / ways[:, 2]).reshape(camera.height, camera.width).astype(np.float32)
    return View(rng.integers(0, 256, (*depth.shape, 3), dtype=np.uint8), depth, camera)


def naive(queries: torch.Tensor, descriptors: torch.Tensor) -> torch.Tensor:
    """All differences at once: n p d numbers."""
    return ((queries[:, None] - descriptors) ** 2).sum(2).argmin(1)


def main() -> list[dict[str, str | float]]:
    """Runs the benchmark; rows with name, value, unit and note."""
    torch.set_num_threads(1)
    config, rng = load_params().don, np.random.default_rng(0)
    a, b = (bare_table(camera, rng) for camera in wrist_cameras(config.scenes.camera)[:2])
    row = config.trainings["table-1"]["nt-xent-multi"]

    def match() -> tuple[np.ndarray, np.ndarray]:
        return draw_matches(*map_pixels(a, b, config.train.tolerance), row.matches, rng)

    network = build_network(config.network, row.dimensions, 1).train()
    images, pixels = torch.from_numpy(np.stack([a.image, b.image])), [torch.from_numpy(uv) for uv in match()]

    def step() -> None:
        cells = network(to_input(images))
        described = [descriptors_at(cell, uv) for cell, uv in zip(cells, pixels, strict=True)]
        nt_xent(*described, row.temperature).backward()
        network.zero_grad()

    matching, learning = milliseconds(match, REPEATS), milliseconds(step, REPEATS)
    size = f"{a.depth.shape[1]}x{a.depth.shape[0]}, one thread"
    rows = [
        ("correspondences of a pair", matching, "ms", f"{size}; all pixels mapped, {row.matches} drawn"),
        ("forward, loss and backward of the pair", learning, "ms", size),
        ("the step over the correspondences", learning / matching, "times", "target: at least 20"),
    ]
    places = a.depth.size
    queries, descriptors = torch.randn(QUERIES, DIMENSIONS), torch.randn(places, DIMENSIONS)
    part = 50  # the naive form of all queries at once would take gigabytes
    chunked = milliseconds(lambda: nearest_pixels(queries, descriptors, "euclidean"), REPEATS)
    plain = milliseconds(lambda: [naive(some, descriptors) for some in queries.split(part)], 1)
    note = f"{QUERIES} queries among {places} pixels, D = {DIMENSIONS}, one thread"
    held, all_at_once = 4 * min(CHUNK, QUERIES * places) / MEGABYTE, 4 * QUERIES * places * DIMENSIONS / MEGABYTE
    rows += [
        ("nearest neighbours in chunks", chunked, "ms", note),
        ("nearest neighbours, naive", plain, "ms", f"{note}; {part} queries at a time"),
        ("naive over chunks", plain / chunked, "times", "target: at least 10, or a tenth of the memory"),
        ("numbers held in chunks", held, "MB", note),
        ("numbers held by the naive form", all_at_once, "MB", f"{note}; all queries at once"),
    ]
    return [dict(zip(("name", "value", "unit", "note"), (n, round(v, 2), u, t), strict=True)) for n, v, u, t in rows]
