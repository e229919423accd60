"""Labelled pictures of nothing in particular, to start Mask2Former from (in place of a pretrained decoder).

Mask2Former's queries need thousands of steps before they tell one object from the next, whatever the images show.
On two cores that would eat the whole budget of every row of Table II, so all rows start from one training on random
shapes: smooth blobs, boxes and ellipses with procedural prints and a soft shadow, heaped on a plain ground. Nothing
of the robot's world is in them: no image, no object, no texture, no light of it.
"""

import cv2
import numpy as np

from graspbook.core.errors import InputError
from graspbook.data.coco import LabelledScene


class GenericScenes:
    """`count` pictures of random shapes, each made when asked for, from its number and the seed alone.

    Args:
        count: how many.
        height: pixels; the width is 3/2 of it.
        seed: decides everything.
        objects: fewest and most shapes per picture, before they hide one another.
        sizes: smallest and largest diameter, as parts of the height, drawn log-uniformly.

    Raises:
        InputError: `count` or `height` is not positive.
    """

    def __init__(
        self,
        count: int,
        height: int,
        seed: int,
        objects: tuple[int, int] = (3, 20),
        sizes: tuple[float, float] = (0.1, 0.4),
    ):
        if count < 1 or height < 1:
            raise InputError(f"generic scenes: expected a positive count and height, got {count}, {height}")
        self.count, self.size, self.seed = count, (height, height * 3 // 2), seed
        self.objects, self.sizes = objects, sizes

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> LabelledScene:
        """Picture `index`: RGB uint8 [h, w, 3], ids uint16 [h, w], 1 the lowest shape.

        Raises:
            IndexError: there is no such picture.
        """
        if not 0 <= index < self.count:
            raise IndexError(index)
        rng = np.random.default_rng([self.seed, index])
        height, width = self.size
        image = _print(rng, height, width, contrast=rng.uniform(0, 0.12))
        ids = np.zeros((height, width), np.uint16)
        for number in range(1, int(rng.integers(self.objects[0], self.objects[1] + 1)) + 1):
            diameter = height * np.exp(rng.uniform(*np.log(self.sizes)))
            centre = rng.uniform(0, (width, height))
            outline = (_outline(rng) * diameter / 2 + centre).astype(np.int32)
            shape = np.zeros((height, width), np.uint8)
            cv2.fillPoly(shape, [outline], 1)
            shadow = cv2.GaussianBlur(shape.astype(np.float32), (0, 0), diameter * rng.uniform(0.05, 0.15) + 0.3)
            image *= 1 - rng.uniform(0.2, 0.7) * shadow[..., None]
            mask = shape > 0
            image[mask] = _print(rng, height, width, contrast=rng.uniform(0.05, 0.6))[mask]
            ids[mask] = number
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.8)) + rng.normal(0, 0.015, image.shape)
        return LabelledScene(f"generic-{index}", (255 * image.clip(0, 1)).astype(np.uint8), ids)


def _outline(rng: np.random.Generator, points: int = 48) -> np.ndarray:
    """A closed outline [points, 2] of about unit radius: a superellipse with bumps, stretched and turned."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    power = rng.choice([1.0, 2.0, 2.0, 4.0, 8.0])  # diamond, ellipse, ..., box
    radius = (np.abs(np.cos(angle)) ** power + np.abs(np.sin(angle)) ** power) ** (-1 / power)
    for wave in range(2, 5):
        radius = radius * (1 + rng.normal(0, 0.08) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi)))
    flat = np.stack([np.cos(angle), np.sin(angle)], 1) * radius[:, None] * [1, rng.uniform(0.35, 1)]
    turn = rng.uniform(0, 2 * np.pi)
    return flat @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def _print(rng: np.random.Generator, height: int, width: int, contrast: float) -> np.ndarray:
    """A picture in 0..1 [h, w, 3]: one colour, patches of others, stripes, and a slope of brightness across it."""
    colour = rng.uniform(0.1, 0.9, 3) if rng.random() < 0.7 else np.full(3, rng.uniform(0.1, 0.95))
    patches = rng.normal(0, contrast, (*rng.integers(3, 12, 2), 3)).astype(np.float32)
    interpolation = cv2.INTER_NEAREST if rng.random() < 0.5 else cv2.INTER_LINEAR
    picture = colour + cv2.resize(patches, (width, height), interpolation=interpolation)
    y, x = np.mgrid[:height, :width].astype(np.float32) / height
    direction, slope = rng.uniform(0, 2 * np.pi, 2), rng.normal(0, 0.25)
    if rng.random() < 0.5:
        wave = np.sin(rng.uniform(10, 80) * (x * np.cos(direction[0]) + y * np.sin(direction[0])))
        picture = picture + contrast * rng.uniform(-1, 1, 3) * np.sign(wave)[..., None]
    shade = 1 + slope * ((x - 0.75) * np.cos(direction[1]) + (y - 0.5) * np.sin(direction[1]))
    return (picture * shade[..., None]).clip(0, 1).astype(np.float32)
