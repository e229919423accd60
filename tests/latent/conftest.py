"""Random segmentations and tiny models for the tests of the paper's room."""

import numpy as np
import pytest

from graspbook.instances.types import Instances, labelled, ranked

SIZE = (18, 23)


def random_masks(rng, count, size=SIZE):
    """Rectangles, some with holes, so that they overlap and differ."""
    masks = np.zeros((count, *size), bool)
    for mask in masks:
        top, left = rng.integers(0, size[0] - 4), rng.integers(0, size[1] - 4)
        mask[top : top + rng.integers(2, 12), left : left + rng.integers(2, 14)] = True
        mask &= rng.random(size) < rng.choice([0.8, 1.0])
        mask[top, left] = True
    return masks


def random_segmentation(rng, count, size=SIZE, classes=1) -> Instances:
    """Scores to one decimal, so that some tie."""
    scores = rng.integers(1, 11, count) / 10
    return ranked(random_masks(rng, count, size), rng.integers(0, classes, count), scores)


def random_truth(rng, count, size=SIZE, classes=1) -> Instances:
    """Instances that do not overlap."""
    masks, free = random_masks(rng, count, size), np.ones(size, bool)
    for mask in masks:
        mask &= free
        free &= ~mask
    masks = masks[masks.any((1, 2))]
    return labelled(masks, rng.integers(0, classes, len(masks)))


def perturbed_samples(rng, k, count, size=SIZE, classes=1) -> list[Instances]:
    """K samples that say nearly the same: each mask is there mostly, moved by a pixel or so."""
    masks, kinds = random_masks(rng, count, size), rng.integers(0, classes, count)
    samples = []
    for _ in range(k):
        kept = np.flatnonzero(rng.random(count) < 0.9)
        moved = [np.roll(masks[i], rng.integers(-1, 2, 2), (0, 1)) for i in kept]
        stack = np.stack(moved) if moved else np.zeros((0, *size), bool)
        samples.append(ranked(stack, kinds[kept], rng.uniform(0.3, 1, len(kept)).round(2)))
    return samples


@pytest.fixture
def rng():
    return np.random.default_rng(0)
