"""Labelled grasps as arrays in memory: what training and evaluation read."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from jaxtyping import Bool, UInt8

from graspbook.errors import InputError


class LabelledGrasp(Protocol):
    """One grasp with labels, such as `graspbook.data.grasps.GraspSample`."""

    before: UInt8[np.ndarray, "h w 3"]
    after: UInt8[np.ndarray, "h w 3"]
    suction: Bool[np.ndarray, "h w"]
    visible: Bool[np.ndarray, "h w"] | None
    amodal: Bool[np.ndarray, "h w"] | None


@dataclass(frozen=True)
class GraspArrays:
    """N grasps of one image size; 100 grasps at 128x192 take 24 MB.

    Attributes:
        before: RGB before the grasp.
        after: RGB after it.
        suction: Footprints of the active cups.
        visible: Visible mask of the grasped object in `before`.
        amodal: Its amodal mask.
    """

    before: UInt8[np.ndarray, "n h w 3"]
    after: UInt8[np.ndarray, "n h w 3"]
    suction: Bool[np.ndarray, "n h w"]
    visible: Bool[np.ndarray, "n h w"]
    amodal: Bool[np.ndarray, "n h w"]

    def __post_init__(self):
        """Check shapes and types.

        Raises:
            InputError: Naming the field that is wrong.
        """
        size = self.before.shape[:3]
        for field in fields(self):
            array = getattr(self, field.name)
            colour = field.name in ("before", "after")
            shape, dtype = ((*size, 3), np.uint8) if colour else (size, np.bool_)
            if array.shape != shape or array.dtype != dtype:
                raise InputError(f"{field.name}: expected {np.dtype(dtype)} {shape}, got {array.dtype} {array.shape}")

    def __len__(self) -> int:
        """Number of grasps."""
        return len(self.before)

    @classmethod
    def from_samples(cls, samples: Iterable[LabelledGrasp]) -> "GraspArrays":
        """Stack samples.

        Raises:
            InputError: If there are none, their sizes differ, or one has no labels.
        """
        samples = list(samples)
        if not samples:
            raise InputError("samples: at least one labelled grasp is needed, got none")
        for number, sample in enumerate(samples):
            if sample.visible is None or sample.amodal is None:
                raise InputError(f"samples[{number}]: has no visible or amodal mask to learn from")
            size, expected = sample.before.shape[:2], samples[0].before.shape[:2]
            if size != expected:
                raise InputError(f"samples[{number}]: image size {size}, expected {expected}")
        return cls(*(np.stack([getattr(sample, field.name) for sample in samples]) for field in fields(cls)))
