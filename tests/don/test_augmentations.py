import dataclasses

import cv2
import numpy as np
import pytest

from graspbook.don.augmentations import AugmentConfig, _turn_hue, augment

OFF = AugmentConfig(
    probability=1.0, crop=0.0, perspective=0.0, shear=0.0, scale=0.0, shift=0.0, flip=0.0, rotation=0.0,
    blur=0.0, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0, grey=0.0,
)  # fmt: skip
GEOMETRY = {
    "crop": {"crop": 0.4},
    "perspective": {"perspective": 0.25},
    "affine": {"shear": 0.3, "scale": 0.3, "shift": 0.1},
    "flips": {"flip": 0.5},
    "rotation": {"rotation": 45.0},
    "all": {"crop": 0.3, "perspective": 0.15, "shear": 0.2, "scale": 0.2, "shift": 0.05, "flip": 0.5, "rotation": 30.0},
}
COLOURS = {"blur": {"blur": 1.5}, "brightness": {"brightness": 0.4}, "contrast": {"contrast": 0.4},
           "saturation": {"saturation": 0.5}, "hue": {"hue": 0.2}, "grey": {"grey": 1.0}}  # fmt: skip


def dots(size=(90, 120)):
    """A dark picture with bright, soft dots, and where they are."""
    image, places = np.zeros((*size, 3), np.float32), []
    v, u = np.mgrid[: size[0], : size[1]]
    for y in range(15, size[0], 20):
        for x in range(15, size[1], 20):
            places.append((x, y))
            image += 250 * np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * 1.8**2))[..., None]
    return np.clip(image, 0, 255).astype(np.uint8), np.array(places, float)


@pytest.mark.parametrize("name", GEOMETRY)
def test_matches_follow_the_picture_to_half_a_pixel(name):
    image, places = dots()
    config, checked = dataclasses.replace(OFF, **GEOMETRY[name]), 0
    for seed in range(8):
        changed = augment(image, config, np.random.default_rng(seed))
        for u, v in changed.follow(places)[0][changed.follow(places)[1]]:
            column, row = round(float(u)), round(float(v))
            window = changed.image[max(row - 5, 0) : row + 6, max(column - 5, 0) : column + 6, 0].astype(float)
            if window.shape != (11, 11) or window.max() < 120:
                continue  # cut by the rim, or too small to measure
            weight = np.where(window > 0.35 * window.max(), window, 0)
            rows, columns = np.mgrid[row - 5 : row + 6, column - 5 : column + 6]
            centre = (columns * weight).sum() / weight.sum(), (rows * weight).sum() / weight.sum()
            assert np.hypot(centre[0] - u, centre[1] - v) < 0.5
            checked += 1
    assert checked > 50


def test_without_strength_nothing_changes():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    for seed in range(3):
        changed = augment(image, OFF, np.random.default_rng(seed))
        assert (changed.image == image).all() and np.allclose(changed.homography, np.eye(3))


def test_a_probability_of_0_switches_everything_that_is_drawn_off():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    config = dataclasses.replace(OFF, **GEOMETRY["all"] | {"flip": 0.0, "blur": 2.0, "hue": 0.5, "probability": 0.0})
    assert (augment(image, config, np.random.default_rng(0)).image == image).all()


@pytest.mark.parametrize("name", COLOURS)
def test_colours_change_without_moving_a_pixel(name):
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8), (0, 0), 2)
    changed = augment(image, dataclasses.replace(OFF, **COLOURS[name]), np.random.default_rng(3))
    assert (changed.image != image).any() and np.allclose(changed.homography, np.eye(3))
    if name == "grey":
        assert (np.ptp(changed.image, axis=2) == 0).all()
    if name in ("saturation", "hue"):  # what is grey stays so
        grey = np.full((4, 4, 3), 90, np.uint8)
        kept = augment(grey, dataclasses.replace(OFF, **COLOURS[name]), np.random.default_rng(3)).image
        assert np.abs(kept.astype(int) - 90).max() <= 1


def test_a_pixel_that_left_the_picture_is_said_to_be_outside():
    image, _ = dots()
    changed = augment(image, dataclasses.replace(OFF, crop=0.5), np.random.default_rng(0))
    corners = np.array([[0.0, 0.0], [119.0, 0.0], [119.0, 89.0], [0.0, 89.0], [60.0, 45.0]])
    moved, inside = changed.follow(corners)
    expected = ((moved >= 0) & (moved <= (119, 89))).all(1)
    assert (inside == expected).all() and not inside[:4].all()


def test_flips_turn_left_to_right_and_top_to_bottom():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    changed = augment(image, dataclasses.replace(OFF, flip=1.0), np.random.default_rng(0))
    assert (changed.image == image[::-1, ::-1]).all()


def test_grey_is_what_the_eye_makes_of_a_colour():
    for colour, grey in (((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)):
        image = np.full((4, 4, 3), colour, np.uint8)
        assert (augment(image, dataclasses.replace(OFF, grey=1.0), np.random.default_rng(0)).image == grey).all()


def test_a_third_of_the_circle_of_hues_turns_red_to_green():
    red = np.full((2, 2, 3), (255, 0, 0), np.float32)
    np.testing.assert_allclose(_turn_hue(red, 1 / 3), np.full((2, 2, 3), (0, 255, 0)), atol=1)
