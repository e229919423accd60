"""Pictures of an aisle that one core makes per second at 256x128; the target is 5 (`world/aisle`)."""

from __future__ import annotations

import time

from graspbook.pipeline.params import load_params
from graspbook.world.aisle.drive import run_drive

TARGET = 5.0
"""Pictures per second and core, the building of their aisles included."""


def main(n_drives: int = 12) -> list[dict[str, str | float]]:
    """Runs the benchmark on processor time, so that other load on the machine matters little.

    Returns:
        A row with name, value, unit and note.
    """
    config = load_params().joint.world
    list(run_drive(config, 1, n_drives))  # textures, and code that is compiled at its first use
    start = time.process_time()
    pictures = sum(1 for number in range(n_drives) for _ in run_drive(config, 1, number))
    rate = pictures / (time.process_time() - start)
    note = f"{config.width}x{config.height}, one core, {pictures} pictures of {n_drives} drives, target {TARGET:g}"
    return [{"name": "aisle pictures", "value": round(rate, 2), "unit": "pictures/s", "note": note}]
