"""What a training step costs at the `standard` profile, one thread, and what bounds it (`selfsup`, §III-A, §III-B.4).

Each part is the processor time of the loop's own thread, so other work on the machine hardly shows; the next batch is
made meanwhile in another thread, and is timed for itself. Pictures are drawings of random shapes.
"""

import cProfile
import dataclasses
import pstats
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from graspbook.data.coco import CocoScenes, write_scenes
from graspbook.data.grasps import GraspArrays
from graspbook.instances.registry import build_instance_model
from graspbook.nn.weights import load_pretrained
from graspbook.pipeline.params import load_params
from graspbook.selfsup.grasp_segmentation.augment import Augmentation, augment
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter
from graspbook.selfsup.grasp_segmentation.train import train_grasp_segmenter
from graspbook.selfsup.inpainting.diffusion import build_inpaint_model
from graspbook.selfsup.inpainting.inpaint import BundledInpainter
from graspbook.selfsup.instance_segmentation.batches import BatchSampler
from graspbook.selfsup.instance_segmentation.generic_scenes import GenericScenes
from graspbook.selfsup.instance_segmentation.train import train_instance_model
from graspbook.selfsup.pasting.bank import ObjectBank, bank_of_scenes

STEPS, WARM_UP = 20, 3
STEP = {  # file and function: not counted are evaluations and checkpoints
    "forward and loss": ("fit.py", "forward"),
    "backward": ("accelerator.py", "backward"),
    "optimiser": ("adam.py", "step"),
    "clipping": ("clip_grad.py", "clip_grad_norm_"),
}
GRASPS = {"loss with its max-pooling": ("loss.py", "grasp_segmentation_loss")}
INSTANCES = {
    "matching": ("mask2former_loss.py", "hungarian_match"),
    "choosing points": ("mask2former_loss.py", "uncertain_points"),
}

Row = tuple[str, float, str, str]


def milliseconds(train: Callable[[], object], parts: dict[str, tuple[str, str]]) -> dict[str, float]:
    """Of one step, by part; a function that others of the parts call counts in both."""
    profile = cProfile.Profile(time.thread_time)
    profile.runcall(train)
    entries = pstats.Stats(profile).stats.items()
    return {
        part: 1e3 / STEPS * sum(e[3] for (path, _, name), e in entries if (Path(path).name, name) == place)
        for part, place in parts.items()
    }


def batch_milliseconds(batch: Callable[[int], object]) -> float:
    """Of making one batch."""
    for step in range(WARM_UP):
        batch(step)
    start = time.thread_time()
    for step in range(WARM_UP, WARM_UP + STEPS):
        batch(step)
    return 1e3 * (time.thread_time() - start) / STEPS


def step_row(name: str, what: str, spent: dict[str, float]) -> Row:
    """A step, with the share of each part in the note."""
    total = sum(spent[part] for part in STEP)
    shares = ", ".join(f"{part} {100 * value / total:.0f} %" for part, value in spent.items() if value)
    return f"{name}, a step", total, "ms", f"{what}, one thread: {shares}"


def grasp_rows(config, folder: Path) -> list[Row]:
    """Grasp segmentation (§III-A)."""
    height = config.world.height
    pictures = [GenericScenes(24, height, 0)[k] for k in range(24)]
    masks = np.stack([scene.ids == scene.ids.max() for scene in pictures])
    images = np.stack([scene.image for scene in pictures])
    grasps = GraspArrays(tuple(map(str, range(24))), images, np.roll(images, 1, 0), masks, masks, masks)
    settings = dataclasses.replace(config.train, steps=STEPS, evaluate_every=STEPS, patience=None)
    pretrained = load_pretrained(settings.weights, settings.network.backbone, location=settings.location)
    model = build_grasp_segmenter(settings.network, pretrained, 1)
    spent = milliseconds(
        lambda: train_grasp_segmenter(model, settings, grasps, grasps, folder, augmentation=Augmentation()),
        STEP | GRASPS,
    )
    x = torch.from_numpy(np.concatenate([images, np.roll(images, 1, 0)], -1)[: settings.batch_size]).permute(0, 3, 1, 2)
    y = torch.from_numpy(masks[: settings.batch_size, None]).expand(-1, 3, -1, -1)
    supply = batch_milliseconds(
        lambda step: augment(x.float() / 255, y.float(), torch.Generator().manual_seed(step), Augmentation())
    )
    what = f"batch {settings.batch_size}, {height}x{height * 3 // 2}"
    return [step_row("grasp segmentation", what, spent), ("grasp segmentation, its batch", supply, "ms", "augmented")]


def instance_rows(config, folder: Path) -> list[Row]:
    """Mask2Former (§III-B.4), with objects pasted, and their outlines inpainted."""
    height, settings = config.network.height, dataclasses.replace(config.segment, steps=STEPS, evaluate_every=STEPS)
    scenes = CocoScenes(write_scenes(folder / "scenes", iter(GenericScenes(24, height, 0)), range(24)), height)
    bank = ObjectBank(bank_of_scenes(scenes, folder / "bank.parquet", config.evaluate.filter.contour_area), height)
    painter = BundledInpainter(
        build_inpaint_model(config.inpaint.model, 1), config.inpainter.denoising_steps, config.inpainter.strength
    )
    pasted = {"config": config.pasting, "bank": bank}
    inpainted = pasted | {"inpainter": painter, "dilate": config.inpainter.dilate}
    batches, repainted = (BatchSampler(scenes, settings.batch_size, 1, **how) for how in (pasted, inpainted))
    network = config.network
    pretrained = load_pretrained(network.weights, network.mask2former.backbone, location=network.location)
    model = build_instance_model("mask2former", network.mask2former, pretrained, 1)
    few = scenes.subset(range(2))
    spent = milliseconds(lambda: train_instance_model(model, settings, batches, few, folder), STEP | INSTANCES)
    what = f"batch {settings.batch_size}, {height}x{height * 3 // 2}"
    return [
        step_row("Mask2Former", what, spent),
        ("Mask2Former, its batch", batch_milliseconds(batches), "ms", "objects pasted"),
        ("Mask2Former, its batch, inpainted", batch_milliseconds(repainted), "ms", "outlines of pasted objects too"),
    ]


def main() -> list[Row]:
    """Rows (name, value, unit, note)."""
    config = load_params().selfsup
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_flush_denormal(True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return grasp_rows(config, Path(folder)) + instance_rows(config, Path(folder))
    finally:
        torch.set_num_threads(threads[0])
        cv2.setNumThreads(threads[1])


if __name__ == "__main__":
    for name, value, unit, note in main():
        print(f"{name:40s} {value:8.1f} {unit:4s} {note}")
