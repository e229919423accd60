"""A tiny network, tiny pictures and their configurations, for the tests of the paper's room."""

import numpy as np
import pytest

from graspbook.data.cityscapes import Streets, encode_ids, write_street
from graspbook.instances.config import MaskRCNNSettings
from graspbook.joint.config import ClusterConfig, NetworkConfig, Row, TrainConfig

ROW = Row(title="MobileNetV2, k = 4", encoder="mobilenet_v2", k=4, seeds=1)


@pytest.fixture
def network_config():
    return NetworkConfig(
        encoder_stride=16,
        widths=(8, 8, 8, 8),
        embedding=4,
        prior=0.1,
        darknet_width=0.05,
        mobilenet_weights="random",
        mobilenet_location=None,
        darknet_location=None,
    )


@pytest.fixture
def train_config():
    return TrainConfig(
        seed=1,
        steps=3,
        batch_size=2,
        learning_rate=0.001,
        encoder_factor=0.2,
        weight_decay=0.0001,
        clip=5.0,
        evaluate_every=2,
        evaluated=2,
        attract=0.1,
        repel=1.0,
        regularise=0.001,
        alpha=0.01,
        gamma=2.0,
        weights=(1.0, 1.0, 1.0),
        contrast=0.1,
        brightness=0.05,
    )


@pytest.fixture
def cluster_config():
    return ClusterConfig(threshold=0.7, assign=0.5, duplicates=0.3, score="size", radius=0.5, shifts=3, least=1)


@pytest.fixture
def mask_config():
    return MaskRCNNSettings(
        backbone="mobilenet_v2",
        channels=8,
        hidden=16,
        mask_layers=1,
        anchors=((4.0,), (8.0,), (16.0,), (32.0,)),
        regions=8,
        mask_side=4,
        anchors_compared=16,
    )


@pytest.fixture(scope="session")
def streets(tmp_path_factory):
    """Four pictures of 32 x 64 with two bright cars side by side, and one with nothing."""
    folder = tmp_path_factory.mktemp("streets")
    rng = np.random.default_rng(0)
    for frame in range(5):
        classes, instances = np.zeros((32, 64), np.uint8), np.zeros((32, 64), int)
        image = rng.integers(0, 60, (32, 64, 3), dtype=np.uint8)
        if frame < 4:
            for number, left in ((1, 8 + 2 * frame), (2, 28 + 2 * frame)):
                classes[8:24, left : left + 20], instances[8:24, left : left + 20] = 3, number
                image[8:24, left : left + 20] = (200, 60 * number, 40)
        labels = np.where(classes == 3, 26, 11).astype(np.uint8)
        write_street(folder, "train", f"d{frame // 2}", frame, image, labels, encode_ids(classes, instances, labels))
    return Streets(folder, "train")
