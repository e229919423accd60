"""Top-1 and Top-5: is the best grasp right, is one of the five best (§IV-A)?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float
from torch import nn

from graspbook.mlgsl.config import Loss, MetricsConfig
from graspbook.mlgsl.grasp_data.dataset import GraspImages
from graspbook.mlgsl.maps import best_grasps, predict
from graspbook.mlgsl.metrics.rectangles import angle_between, is_right

TOP = 5


def top_success(
    maps: Float[np.ndarray, "n 4 h w"], labels: tuple[np.ndarray, ...], loss: Loss, config: MetricsConfig
) -> pd.DataFrame:
    """For each image, what became of its best grasps.

    Args:
        maps: The network's maps of the N images, float [N, 4, H, W].
        labels: All successful grasps of each image, rows (u, v, phi, w) in pixels and radians, [K, 4].
        loss: The loss that the network was trained with.
        config: The settings by which grasps are chosen and judged.

    Returns:
        One row per image: `top_1` and `top_5` (bool); `u`, `v`, `phi`, `w` of the best grasp in pixels and radians;
        `angle_off`, its angle to the nearest label in radians; `width_ratio`, its opening over that label's.
    """
    rows = []
    for image_maps, known in zip(maps, labels, strict=True):
        grasps, _ = best_grasps(image_maps, loss, TOP, config)
        right = is_right(grasps, known, config)
        best = grasps[0]
        nearest = known[np.hypot(*(known[:, :2] - best[:2]).T).argmin()]
        rows.append(
            {
                "top_1": bool(right[0]),
                "top_5": bool(right.any()),
                **dict(zip("u v phi w".split(), best.tolist(), strict=True)),
                "angle_off": float(angle_between(float(best[2]), float(nearest[2]))),
                "width_ratio": float(best[3] / nearest[3]),
            }
        )
    return pd.DataFrame(rows)


def evaluate_network(network: nn.Module, images: GraspImages, loss: Loss, config: MetricsConfig) -> pd.DataFrame:
    """`top_success` of a network on a set of images.

    Args:
        network: The grasp planning network.
        images: The images with their labels.
        loss: The loss that the network was trained with.
        config: The settings by which grasps are chosen and judged.

    Returns:
        One row per image; see `top_success`.
    """
    return top_success(predict(network, images.depth), images.labels, loss, config)


def random_success(
    images: GraspImages, widths: np.ndarray, config: MetricsConfig, rng: np.random.Generator
) -> pd.DataFrame:
    """What guessing scores: five grasps an image at pixels of the object, any angle, openings as labels have them.

    Args:
        images: The images, with masks and labels.
        widths: The openings to draw from, in pixels, [M].
        config: The settings by which grasps are judged.
        rng: The random generator that guesses.

    Returns:
        One row per image: `top_1` and `top_5` (bool).
    """
    rows = []
    for mask, labels in zip(images.masks, images.labels, strict=True):
        row, column = np.nonzero(mask)
        chosen = rng.integers(len(row), size=TOP)
        angle = rng.uniform(-np.pi / 2, np.pi / 2, TOP)
        guesses = np.column_stack([column[chosen], row[chosen], angle, rng.choice(widths, TOP)])
        right = is_right(guesses, labels, config)
        rows.append({"top_1": bool(right[0]), "top_5": bool(right.any())})
    return pd.DataFrame(rows)


def centroid_success(images: GraspImages, config: MetricsConfig) -> pd.DataFrame:
    """What a rule without learning scores: at the middle of the object, across its longest direction.

    Args:
        images: The images, with masks and labels.
        config: The settings by which grasps are judged.

    Returns:
        One row per image: `top_1` (bool).
    """
    rows = []
    for mask, labels in zip(images.masks, images.labels, strict=True):
        points = np.argwhere(mask)[:, ::-1].astype(float)
        middle = points.mean(0)
        across = np.linalg.svd(points - middle, full_matrices=False)[2][1]
        width = np.ptp((points - middle) @ across) + 4 * images.size / 80
        guess = np.array([[*middle, np.arctan2(across[1], across[0]), width]])
        rows.append({"top_1": bool(is_right(guess, labels, config)[0])})
    return pd.DataFrame(rows)
