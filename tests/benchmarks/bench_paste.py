"""Composites per second, at 128x192 and 640x960, on one core (`selfsup`, §III-B.2): ours, a plain loop, public ones.

The plain loop warps each object over the whole image and keeps a whole mask per object. The public implementations
are installed into a throw-away environment by uv; without uv or a package index they are left out, with a message.
Inputs are drawings whose objects have about the sizes of the simulated world's.
"""

import os
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from measuring import printed, uv

from graspbook.data.coco import LabelledScene
from graspbook.pipeline.params import load_params
from graspbook.selfsup.pasting.bank import ObjectCrop
from graspbook.selfsup.pasting.paste import draw_placements, instance_masks, paste

SIZES = ((128, 192), (640, 960))
PEERS = ("albumentationsx==2.5.1", "cap-augmentation==0.5.0")
CONFIG = replace(load_params().selfsup.pasting, min_area=0)


class Objects(list):
    """A bank in memory."""

    def crop(self, index: int) -> ObjectCrop:
        """The object of that index."""
        return self[index]


def drawings(height: int, width: int, rng: np.random.Generator) -> tuple[list[LabelledScene], Objects]:
    """30 scenes of 20 ellipses, and 100 ellipses with boxes of 0.24 image heights on average, noisy all over."""

    def noise(*shape: int) -> np.ndarray:
        return rng.integers(0, 256, (*shape, 3), np.uint8)

    objects = Objects()
    for _ in range(100):
        h, w = (rng.uniform(0.12, 0.36, 2) * height).astype(int).tolist()
        mask = cv2.ellipse(np.zeros((h, w), np.uint8), ((w / 2, h / 2), (w, h), 0), 1, -1)
        objects.append(ObjectCrop(noise(h, w), mask.view(bool)))
    scenes = []
    for number in range(30):
        ids = np.zeros((height, width), np.uint16)
        for k in range(1, 21):
            centre, axes = rng.random(2) * (width, height), rng.uniform(0.12, 0.36, 2) * height
            cv2.ellipse(ids, (centre.tolist(), axes.tolist(), 360 * rng.random()), k, -1)
        scenes.append(LabelledScene(str(number), noise(height, width), ids))
    return scenes, objects


def plain_loop(scene: LabelledScene, objects: Objects, rng: np.random.Generator) -> tuple[np.ndarray, list, list, list]:
    """The textbook way: a whole image and a whole mask per object, pasted one after the other."""
    height, width = scene.ids.shape
    count = int(rng.integers(CONFIG.min_objects, CONFIG.max_objects + 1))
    image = scene.image.copy()
    masks = [scene.ids == number for number in np.unique(scene.ids) if number]
    for placement in draw_placements(count, len(objects), height, width, rng, CONFIG):
        crop = objects.crop(placement.index)
        rows, columns = crop.mask.shape
        matrix = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), -placement.angle, placement.scale)
        matrix[:, 2] += placement.x - columns / 2, placement.y - rows / 2
        pixels = cv2.warpAffine(crop.image, matrix, (width, height))
        mask = cv2.warpAffine(crop.mask.astype(np.float32), matrix, (width, height)) > 0.5
        image = np.where(mask[:, :, None], pixels, image)
        masks = [other & ~mask for other in masks] + [mask]
    masks = [mask for mask in masks if mask.any()]
    boxes = []
    for mask in masks:
        ys, xs = np.nonzero(mask)
        boxes.append((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
    return image, masks, [mask.sum() for mask in masks], boxes


def speed(composite: Callable[[int, np.random.Generator], object], seconds: float) -> float:
    """Composites per second over about so long, after a few to warm up."""
    for number in range(5):
        composite(number, np.random.default_rng(number))
    rng, count, start = np.random.default_rng(0), 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        composite(count, rng)
        count += 1
    return count / (time.perf_counter() - start)


def peers(scenes: list[LabelledScene], objects: Objects, seconds: float) -> list[dict]:
    """Results of `peers_paste.py`, or nothing where it cannot run."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "objects").mkdir()
        for number, crop in enumerate(objects):
            rgba = np.dstack([crop.image, crop.mask.astype(np.uint8) * 255])
            cv2.imwrite(str(folder / f"objects/{number:03d}.png"), rgba)
        images, ids = (np.stack([getattr(scene, name) for scene in scenes]) for name in ("image", "ids"))
        np.savez(folder / "scenes.npz", images=images, ids=ids)
        command = [uv(), "run", "--quiet", "--no-project", "--isolated", "--python", sys.executable]
        command += [part for name in PEERS for part in ("--with", name)]
        command += ["python", str(Path(__file__).with_name("peers_paste.py")), scratch, str(seconds)]
        # our own packages first: the same OpenCV for all, and no second download of PyTorch
        environment = os.environ | {"PYTHONPATH": sysconfig.get_path("purelib")}
        return printed([command], "copy-paste implementations", environment)


def main(seconds: float = 3.0) -> list[tuple[str, float, str, str]]:
    """Rows (name, value, unit, note); each speed is measured for about `seconds`."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    rows = []
    for height, width in SIZES:
        scenes, objects = drawings(height, width, np.random.default_rng(0))
        for number in range(5):  # the same objects at the same places: but for interpolation, the same labels
            ours = paste(scenes[number], objects, np.random.default_rng(number), CONFIG)
            _, masks, areas, _ = plain_loop(scenes[number], objects, np.random.default_rng(number))
            differ = np.mean((ours.ids > 0) != np.any(masks, axis=0))
            if differ > 1e-3 or abs(len(instance_masks(ours.ids)[0]) - len(areas)) > 1:
                raise AssertionError(f"{height}x{width}, seed {number}: the two ways differ")

        def ours(number, rng, scenes=scenes, objects=objects):
            return paste(scenes[number % len(scenes)], objects, rng, CONFIG)

        def with_masks(number, rng, scenes=scenes, objects=objects):
            return instance_masks(paste(scenes[number % len(scenes)], objects, rng, CONFIG).ids)

        def plain(number, rng, scenes=scenes, objects=objects):
            return plain_loop(scenes[number % len(scenes)], objects, rng)

        size = f"{height}x{width}"
        fast, whole, slow = (speed(way, seconds) for way in (ours, with_masks, plain))
        note = "one core, 0 to 25 objects on 20"
        rows += [
            (f"composites {size}, graspbook, image and ids", fast, "1/s", note),
            (f"composites {size}, graspbook, masks, areas and boxes too", whole, "1/s", note),
            (f"composites {size}, plain loop, masks, areas and boxes too", slow, "1/s", note + ", same placements"),
            (f"composites {size}, graspbook / plain loop", whole / slow, "times", "both with masks, areas and boxes"),
        ]
        for peer in peers(scenes, objects, seconds):
            name = peer["name"]
            if "error" in peer:
                print(f"[bench] {name} left out: {peer['error']}", flush=True)
                continue
            rows += [
                (f"composites {size}, {name}", peer["speed"], "1/s", f"{note}; {peer['note']}"),
                (
                    f"composites {size}, graspbook / {name}",
                    (whole if peer["masks"] else fast) / peer["speed"],
                    "times",
                    "like with like",
                ),
            ]
    cv2.setNumThreads(threads)
    return rows


if __name__ == "__main__":
    for name, value, unit, note in main():
        print(f"{name:65s} {value:10.1f} {unit:6s} {note}")
