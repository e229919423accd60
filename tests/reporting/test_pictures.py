import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from graspbook.reporting.pictures import INVISIBLE, compress_picture, encode_png, encode_webp, palette

RNG = np.random.default_rng(0)


def png_of(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **options)
    return file.getvalue()


def read(data, mode="RGB"):
    return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


def plot():
    """A line plot, as matplotlib's inline backend hands it to a notebook."""
    figure, axis = plt.subplots(figsize=(5, 3), dpi=100)
    for k in range(4):
        axis.plot(np.sin(np.arange(50) / (5 + k)), label=f"series {k}")
    axis.legend()
    file = io.BytesIO()
    figure.savefig(file)
    plt.close(figure)
    return file.getvalue()


def photograph(height=120, width=180):
    """Shading, texture and noise: tens of thousands of colours."""
    y, x = np.mgrid[:height, :width]
    shade = np.stack([120 + 80 * np.sin(x / 37), 110 + y / 2, 130 + 60 * np.cos((x + y) / 50)], -1)
    return (shade + RNG.normal(0, 6, shade.shape)).clip(0, 255).astype(np.uint8)


def test_a_plot_becomes_a_smaller_png_that_looks_the_same():
    png = plot()
    kind, data = compress_picture(png)
    assert kind == "image/png" and len(data) < 0.6 * len(png)
    moved = np.abs(read(data).astype(int) - read(png)).max(-1)
    assert (moved > INVISIBLE).mean() <= 0.001 and moved.max() <= 2 * INVISIBLE


def test_a_photograph_becomes_a_jpeg_without_bands():
    pixels = photograph()
    kind, data = compress_picture(png_of(pixels))
    assert kind == "image/jpeg" and Image.open(io.BytesIO(data)).format == "JPEG"
    assert len(data) < 0.5 * len(png_of(pixels, optimize=True))
    error = read(data).astype(int) - pixels
    assert np.abs(error).mean() < 6  # no more than the noise that was drawn in
    smooth = np.repeat(np.linspace(60, 200, 180), 120).reshape(180, 120).T.astype(np.uint8)
    ramp = np.stack([smooth, smooth[::-1], np.roll(smooth, 60, 1)], -1)
    kind, data = compress_picture(png_of(ramp))
    assert np.abs(read(data).astype(int) - ramp).max() <= 16


def test_thin_coloured_outlines_keep_their_colour():
    pixels = photograph(160, 160)
    pixels[40:120, 80:82] = (213, 94, 0)
    kind, data = compress_picture(png_of(pixels))
    assert kind == "image/jpeg"
    drawn = read(data)[45:115, 80:82].reshape(-1, 3).mean(0)
    assert np.abs(drawn - (213, 94, 0)).max() < 25


@pytest.mark.slow
@pytest.mark.parametrize("make", [plot, lambda: png_of(photograph())])
def test_the_same_picture_gives_the_same_bytes_and_never_more_of_them(make):
    png = make()
    first, second = compress_picture(png), compress_picture(png)
    assert first == second
    assert len(first[1]) <= len(png)


def test_what_cannot_be_made_smaller_is_left_alone():
    png = plot()
    small = compress_picture(png)[1]
    assert compress_picture(small) == ("image/png", small)
    dot = png_of(np.zeros((1, 1, 3), np.uint8), optimize=True)
    assert compress_picture(dot) == ("image/png", dot)


def test_a_picture_with_transparent_parts_is_left_alone_and_one_with_an_opaque_alpha_is_not():
    pixels = np.dstack([photograph(), np.full((120, 180), 255, np.uint8)])
    assert compress_picture(png_of(pixels))[0] == "image/jpeg"
    pixels[0, 0, 3] = 254
    png = png_of(pixels)
    assert compress_picture(png) == ("image/png", png)


def test_few_colours_are_kept_exactly_and_many_have_no_palette():
    few = RNG.integers(0, 256, (200, 3), dtype=np.uint8)[RNG.integers(0, 200, (60, 60))]
    np.testing.assert_array_equal(np.asarray(palette(few).convert("RGB")), few)
    np.testing.assert_array_equal(read(encode_png(few)), few)
    many = photograph()
    assert palette(many) is None
    np.testing.assert_array_equal(read(encode_png(many)), many)


def test_webp_is_smaller_than_png_and_close_to_the_picture():
    pixels = photograph()
    data = encode_webp(pixels)
    assert data == encode_webp(pixels) and len(data) < 0.4 * len(encode_png(pixels))
    assert np.abs(read(data).astype(int) - pixels).mean() < 6


@pytest.mark.slow
def test_a_picture_wider_than_a_page_is_scaled_down_and_a_narrow_one_is_not():
    for width, expected in ((600, (400, 600)), (1280, (200, 640))):
        noise = Image.fromarray(RNG.integers(0, 256, (20, 30, 3), np.uint8)).resize((width, 400))
        kind, data = compress_picture(png_of(np.asarray(noise)))
        assert kind == "image/jpeg"
        assert read(data).shape[:2] == expected
