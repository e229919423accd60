"""The grasp quality discriminator (§IV-A, in the manner of GQ-CNN [2]): from depth and a grasp to success.

It sees the image around the grasp, turned so that the fingers close along its rows: heights relative to the grasped
point, and where the fingers would be. It learns from grasps that were executed in physics, good and bad ones.
"""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam

from graspbook.core.fingerprint import fingerprint
from graspbook.mlgsl.config import JudgeConfig
from graspbook.mlgsl.grasp_data.dataset import GraspImages
from graspbook.mlgsl.maps import INPUT_SCALE, REFERENCE
from graspbook.training.fit import Plan, Step, Trained, fit
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import batch_indices, generator
from graspbook.world.grippers.jaw.execute import GRASP_OUTCOMES, GraspOutcome

FINGER = (3.0, 6.0)
"""How thick and how wide a finger is drawn, pixels at a size of 80: 1 cm and 2 cm."""
STEEPEST = 1.0
"""Heights are cut to this, decimetres."""


class Judge(nn.Module):
    """A small convolutional network from a crop to the logit of success."""

    def __init__(self, crop: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for last, channels in ((2, 16), (16, 32), (32, 32)):
            layers += [nn.Conv2d(last, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        side = crop // 8
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * side**2, 64), nn.ReLU(), nn.Linear(64, 1))
        self.crop = crop

    def forward(self, crops: Float[Tensor, "n 2 c c"]) -> Float[Tensor, " n"]:
        """Logits of success.

        Args:
            crops: The crops that `crops` makes, float [N, 2, crop, crop].

        Returns:
            The logit of success of each crop, float [N].
        """
        return self.layers(crops)[:, 0]


def crops(
    depth: Float[np.ndarray, "h h"], grasps: Float[np.ndarray, "n 4"], crop: int
) -> Float[np.ndarray, "n 2 crop crop"]:
    """What the judge sees of grasps in one image: heights around each in decimetres, and the fingers; float32.

    Args:
        depth: Depth of one square image in metres, without gaps, float [H, H].
        grasps: Rows (u, v, phi, w) in pixels and radians, [N, 4].
        crop: The side of each crop, in pixels of an image of 80 x 80.

    Returns:
        Heights relative to the grasped point in decimetres, cut to -1..1, and the fingers as 0 or 1, float32 [N, 2,
        crop, crop].
    """
    scale, middle = len(depth) / REFERENCE, (crop - 1) / 2
    x, y = np.meshgrid(np.arange(crop) - middle, np.arange(crop) - middle)
    seen = np.empty((len(grasps), 2, crop, crop), np.float32)
    for out, (u, v, phi, w) in zip(seen, np.asarray(grasps, float), strict=True):
        turn = scale * np.array([[np.cos(phi), -np.sin(phi)], [np.sin(phi), np.cos(phi)]])
        matrix = np.column_stack([turn, np.array([u, v]) - turn @ (middle, middle)])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        around = cv2.warpAffine(depth, matrix, (crop, crop), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        row, column = (int(np.clip(round(value), 0, len(depth) - 1)) for value in (v, u))
        out[0] = np.clip((depth[row, column] - around) * INPUT_SCALE, -STEEPEST, STEEPEST)
        inner = w / scale / 2
        out[1] = (np.abs(x) >= inner) & (np.abs(x) <= inner + FINGER[0]) & (np.abs(y) <= FINGER[1] / 2)
    return seen


def crops_of(images: GraspImages, tried: pd.DataFrame, crop: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops of all grasps that were tried, and whether each succeeded, in the order of the images.

    Args:
        images: The images.
        tried: The grasps tried in them, as `load_tried` returns them.
        crop: The side of each crop, in pixels of an image of 80 x 80.

    Returns:
        The crops, float32 [T, 2, crop, crop], and the outcomes, float32 [T]: 1 for success, else 0.
    """
    found = [
        crops(images.depth[image], rows[["u", "v", "phi", "w"]].to_numpy(), crop)
        for image, rows in tried.groupby("image", sort=True)
    ]
    ordered = tried.sort_values("image", kind="stable")
    return np.concatenate(found), (ordered["end"] == GRASP_OUTCOMES.index(GraspOutcome.SUCCESS)).to_numpy(np.float32)


def train_judge(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    config: JudgeConfig,
    scratch_dir: Path,
) -> Trained[Judge]:
    """Train on crops and outcomes (`crops_of`); the history has `accuracy` on validation, per cent.

    Every other crop is mirrored one way, every other the other way: a grasp has no left and right.

    Args:
        train: The crops and outcomes to learn from.
        validation: The crops and outcomes on which weights are compared; the best ones are kept.
        config: The settings of the training.
        scratch_dir: The folder of checkpoints and finished trainings, which git ignores.

    Returns:
        The judge and its history.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(config.seed, 8).initial_seed())
        judge = Judge(config.crop)
    x, y = (torch.from_numpy(array) for array in train)

    def batch(step: Step) -> tuple[Tensor, Tensor]:
        places = batch_indices(len(x), config.batch_size, step.number, config.seed, 2)[step.part :: step.parts]
        seen = x[places]
        for axis, side in enumerate(torch.rand(2, len(places), generator=generator(config.seed, 3, step.number)) < 0.5):
            seen = torch.where(side[:, None, None, None], seen.flip(2 + axis), seen)
        return seen.to(step.device), y[places].to(step.device)

    def accuracy(model: Judge) -> dict[str, float]:
        return {"accuracy": 100 * float(((judge_crops(model, validation[0]) > 0.5) == (validation[1] > 0.5)).mean())}

    arrays = {"x": train[0], "y": train[1], "vx": validation[0], "vy": validation[1]}
    return fit(
        judge,
        Plan(steps=config.steps, batch_size=config.batch_size, evaluate_every=max(config.steps // 5, 1), keep="best"),
        name=fingerprint(dataclasses.asdict(config), train_judge, arrays=arrays),
        scratch_dir=scratch_dir,
        optimiser=lambda model: Adam(model.parameters(), config.learning_rate),
        rate=lambda highest, step: cosine_rate(highest, step, config.steps, 0.05),
        batch=batch,
        loss=lambda model, batch, _: binary_cross_entropy_with_logits(model(batch[0]), batch[1]),
        evaluate=accuracy,
        title="grasp judge",
    )


def judge_crops(judge: Judge, seen: Float[np.ndarray, "n 2 c c"], batch: int = 512) -> Float[np.ndarray, " n"]:
    """The probability of success of each crop.

    Args:
        judge: The trained judge.
        seen: The crops, float32 [N, 2, crop, crop].
        batch: The number of crops that go through the judge at once.

    Returns:
        The probability of success of each crop, float [N] in 0..1.
    """
    device = next(judge.parameters()).device
    with torch.inference_mode():
        parts = [judge(torch.from_numpy(seen[i : i + batch]).to(device)) for i in range(0, len(seen), batch)]
    return torch.sigmoid(torch.cat(parts)).cpu().numpy() if parts else np.zeros(0)


def judge_grasps(judge: Judge, depth: np.ndarray, grasps: np.ndarray) -> Float[np.ndarray, " n"]:
    """The probability of success of grasps (u, v, phi, w) in one depth image without gaps.

    Args:
        judge: The trained judge.
        depth: Depth of one square image in metres, without gaps, [H, H].
        grasps: Rows (u, v, phi, w) in pixels and radians, [N, 4].

    Returns:
        The probability of success of each grasp, float [N] in 0..1.
    """
    return judge_crops(judge, crops(depth, grasps, judge.crop))
