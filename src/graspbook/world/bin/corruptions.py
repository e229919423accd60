"""What upsets single photographs in a production cell (ours; the `selfsup` paper's cell ran for years, §IV-A).

The dials of `config` set how a cell always is. Corruptions come and go between two photographs: most pairs are calm,
and some are corrupted. They act on finished photographs, so no true mask and no depth depends on them:

- the automatic exposure and white balance jump;
- the arm's shadow falls across the bin;
- packaging film throws glare, small and sharp;
- the bin is nudged by millimetres while an object is pulled out.
"""

from __future__ import annotations

from typing import Annotated

import cv2
import numpy as np
from annotated_types import Interval
from jaxtyping import Bool, Float32, UInt8

from graspbook.core.configuration import Fraction, NonNegative, configuration

F = np.float32
GAMMA = F(2.2)
SHOULDER, ROLL_OFF = F(0.18), F(0.4)
"""The tone curve of `sensor.photograph`: (1 + 0.18 x) x / (1 + 0.4 x), to the power of 1 / 2.2."""
MOST = 1.5
"""No exposure jumps by more than this factor's natural logarithm."""
BAR_WIDTH, PENUMBRA = (0.03, 0.2), F(0.01)
"""Width of the arm's shadow, from and to, and softness of its edges, in heights of the picture."""
GLARE_LENGTH, GLARE_ASPECT, GLARE_LIGHT = (0.03, 0.1), (0.25, 0.5), F(2)
"""A highlight: its length in heights of the picture, its width over its length, and the light that it adds."""
FINE = 4
"""Highlights are drawn so many times finer than a pixel, then averaged."""


@configuration
class Corruptions:
    """How often photographs are upset, and how much; all rates 0: never.

    Attributes:
        exposure_rate: The probability that the exposure of a photograph has jumped.
        exposure_jump: The standard deviation of the jump, in natural logarithms of the gain of all channels.
        colour_jump: The standard deviation of the further jump of each colour channel by itself (the white balance), in
            natural logarithms of its gain.
        shadow_rate: The probability that the arm's shadow lies in a photograph, as one or two bars.
        shadow_depth: The largest share of the light that the shadow takes, from 0 to 1.
        glare_rate: The probability that there is glare in a photograph.
        glares: The mean number of highlights on objects in a photograph with glare.
        nudge_rate: The probability that the bin moves between two photographs.
        nudge: The standard deviation of the movement along each side of the picture, metres.
    """

    exposure_rate: Fraction
    exposure_jump: Annotated[float, Interval(ge=0, le=2)]
    colour_jump: Annotated[float, Interval(ge=0, le=2)]
    shadow_rate: Fraction
    shadow_depth: Fraction
    glare_rate: Fraction
    glares: NonNegative
    nudge_rate: Fraction
    nudge: Annotated[float, Interval(ge=0, le=0.1)]


def to_light(image: UInt8[np.ndarray, "h w c"]) -> Float32[np.ndarray, "h w c"]:
    """The light that the sensor's tone curve makes a photograph from: the inverse of `to_image`, up to rounding.

    Args:
        image: The photograph, uint8 [H, W, C].

    Returns:
        The linear light, float32 [H, W, C].
    """
    value = (image.astype(F) / 255) ** GAMMA
    linear = 1 - ROLL_OFF * value
    return (np.sqrt(linear**2 + 4 * SHOULDER * value) - linear) / (2 * SHOULDER)


def to_image(light: Float32[np.ndarray, "h w c"]) -> UInt8[np.ndarray, "h w c"]:
    """The sensor's tone curve, as in `sensor.photograph`: highlights roll off, and white clips.

    Args:
        light: The linear light, float32 [H, W, C]; negative values count as 0.

    Returns:
        The photograph, uint8 [H, W, C].
    """
    light = np.maximum(light, 0)
    value = np.minimum(light * (1 + SHOULDER * light) / (1 + ROLL_OFF * light), 1)
    return (value ** (1 / GAMMA) * 255 + F(0.5)).astype(np.uint8)


def upset_photograph(
    image: UInt8[np.ndarray, "h w 3"],
    on_object: Bool[np.ndarray, "h w"],
    rng: np.random.Generator,
    upsets: Corruptions,
) -> UInt8[np.ndarray, "h w 3"]:
    """Let exposure, shadow and glare befall one photograph, each or none.

    Args:
        image: The photograph, uint8 [H, W, 3].
        on_object: Whether each pixel shows an object, bool [H, W]; glare falls there alone.
        rng: The source of randomness. It draws the same numbers whatever the rates are, so that with one seed a higher
            rate upsets the photographs of a lower one, and more.
        upsets: How often the corruptions occur, and how strong they are.

    Returns:
        The upset photograph, uint8 [H, W, 3]; `image` itself if nothing befell it.
    """
    happens = rng.random(3) < (upsets.exposure_rate, upsets.shadow_rate, upsets.glare_rate)
    exposure, shadow, glare = rng.spawn(3)
    if not happens.any():
        return image
    light = to_light(image)
    if happens[0]:
        jump = upsets.exposure_jump * exposure.standard_normal() + upsets.colour_jump * exposure.standard_normal(3)
        light *= np.exp(np.clip(jump, -MOST, MOST)).astype(F)
    if happens[1]:
        light *= 1 - F(upsets.shadow_depth) * arm_shadow(image.shape[:2], shadow)[..., None]
    if happens[2]:
        light += GLARE_LIGHT * highlights(on_object, upsets.glares, glare)[..., None]
    return to_image(light)


def arm_shadow(size: tuple[int, int], rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    """One or two soft, almost parallel bars across a picture.

    Args:
        size: The height and the width of the picture, pixels.
        rng: The source of randomness.

    Returns:
        The strength of the shadow, float32 [H, W], from 0 (none) to a maximum drawn from 0.5 to 1.
    """
    height, width = size
    v, u = np.mgrid[:height, :width].astype(F)
    direction, shadow = rng.uniform(0, np.pi), np.zeros(size, F)
    for _ in range(rng.integers(1, 3)):
        angle = direction + rng.normal(0, 0.3)
        across = ((u - width / 2) * F(np.cos(angle)) + (v - height / 2) * F(np.sin(angle))) / height
        beyond = np.abs(across - F(rng.uniform(-0.6, 0.6))) - F(rng.uniform(*BAR_WIDTH) / 2)
        shadow = np.maximum(shadow, 1 / (1 + np.exp(np.clip(beyond / PENUMBRA, -30, 30))))
    return shadow * F(rng.uniform(0.5, 1))


def highlights(on_object: Bool[np.ndarray, "h w"], mean: float, rng: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    """Sharp ellipses at random places on objects.

    Args:
        on_object: Whether each pixel shows an object, bool [H, W].
        mean: The mean of the Poisson distribution that their number is drawn from.
        rng: The source of randomness.

    Returns:
        The share of each pixel that they cover, float32 [H, W], from 0 to 1.
    """
    height, width = on_object.shape
    rows, columns = np.nonzero(on_object)
    fine = np.zeros((FINE * height, FINE * width), np.uint8)
    for _ in range(rng.poisson(mean) if len(rows) else 0):
        at = rng.integers(len(rows))
        length = rng.uniform(*GLARE_LENGTH) / 2 * FINE * height
        axes = (max(1, round(length)), max(1, round(length * rng.uniform(*GLARE_ASPECT))))
        centre = (int(columns[at]) * FINE, int(rows[at]) * FINE)
        cv2.ellipse(fine, centre, axes, rng.uniform(0, 180), 0, 360, 255, thickness=-1)
    covered = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA).astype(F) / 255
    return covered * on_object


def nudge(
    image: UInt8[np.ndarray, "h w 3"], pixels_per_metre: float, rng: np.random.Generator, upsets: Corruptions
) -> UInt8[np.ndarray, "h w 3"]:
    """Shift the photograph after a grasp, if the bin was nudged; what enters at the border repeats the border.

    Args:
        image: The photograph after the grasp, uint8 [H, W, 3].
        pixels_per_metre: The number of pixels that one metre on the bin's floor spans.
        rng: The source of randomness.
        upsets: How often the bin is nudged, and by how much.

    Returns:
        The shifted photograph, uint8 [H, W, 3]; `image` itself if the bin was not nudged.
    """
    happens, shift = rng.random() < upsets.nudge_rate, rng.standard_normal(2) * upsets.nudge * pixels_per_metre
    if not happens:
        return image
    moved = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], F)
    return cv2.warpAffine(image, moved, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
