import math

import numpy as np
import pytest

from graspbook.mlgsl.targets import cos_outside, padded_targets
from tests.mlgsl.conftest import SIZE, random_labels


def naive(rows, size, jaw, outside, padding=1):
    target = np.zeros((4, size, size))
    target[2] = outside
    for i in range(size):
        for j in range(size):
            for u, v, phi, w in rows.tolist():
                along = (j - u) * math.cos(phi) + (i - v) * math.sin(phi)
                across = -(j - u) * math.sin(phi) + (i - v) * math.cos(phi)
                if abs(along) <= padding * w / 6 and abs(across) <= jaw * w / 2:
                    target[:, i, j] = 1, math.sin(2 * phi), math.cos(2 * phi), w / (size / 2)
    return target


@pytest.mark.parametrize("outside", [0.0, 1.0])
def test_label_images_are_what_a_naive_loop_finds(outside):
    rng = np.random.default_rng(0)
    labels = np.stack([random_labels(rng, 6) for _ in range(3)])
    labels[:, 0, :2] = (0.2, 23.4)  # at the rim
    labels[2, 4:] = np.nan
    found = padded_targets(labels, SIZE, 0.5, outside)
    for image, rows in zip(found, labels, strict=True):
        np.testing.assert_allclose(image, naive(rows[~np.isnan(rows[:, 0])], SIZE, 0.5, outside), atol=1e-6)


@pytest.mark.parametrize("padding", [0.5, 2.0, 3.0])
def test_labels_are_padded_as_far_as_they_are_told(padding):
    labels = random_labels(np.random.default_rng(1), 5)
    found = padded_targets(labels[None], SIZE, 0.5, 0.0, padding)
    np.testing.assert_allclose(found[0], naive(labels, SIZE, 0.5, 0.0, padding), atol=1e-6)


def test_the_convention_outside_the_labels_is_an_option_of_the_loss():
    assert cos_outside("imgmse") == 1
    assert cos_outside("imgmse-zero") == cos_outside("imgmse-masked") == 0
    empty = padded_targets(np.full((1, 2, 4), np.nan), 8, 0.5, 1.0)
    assert (empty[0, 2] == 1).all()
    assert not empty[0, [0, 1, 3]].any()
