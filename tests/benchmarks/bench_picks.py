"""How fast the robot picks at the `standard` profile: one process, true masks, so without a model's own time (§VI)."""

import time

from graspbook.pipeline.params import load_params
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.bin.picking import run_picking
from graspbook.world.bin.segmenter import TrueSegmenter
from graspbook.world.render.renderer import Renderer

EPISODES, ATTEMPTS = 5, 14


def main() -> list[tuple]:
    """Attempts per second, from filling a bin to the last object put down."""
    catalogue = Catalogue.load("data")
    renderer = Renderer(catalogue)
    world = load_params().selfsup.world

    def attempts(number: int) -> int:
        picks = run_picking(
            9, catalogue, world, TrueSegmenter(), number, attempts=ATTEMPTS, share_new=1.0, renderer=renderer
        )
        return sum(1 for _ in picks)

    attempts(0)  # compiles
    started = time.perf_counter()
    done = sum(attempts(number) for number in range(1, 1 + EPISODES))
    rate = done / (time.perf_counter() - started)
    size = f"{world.height}x{world.width}"
    return [("attempts, true masks", rate, "attempts/s", f"{done} attempts at {size}, one process, rendering included")]
