"""The cluttered data set: images of single objects, fused into one (§III-D).

Each object is cut out by its mask as heights above its table, turned, zoomed and moved; where several cover a pixel,
the highest is seen. Labels go along, and stay if their object is seen at their centre and the fingers have room.
"""

import numpy as np
from jaxtyping import Float

from graspbook.mlgsl.grasp_data.config import ClutterConfig
from graspbook.mlgsl.grasp_data.dataset import GraspImages
from graspbook.mlgsl.grasp_data.transform import Similarity, inside, transform_image, transform_labels
from graspbook.mlgsl.maps import REFERENCE

ROOM = 0.004
"""Fingers may graze what is higher than their tips by less than this, metres: the sensor is no better."""
WIDTH_OF_FINGER = 2.0
"""A finger is this many times as wide as it is thick."""


def table_plane(depth: Float[np.ndarray, "h w"], mask: np.ndarray) -> Float[np.ndarray, "h w"]:
    """The depth of the bare table: a plane has an inverse depth that is linear in the pixels.

    Args:
        depth: Depth in metres, float [H, W], without gaps.
        mask: The mask of the object, bool [H, W].

    Returns:
        The depth of the bare table in metres, [H, W].
    """
    row, column = np.indices(depth.shape)
    terms = np.stack([np.ones_like(depth), column, row], -1).astype(float)
    table = ~mask
    found, *_ = np.linalg.lstsq(terms[table], 1 / depth[table].astype(float), rcond=None)
    return 1 / (terms @ found)


def fuse(images: GraspImages, chosen: np.ndarray, config: ClutterConfig, rng: np.random.Generator) -> GraspImages:
    """One cluttered image, as a set of one.

    Args:
        images: The images of single objects.
        chosen: The numbers of the images to fuse, whole numbers [M]; the first one lends its table.
        config: The changes of the objects, and the size of the fingers.
        rng: The random generator that draws the changes.
    """
    size = images.size
    background = table_plane(images.depth[chosen[0]], images.masks[chosen[0]])
    bare = np.where(images.masks[chosen[0]], 0, background - images.depth[chosen[0]])
    heights, owner, moved = bare.copy(), np.full((size, size), -1), []
    for place, image in enumerate(chosen):
        scale = np.exp(rng.uniform(np.log(config.min_scale), np.log(config.max_scale)))
        shift = rng.uniform(-config.spread, config.spread, 2) * size
        change = Similarity(float(rng.uniform(-np.pi, np.pi)), float(scale), (float(shift[0]), float(shift[1])))
        mask = images.masks[image]
        height = np.where(mask, table_plane(images.depth[image], mask) - images.depth[image], 0)
        height = transform_image(height.astype(np.float32), change)
        there = (transform_image(mask.astype(np.float32), change) > 0.5) & (height > heights)
        heights[there], owner[there] = height[there], place
        moved.append(transform_labels(images.labels[image], change, size))
    labels = [prune(rows, place, heights, owner, config) for place, rows in enumerate(moved)]
    depth = (background - heights).astype(np.float32)
    rows = np.concatenate(labels).astype(np.float32)
    name = "+".join(images.names[k].rpartition("/")[2] for k in chosen)
    return GraspImages(depth[None], (rows,), (owner >= 0)[None], (name,), (name,))


def prune(labels: np.ndarray, place: int, heights: np.ndarray, owner: np.ndarray, config: ClutterConfig) -> np.ndarray:
    """Those labels of an object that can still be grasped.

    Args:
        labels: The labels of one object, rows (u, v, phi, w) in pixels and radians, [K, 4].
        place: The number of the object in `owner`.
        heights: The height above the table in metres, [H, W].
        owner: The number of the object that each pixel shows, [H, W]; -1 is the table.
        config: The thickness of a finger, and how deep it reaches.

    Returns:
        The labels that are left, float32 [N, 4].
    """
    labels = labels[inside(labels, len(heights))]
    thick = config.finger * len(heights) / REFERENCE
    row, column = np.indices(heights.shape)
    kept = []
    for u, v, phi, w in labels:
        i, j = round(float(v)), round(float(u))
        if owner[i, j] != place:
            continue
        along = np.abs((column - u) * np.cos(phi) + (row - v) * np.sin(phi))
        across = np.abs((row - v) * np.cos(phi) - (column - u) * np.sin(phi))
        fingers = (along >= w / 2) & (along <= w / 2 + thick) & (across <= WIDTH_OF_FINGER * thick / 2)
        tips = max(heights[i, j] - config.depth, 0.0)
        others = fingers & (owner != place) & (owner >= 0)
        kept.append((u, v, phi, w) if not (heights[others] > tips + ROOM).any() else None)
    return np.array([grasp for grasp in kept if grasp is not None], np.float32).reshape(-1, 4)


def fuse_many(images: GraspImages, count: int, config: ClutterConfig, seed: int) -> GraspImages:
    """A cluttered set; each image depends on the seed and its number alone. Images without a label are left out.

    Args:
        images: The images of single objects.
        count: The number of cluttered images; fewer are made where too many of them have no label.
        config: The numbers and changes of the objects, and the size of the fingers.
        seed: The seed of the set.
    """
    found: list[GraspImages] = []
    number = 0
    while len(found) < count:
        rng = np.random.default_rng([seed, number])
        objects = min(int(rng.integers(config.min_objects, config.max_objects + 1)), len(images))
        image = fuse(images, rng.choice(len(images), objects, replace=False), config, rng)
        if len(image.labels[0]):
            found.append(image)
        number += 1
        if number > 20 * count + 100:
            break
    return GraspImages(
        np.concatenate([image.depth for image in found]),
        tuple(image.labels[0] for image in found),
        np.concatenate([image.masks for image in found]),
        tuple(image.objects[0] for image in found),
        tuple(image.names[0] for image in found),
    )
