"""Augmentations of one view, and where its pixels go (§III-A).

Every change of geometry is a homography of pixel coordinates. Those drawn for an image are multiplied and applied in
one interpolation, and matches follow the same matrix. Colours are changed afterwards.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Interval
from jaxtyping import Bool, Float, Float32, UInt8

from graspbook.core.configuration import Fraction, NonNegative, configuration

Degrees = Annotated[float, Interval(ge=0, le=180)]
Size = tuple[int, int]


@configuration
class AugmentConfig:
    """Strength and probability of each augmentation; a strength of 0 switches it off.

    Attributes:
        probability: Probability of each augmentation that has none of its own (flips and grey have), 0..1.
        crop: Largest share of height and width that a crop cuts away, 0..1; the rest is enlarged to the picture's size.
        perspective: Largest inward shift of each corner, as a share of the picture's width and height, 0..0.5.
        shear: Largest horizontal shear of the affine distortion, pixels sideways per pixel down.
        scale: Largest logarithm of the affine distortion's scale factor: exp(-scale) to exp(scale).
        shift: Largest translation of the affine distortion, as a share of the picture's width and height, 0..1.
        flip: Probability of a horizontal flip, and of a vertical one, 0..1.
        rotation: Largest rotation either way, degrees.
        blur: Largest standard deviation of the Gaussian blur, pixels.
        brightness: Largest relative change x of brightness: a factor between 1 - x and 1 + x.
        contrast: Largest relative change x of contrast: a factor between 1 - x and 1 + x.
        saturation: Largest relative change x of saturation: a factor between 1 - x and 1 + x.
        hue: Largest rotation of the hue either way, as a share of the full circle, 0..0.5.
        grey: Probability of a conversion to grey, 0..1.
    """

    probability: Fraction
    crop: Annotated[float, Interval(ge=0, lt=1)]
    perspective: Annotated[float, Interval(ge=0, lt=0.5)]
    shear: NonNegative
    scale: NonNegative
    shift: Fraction
    flip: Fraction
    rotation: Degrees
    blur: NonNegative
    brightness: Fraction
    contrast: Fraction
    saturation: Fraction
    hue: Annotated[float, Interval(ge=0, le=0.5)]
    grey: Fraction


@dataclasses.dataclass(frozen=True)
class Augmented:
    """An augmented image.

    Attributes:
        image: The augmented image, uint8 [H, W, 3] RGB.
        homography: Matrix, float64 [3, 3], from homogeneous pixel coordinates (u, v, 1) of the original to those of
            `image`.
    """

    image: UInt8[np.ndarray, "h w 3"]
    homography: Float[np.ndarray, "3 3"]

    def follow(self, uv: Float[np.ndarray, "n 2"]) -> tuple[Float32[np.ndarray, "n 2"], Bool[np.ndarray, " n"]]:
        """Maps pixels of the original into the augmented image.

        Args:
            uv: Pixel coordinates (u, v) in the original, [n, 2].

        Returns:
            Pixel coordinates (u, v) in the augmented image, [n, 2], and whether each lies inside it, [n].
        """
        homogeneous = uv @ self.homography[:, :2].T + self.homography[:, 2]
        moved = homogeneous[:, :2] / homogeneous[:, 2:]
        height, width = self.image.shape[:2]
        inside = (homogeneous[:, 2] > 0) & ((moved >= 0) & (moved <= (width - 1, height - 1))).all(1)
        return moved.astype(np.float32), inside


def augment(image: UInt8[np.ndarray, "h w 3"], config: AugmentConfig, rng: np.random.Generator) -> Augmented:
    """Draw augmentations of an image and apply them.

    Args:
        image: RGB image, uint8 [H, W, 3].
        config: Strength and probability of each augmentation.
        rng: Source of all random draws.
    """
    size = image.shape[:2]
    homography = np.eye(3)
    for draw in (_crop, _perspective, _affine, _flips, _rotation):
        homography = draw(size, config, rng) @ homography
    warped = cv2.warpPerspective(image, homography, size[::-1], flags=cv2.INTER_LINEAR)
    for change in (_blur, _colours, _grey):
        warped = change(warped, config, rng)
    return Augmented(np.ascontiguousarray(warped), homography)


def _crop(size: Size, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    part = 1 - config.crop * rng.random() * _drawn(config, rng)
    across, down = (1 - part) * rng.random(2)
    height, width = size
    corner = np.array([across * (width - 1), down * (height - 1)])
    return np.array([[1 / part, 0, -corner[0] / part], [0, 1 / part, -corner[1] / part], [0, 0, 1]])


def _perspective(size: Size, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    height, width = size
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    inwards = np.sign(((width - 1) / 2, (height - 1) / 2) - corners)
    moved = corners + inwards * rng.uniform(0, config.perspective, (4, 2)) * (width, height) * _drawn(config, rng)
    return cv2.getPerspectiveTransform(corners, moved.astype(np.float32))


def _affine(size: Size, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    shear, scale, *shift = rng.uniform(-1, 1, 4) * _drawn(config, rng)
    zoom = np.exp(config.scale * scale)
    linear = np.array([[zoom, zoom * config.shear * shear], [0, zoom]])
    return _about_middle(size, linear, config.shift * np.array(shift) * size[::-1])


def _flips(size: Size, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    return _about_middle(size, np.diag(np.where(rng.random(2) < config.flip, -1.0, 1.0)))


def _rotation(size: Size, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    turn = np.radians(config.rotation) * rng.uniform(-1, 1) * _drawn(config, rng)
    return _about_middle(size, np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]))


def _about_middle(size: Size, linear: np.ndarray, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """A linear map about the picture's middle, then a shift in pixels."""
    middle = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    homography = np.eye(3)
    homography[:2, :2], homography[:2, 2] = linear, middle + shift - linear @ middle
    return homography


def _blur(image: np.ndarray, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    deviation = config.blur * rng.random() * _drawn(config, rng)
    return cv2.GaussianBlur(image, (0, 0), deviation) if deviation > 0 else image


def _colours(image: np.ndarray, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    """Colour jitter in torchvision's sense, in a random order."""
    strengths = rng.uniform(-1, 1, 4) * _drawn(config, rng)
    order = rng.permutation(4)
    if not strengths.any():
        return image
    changes: list[Callable[[np.ndarray], np.ndarray]] = [
        lambda x: x * (1 + config.brightness * strengths[0]),
        lambda x: _blend(x, _grey_of(x).mean(), config.contrast * strengths[1]),
        lambda x: _blend(x, _grey_of(x)[..., None], config.saturation * strengths[2]),
        lambda x: _turn_hue(x, config.hue * strengths[3]),
    ]
    colours = image.astype(np.float32)
    for place in order:
        colours = np.clip(changes[place](colours), 0, 255).astype(np.float32)
    return np.rint(colours).astype(np.uint8)


def _grey(image: np.ndarray, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    if rng.random() >= config.grey:
        return image
    return np.repeat(np.rint(_grey_of(image))[..., None].astype(np.uint8), 3, axis=2)


def _blend(image: np.ndarray, other: np.ndarray | float, strength: float) -> np.ndarray:
    return other + (image - other) * (1 + strength)


def _grey_of(image: np.ndarray) -> np.ndarray:
    return image @ np.array([0.299, 0.587, 0.114], np.float32)


def _turn_hue(image: np.ndarray, part: float) -> np.ndarray:
    hsv = cv2.cvtColor(np.ascontiguousarray(image / 255, dtype=np.float32), cv2.COLOR_RGB2HSV)  # hue in degrees
    hsv[..., 0] = (hsv[..., 0] + 360 * part) % 360
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255


def _drawn(config: AugmentConfig, rng: np.random.Generator) -> bool:
    return bool(rng.random() < config.probability)
