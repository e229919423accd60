"""A trained model as the robot's eyes (`selfsup` paper, §VI-A): which masks it believes in, surer than a threshold."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from graspbook.core.errors import InputError
from graspbook.data.coco import resize_image, resize_mask
from graspbook.instances.model import InstanceModel, predict_instances
from graspbook.instances.registry import load_instance_model
from graspbook.instances.types import Instances, of_one_class


@dataclass(frozen=True)
class ModelSegmenter:
    """A segmenter (`graspbook.world.bin.segmenter`) that asks a model.

    Only the path travels to other processes; each of them loads the model once, when it is first asked.

    Attributes:
        path: the model, as `save_instance_model` wrote it.
        height: of the images that the model sees, pixels; others are resized.
        threshold: score from which a mask is believed in.

    Raises:
        InputError: no such file, or a setting out of range.
    """

    path: Path
    height: int
    threshold: float

    def __post_init__(self) -> None:
        if not Path(self.path).is_file():
            raise InputError(f"{self.path}: missing; expected an instance segmentation model (.safetensors)")
        if self.height < 1:
            raise InputError(f"height: expected at least 1 pixel, got {self.height}")
        if not 0 <= self.threshold <= 1:
            raise InputError(f"threshold: expected 0 to 1, got {self.threshold!r}")

    @property
    def key(self) -> str:
        """Names the model, the bytes of its weights, and the settings."""
        weights = hashlib.sha256(Path(self.path).read_bytes()).hexdigest()[:16]
        return f"{Path(self.path).stem}({weights}, height={self.height}, threshold={self.threshold})"

    def __call__(
        self, image: UInt8[np.ndarray, "h w 3"], ids: UInt8[np.ndarray, "h w"], rng: np.random.Generator
    ) -> Instances:
        """As `detect`; the truth is not looked at, and nothing is drawn."""
        return self.detect(image)

    def detect(self, image: UInt8[np.ndarray, "h w 3"]) -> Instances:
        """What the model believes to see in an RGB image: masks of its size, the surest first; none is empty."""
        path, size = Path(self.path), image.shape[:2]
        seen = resize_image(image, (self.height, max(1, round(size[1] * self.height / size[0]))))
        # One thread, whatever the process has: workers have a core each, and the sums of several threads would
        # differ in their last bits from those of one.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            found = predict_instances(_load(path, path.stat().st_mtime_ns), seen[None])[0]
        finally:
            torch.set_num_threads(threads)
        sure = found.scores >= self.threshold
        masks = [resize_mask(mask, size) for mask in found.masks[sure]]
        masks = np.stack(masks) if masks else np.zeros((0, *size), bool)
        some = masks.any((1, 2))  # a mask of a few pixels may vanish in a smaller image
        return of_one_class(masks[some], found.scores[sure][some])


@functools.lru_cache(maxsize=4)
def _load(path: Path, changed: int) -> InstanceModel:
    """The model, once per process; `changed` tells a file from one that has replaced it."""
    return load_instance_model(path)
