"""Random maps and labels, and a tiny set of images, for the tests of the paper's room."""

import numpy as np
import pytest
import torch

from graspbook.mlgsl.config import MetricsConfig, NetworkConfig, TrainConfig
from graspbook.mlgsl.grasp_data.dataset import GraspImages

SIZE = 24


@pytest.fixture
def metrics():
    return MetricsConfig(iou=0.25, angle=30.0, jaw=0.5, blur=0.7, apart=5.0, sampled=20, seed=1, replicates=50)


@pytest.fixture
def network_config():
    return NetworkConfig(channels=4, dilated_channels=6, pool_after=(1, 3))


@pytest.fixture
def train_config():
    return TrainConfig(
        seed=1,
        steps=4,
        batch_size=3,
        learning_rate=0.001,
        evaluate_every=2,
        rotate=180.0,
        zoom=0.1,
        mirror=True,
        noise=0.001,
        label_seed=1,
    )


def random_labels(rng, count, size=SIZE):
    return np.column_stack(
        [
            rng.uniform(0, size - 1, (count, 2)),
            rng.uniform(-np.pi / 2, np.pi / 2, count),
            rng.uniform(3, size / 2, count),
        ]
    ).astype(np.float32)


@pytest.fixture
def batch():
    """Maps [2, 4, 24, 24] and labels [2, 5, 4], the last two of the second image missing."""
    rng = np.random.default_rng(0)
    maps = torch.from_numpy(rng.normal(size=(2, 4, SIZE, SIZE)).astype(np.float32))
    labels = np.stack([random_labels(rng, 5), random_labels(rng, 5)])
    labels[1, 3:] = np.nan
    return maps, torch.from_numpy(labels)


@pytest.fixture
def images():
    """Six images of a bright bar at random, with grasps across it."""
    rng = np.random.default_rng(2)
    depth = np.full((6, SIZE, SIZE), 0.6, np.float32)
    labels = []
    for image in depth:
        row = int(rng.integers(8, 14))
        image[row : row + 3, 4:20] = 0.56
        u = rng.uniform(6, 18, 4)
        labels.append(
            np.column_stack([u, np.full(4, row + 1), np.full(4, -np.pi / 2), np.full(4, 6)]).astype(np.float32)
        )
    names = tuple(f"o{k % 3}/{k}_o{k % 3}" for k in range(6))
    return GraspImages(depth, tuple(labels), depth < 0.59, tuple(name[:2] for name in names), names)
