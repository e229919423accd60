"""Printed-label textures: flat colours, stripes, dots, labels with text and a barcode, cardboard.

Drawn with integer coordinates and without anti-aliasing of random noise, so that the whole atlas stays small as
PNG and the same seed draws the same bytes.
"""

from __future__ import annotations

import cv2
import numpy as np

SIZE = 128
"""Width and height of a texture in texels."""

_LETTERS = "ABCDEFGHIKLMNOPRSTUVXYZ"
_WORDS = ("NEW", "BIO", "ECO", "MAX", "SOAP", "CARE", "PURE", "MILK", "TEA", "FRESH", "50%", "PLUS", "SUN", "ZERO")
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)
_WHITE, _BLACK = (250, 250, 250), (18, 18, 18)
Colour = tuple[int, int, int]


def draw_texture(rng: np.random.Generator) -> np.ndarray:
    """Draws one printed texture.

    Args:
        rng: The source of randomness.

    Returns:
        The texture, sRGB uint8 [SIZE, SIZE, 3].
    """
    base, second, third = _palette(rng)
    image = np.empty((SIZE, SIZE, 3), np.uint8)
    image[:] = base
    kind = rng.choice(["label", "banner", "stripes", "dots", "checks", "plain"], p=[0.34, 0.2, 0.14, 0.1, 0.07, 0.15])
    if kind == "stripes":
        _stripes(image, rng, second, third)
    elif kind == "dots":
        _dots(image, rng, second, third)
    elif kind == "checks":
        _checks(image, rng, second)
    elif kind == "banner":
        _banner(image, rng, second, third)
    elif kind == "label":
        _label(image, rng, second, third)
    elif rng.random() < 0.4:
        _word(image, rng, _ink(base), (20, 50, 108, 78))
    if kind in ("label", "banner") or rng.random() < 0.25:
        _barcode(image, rng)
    return image


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    """An RGB colour from hue in 0..180 and saturation and value in 0..255."""
    pixel = np.array([[[hue % 180, saturation, value]]], np.uint8)
    red, green, blue = cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0].tolist()
    return red, green, blue


def _palette(rng: np.random.Generator) -> tuple[Colour, Colour, Colour]:
    """A ground colour and two that go with it: packages are printed in few, matched inks."""
    hue = rng.uniform(0, 180)
    step = rng.choice([12.0, 60.0, 90.0])
    kind = rng.random()
    if kind < 0.2:  # cardboard
        base = _hsv(rng.uniform(12, 17), rng.uniform(90, 130), rng.uniform(150, 205))
    elif kind < 0.45:  # white, grey or black ground
        base = _hsv(hue, rng.uniform(0, 25), rng.choice([235.0, 210.0, 160.0, 60.0]))
    else:
        base = _hsv(hue, rng.uniform(80, 205), rng.uniform(110, 235))
    second = _hsv(hue + step, rng.uniform(120, 240), rng.uniform(90, 240))
    third = _hsv(hue - step, rng.uniform(80, 230), rng.uniform(120, 250))
    return base, second, third


def _ink(ground: Colour) -> Colour:
    """Black or white, whichever reads better on the ground."""
    return _BLACK if 0.3 * ground[0] + 0.6 * ground[1] + 0.1 * ground[2] > 120 else _WHITE


def _stripes(image: np.ndarray, rng: np.random.Generator, second: Colour, third: Colour) -> None:
    # integer slopes and a period that divides the size: the texture tiles without a visible joint
    a, b = [(0, 1), (1, 0), (1, 1), (1, -1)][rng.integers(4)]
    period = int(rng.choice([16, 32, 64]))
    y, x = np.mgrid[:SIZE, :SIZE]
    phase = (a * x + b * y) % period
    image[phase < period * rng.uniform(0.25, 0.5)] = second
    if rng.random() < 0.5:
        image[phase >= period * rng.uniform(0.8, 0.95)] = third


def _dots(image: np.ndarray, rng: np.random.Generator, second: Colour, third: Colour) -> None:
    if rng.random() < 0.5:
        step = int(rng.choice([16, 32]))
        for row, y in enumerate(range(step // 2, SIZE, step)):
            for x in range(step // 2 if row % 2 else 0, SIZE + 1, step):
                cv2.circle(image, (x, y), step // 4, second, -1)
        return
    for _ in range(rng.integers(6, 22)):
        colour = (second, third)[rng.integers(2)]
        cv2.circle(image, rng.integers(0, SIZE, 2).tolist(), int(rng.integers(3, 16)), colour, -1)


def _checks(image: np.ndarray, rng: np.random.Generator, second: Colour) -> None:
    step = int(rng.choice([8, 16, 32]))
    y, x = np.mgrid[:SIZE, :SIZE] // step
    image[(x + y) % 2 == 0] = second


def _banner(image: np.ndarray, rng: np.random.Generator, second: Colour, third: Colour) -> None:
    """A broad band with the product's name, and two thin lines."""
    top, height = int(rng.integers(12, 50)), int(rng.integers(26, 50))
    cv2.rectangle(image, (0, top), (SIZE, top + height), second, -1)
    cv2.rectangle(image, (0, top - 6), (SIZE, top - 3), third, -1)
    cv2.rectangle(image, (0, top + height + 3), (SIZE, top + height + 6), third, -1)
    _word(image, rng, _ink(second), (8, top + 4, SIZE - 8, top + height - 4))
    _lines(image, rng, _ink(tuple(image[-1, -1].tolist())), top + height + 14)


def _label(image: np.ndarray, rng: np.random.Generator, second: Colour, third: Colour) -> None:
    """A framed label with the product's name, a picture of it (a shape or two) and small print."""
    left, top = rng.integers(4, 24, 2).tolist()
    right, bottom = rng.integers(96, 124, 2).tolist()
    ground = (second, third, _WHITE)[rng.integers(3)]
    cv2.rectangle(image, (left, top), (right, bottom), ground, -1)
    if rng.random() < 0.5:
        cv2.rectangle(image, (left + 3, top + 3), (right - 3, bottom - 3), _ink(ground), 1)
    for _ in range(rng.integers(1, 3)):
        centre = rng.integers((left + 14, top + 40), (right - 14, bottom - 14)).tolist()
        colour, size = (third, second, _WHITE)[rng.integers(3)], int(rng.integers(8, 20))
        if rng.random() < 0.6:
            cv2.circle(image, centre, size, colour, -1)
        else:
            corners = rng.integers(-size, size + 1, (3, 2)) + centre
            cv2.fillPoly(image, [corners.astype(np.int32)], colour)
    _word(image, rng, _ink(ground), (left + 6, top + 5, right - 6, top + 34))
    _lines(image, rng, _ink(ground), bottom - 16)


def _word(image: np.ndarray, rng: np.random.Generator, colour: Colour, area: tuple[int, int, int, int]) -> None:
    """Writes a word as large as fits into (left, top, right, bottom)."""
    if rng.random() < 0.6:
        word = _WORDS[rng.integers(len(_WORDS))]
    else:
        word = "".join(_LETTERS[k] for k in rng.integers(len(_LETTERS), size=rng.integers(3, 8)))
    font = _FONTS[rng.integers(len(_FONTS))]
    (width, height), _ = cv2.getTextSize(word, font, 1.0, 2)
    scale = min((area[2] - area[0]) / width, (area[3] - area[1]) / height)
    place = (area[0], (area[1] + area[3]) // 2 + int(scale * height / 2))
    cv2.putText(image, word, place, font, scale, colour, 1 + (scale > 0.6))


def _lines(image: np.ndarray, rng: np.random.Generator, colour: Colour, top: int) -> None:
    """Small print: lines too small to read."""
    left = int(rng.integers(8, 40))
    for k in range(rng.integers(2, 5)):
        y = top + 4 * k
        if y < SIZE - 3:
            cv2.line(image, (left, y), (left + int(rng.integers(20, 60)), y), colour, 1)


def _barcode(image: np.ndarray, rng: np.random.Generator) -> None:
    """A white field with black bars, low on the label so that it seldom covers the name."""
    x, y = rng.integers((2, SIZE - 44), (SIZE - 46, SIZE - 24)).tolist()
    cv2.rectangle(image, (x, y), (x + 42, y + 22), _WHITE, -1)
    bars = np.repeat(rng.random(19) < 0.5, 2)
    image[y + 3 : y + 19, x + 3 : x + 3 + len(bars)][:, bars] = _BLACK
