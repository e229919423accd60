"""Superpixels at the paper's size, beside OpenCV's after one iteration; the paper's GPU takes 4 ms at 1024x512."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
import torch

from graspbook.joint.superpixels import superpixels

K, COMPACTNESS = 4, 10.0


def milliseconds(call: Callable[[], object], repeats: int = 7) -> float:
    """Median processor time of a call."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)
    return 1e3 * float(np.median(spent))


def main() -> list[dict[str, str | float]]:
    """Runs the benchmark; rows with name, value, unit and note."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rows, rng = [], np.random.default_rng(0)
    for width, height in ((1024, 512), (640, 480)):
        coarse = rng.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
        rgb = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        image = torch.from_numpy(rgb)

        def opencv(rgb: np.ndarray = rgb) -> None:
            lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
            made = cv2.ximgproc.createSuperpixelSLIC(lab, cv2.ximgproc.SLIC, K, COMPACTNESS)
            made.iterate(1)
            made.getLabels()

        calls = {"ours": lambda image=image: superpixels(image, K, COMPACTNESS), "OpenCV SLIC": opencv}
        for name, call in calls.items():
            note = f"k = {K}, one iteration, one thread, conversion to Lab included"
            value = round(milliseconds(call), 1)
            rows.append({"name": f"{name}, {width}x{height}", "value": value, "unit": "ms", "note": note})
    return rows
