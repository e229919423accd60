"""Milliseconds of a training step with the C library's memory as it is, and as kernels keep it, in turns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from graspbook.pipeline.kernel import kernel_environment

STEP = """
import time
import torch
from graspbook.mlgsl.model import build_network
from graspbook.pipeline.params import load_params

torch.set_num_threads(1)
network = build_network(load_params().mlgsl.network, 1)
images, spent = torch.rand(8, 1, 80, 80), []
for _ in range(25):
    start = time.thread_time()
    network(images).square().mean().backward()
    spent.append(time.thread_time() - start)
print(1000 * sorted(spent)[len(spent) // 2])
"""


def main(rounds: int = 5) -> list[dict[str, str | float]]:
    """Runs the benchmark; rows with name, value, unit and note."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    kept = plain | kernel_environment(Path())
    spent: dict[str, list[float]] = {"as it is": [], "kept": []}
    for _ in range(rounds):
        for name, environment in (("as it is", plain), ("kept", kept)):
            run = subprocess.run(
                [sys.executable, "-c", STEP], env=environment, capture_output=True, text=True, check=True
            )
            spent[name].append(float(run.stdout))
    note = f"MLGSL's network, batch 8 of 80x80, one thread, median of {rounds} processes"
    return [
        {
            "name": f"training step, freed memory {name}",
            "value": round(float(np.median(v)), 2),
            "unit": "ms",
            "note": note,
        }
        for name, v in spent.items()
    ]
