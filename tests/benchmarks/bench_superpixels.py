"""Superpixels at the paper's size beside those of OpenCV, scikit-image and fast-slic: time and quality in one run.

Each makes cells of about k x k pixels in one iteration, on one thread, conversion to Lab included; the paper's GPU
takes 4 ms at 1024x512. scikit-image and fast-slic are no dependency: they run in a throw-away environment, and are
left out where it cannot be made.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from measuring import milliseconds, printed, uv
from peers_superpixels import REPEATS

from graspbook.joint.superpixels import boundary_recall, superpixels, under_segmentation_error
from graspbook.pipeline.params import load_params
from graspbook.world.aisle.drive import run_drive

K, COMPACTNESS = 4, 10.0
SIZES = ((1024, 512), (640, 480))
PEERS = ("scikit-image==0.26.0", "fast-slic==0.4.0")
BUILD = ("cython<3", "numpy<2", "setuptools<60", "wheel", "pip", "opencv-python-headless")
"""What fast-slic needs to be compiled, which it does not declare."""


def opencv(rgb: np.ndarray, kind: str) -> np.ndarray:
    """OpenCV's SLIC, SLICO or LSC, int64 [H, W]."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    if kind == "LSC":
        made = cv2.ximgproc.createSuperpixelLSC(lab, K, 0.075)
    else:
        made = cv2.ximgproc.createSuperpixelSLIC(lab, getattr(cv2.ximgproc, kind), K, COMPACTNESS)
    made.iterate(1)
    return made.getLabels().astype(np.int64)


def peers(pictures: dict[str, np.ndarray]) -> list[tuple[dict, np.ndarray]]:
    """What `peers_superpixels.py` prints, each line with the labels; nothing where it cannot run."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, environment = Path(scratch), Path(scratch) / "environment"
        for name, rgb in pictures.items():
            cv2.imwrite(str(folder / f"{name}.png"), rgb[..., ::-1])
        python = str(environment / "bin/python")
        install = [uv(), "pip", "install", "--quiet", "--python", python]
        commands = [
            [uv(), "venv", "--quiet", "--python", sys.executable, str(environment)],
            [*install, *BUILD],
            [*install, PEERS[0]],
            [*install, "--no-build-isolation", PEERS[1]],
            [python, str(Path(__file__).with_name("peers_superpixels.py")), scratch, str(K), str(COMPACTNESS)],
        ]
        lines = printed(commands, "superpixels", os.environ | {"OMP_NUM_THREADS": "1"})
        return [(line, np.load(folder / f"{line['package']}-{line['picture']}.npy")) for line in lines]


def quality(name: str, labels: torch.Tensor, truth: torch.Tensor) -> list[dict[str, str | float]]:
    """Under-segmentation error and boundary recall of labels [H, W], percent."""
    note = f"{len(torch.unique(labels))} superpixels, after one iteration"
    error, recall = 100 * under_segmentation_error(labels, truth), 100 * boundary_recall(labels, truth)
    return [
        {"name": f"{name}, under-segmentation error", "value": round(error, 3), "unit": "%", "note": note},
        {"name": f"{name}, boundary recall", "value": round(recall, 2), "unit": "%", "note": note},
    ]


def main() -> list[dict[str, str | float]]:
    """Runs the benchmark; rows with name, value, unit and note."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    config = load_params().joint
    calls: dict[str, Callable[[np.ndarray], np.ndarray | torch.Tensor]] = {
        "ours": lambda rgb: superpixels(torch.from_numpy(rgb), K, COMPACTNESS),
        **{f"OpenCV {kind}": lambda rgb, kind=kind: opencv(rgb, kind) for kind in ("SLIC", "SLICO", "LSC")},
    }
    rows, pictures, truth = [], {}, {}
    how = f"k = {K}, one iteration, one thread, conversion to Lab included"
    for width, height in SIZES:
        size = f"{width}x{height}"
        world = dataclasses.replace(config.world, width=width, height=height, frames=1, samples=1)
        view = next(run_drive(world, config.data.seed, 0))
        pictures[size], truth[size] = view.image, torch.from_numpy(view.instances.astype(np.int64))
        for name, call in calls.items():
            spent = milliseconds(lambda call=call, rgb=view.image: call(rgb), REPEATS)
            rows.append({"name": f"{name}, {size}", "value": round(spent, 1), "unit": "ms", "note": how})
            rows += quality(f"{name}, {size}", torch.as_tensor(call(view.image)), truth[size])
    for line, labels in peers(pictures):
        size = line["picture"]
        name = f"{line['name']}, {size}"
        rows.append({"name": name, "value": round(line["one"], 1), "unit": "ms", "note": how})
        rows.append(
            {"name": f"{name}, a further iteration", "value": round(line["each"], 1), "unit": "ms", "note": "mean of 5"}
        )
        rows += quality(name, torch.from_numpy(labels), truth[size])
    return rows


if __name__ == "__main__":
    for row in main():
        print(f"{row['name']:55s} {row['value']:8.1f} {row['unit']:4s} {row['note']}")
