"""Milliseconds for one grasp plan at 300x300: MLGSL's network, GG-CNN's and GG-CNN2's, taking turns in one run."""

from __future__ import annotations

import numpy as np
import torch

from graspbook.mlgsl.model import build_network
from graspbook.mlgsl.robot.planners import DensePlanner
from graspbook.mlgsl.robot.single_objects import time_planners
from graspbook.pipeline.params import load_params

SIZE = 300
"""Pixels, as in the paper."""
NAMES = {"MLGSL": "fcn", "GG-CNN": "ggcnn", "GG-CNN2": "ggcnn2"}


def main(repeats: int = 20) -> list[dict[str, str | float]]:
    """Runs the benchmark; rows with name, value, unit and note."""
    torch.set_num_threads(1)
    settings = load_params(profile="paper").mlgsl  # pools where GG-CNN2 has them
    planners = {
        name: DensePlanner(build_network(settings.network, 1, architecture=kind).eval(), "mlgsl", settings.metrics)
        for name, kind in NAMES.items()
    }
    image = np.full((1, SIZE, SIZE), 0.6, np.float32)
    image[0, 100:180, 140:170] = 0.55
    note = f"{SIZE}x{SIZE}, median of {repeats}, one thread; the paper's network pools after layers 2 and 4"
    return [
        {"name": f"grasp plan, {name}", "value": round(float(np.median(spent)), 2), "unit": "ms", "note": note}
        for name, spent in time_planners(planners, image, repeats).items()
    ]
