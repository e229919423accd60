"""A student that sees perfectly, taught by faulty masks: what a loss makes of them (`selfsup` paper, §V-A.2; ours).

An instance segmentation model must find an object before it can outline it. To see what the robust set loss does to
outlines alone, the student is *given* the true outline as its input, and the masks of an object bank as its labels.
All that it has to learn is to hand on what it sees. A loss that forgives the labels' faults leaves the student close
to the truth, and one that does not teaches it the faults.
"""

import cv2
import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor, nn

from graspbook.core.errors import InputError
from graspbook.instances.set_loss import robust_target
from graspbook.nn.mask_loss import mask_losses

SIDE = 32
_FRAME = 8
"""Pixels of the image, at least, that an aligned picture shows around the object."""


def align(
    truth: Bool[np.ndarray, "h w"], label: Bool[np.ndarray, "h w"]
) -> tuple[Bool[np.ndarray, "s s"], Bool[np.ndarray, "s s"]]:
    """A true mask and its label in one square around both, scaled to `SIDE` pixels.

    Raises:
        InputError: the shapes differ, or both are empty.
    """
    if truth.shape != label.shape or not (truth.any() or label.any()):
        raise InputError(f"label: expected a mask of {truth.shape} that is not empty, got {label.shape}")
    rows, columns = np.nonzero(truth | label)
    side = int(max(np.ptp(rows), np.ptp(columns))) + 1 + _FRAME
    top = (int(rows.min()) + int(rows.max()) + 1 - side) // 2
    left = (int(columns.min()) + int(columns.max()) + 1 - side) // 2

    def cut(mask: np.ndarray) -> np.ndarray:
        wide = np.pad(mask.astype(np.float32), side)
        part = wide[top + side : top + 2 * side, left + side : left + 2 * side]
        return cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR) > 0.5

    return cut(truth), cut(label)


def train_student(
    truth: Bool[Tensor, "n s s"],
    labels: Bool[Tensor, "n s s"],
    margin: float,
    steps: int,
    seed: int,
    batch_size: int = 32,
) -> nn.Module:
    """A student of three convolutions, trained with cross-entropy and Dice like Mask2Former's masks.

    Args:
        truth: what it sees.
        labels: what it is told.
        margin: of the robust set loss; 1 is the plain loss.
        steps: of Adam, learning rate 0.003.
        seed: of its first weights and of the order of the pictures.
        batch_size: pictures per step.

    Raises:
        InputError: no picture, shapes that differ, or a margin outside (0, 1].
    """
    if truth.shape != labels.shape or not len(truth):
        raise InputError(f"labels: expected {list(truth.shape)}, at least one picture, got {list(labels.shape)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        student = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 16, 5, padding=4, dilation=2),
            nn.ReLU(),
            nn.Conv2d(16, 1, 5, padding=2),
        )
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(student.parameters(), 0.003)
    for _ in range(steps):
        chosen = torch.randint(len(truth), (batch_size,), generator=generator)
        logits = student(truth[chosen, None].float()).flatten(1)
        target = robust_target(logits, labels[chosen].flatten(1), margin).float()
        loss = sum(mask_losses(logits, target))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return student


@torch.no_grad()
def student_masks(student: nn.Module, truth: Bool[Tensor, "n s s"]) -> Bool[Tensor, "n s s"]:
    """What the student makes of what it sees."""
    return student(truth[:, None].float())[:, 0] > 0
