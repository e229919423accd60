import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from graspbook.core.errors import InputError
from graspbook.data.orientation import upright
from graspbook.data.pictures import read_colour, read_labelled

RED = np.zeros((24, 32, 3), np.uint8)
RED[..., 0] = 255


def write(path, pixels):
    assert cv2.imwrite(str(path), pixels)
    return path


def test_a_picture_comes_as_rgb(tmp_path):
    seen = read_colour(write(tmp_path / "a.png", RED[..., ::-1]))
    np.testing.assert_array_equal(seen, RED)
    assert seen.flags.c_contiguous


def test_a_transparent_picture_is_taken_without_its_transparency(tmp_path):
    seen = read_colour(write(tmp_path / "a.png", np.concatenate([RED[..., ::-1], RED[..., :1]], -1)))
    np.testing.assert_array_equal(seen, RED)


@pytest.mark.parametrize(
    ("pixels", "complaint"),
    [
        (RED[..., 0], "a grey picture"),
        (RED.astype(np.uint16) * 257, "16 bits a channel; expected 8"),
        (RED[..., 0].astype(np.uint16), "16 bits a channel"),
    ],
)
def test_what_networks_do_not_know_is_refused_by_name(tmp_path, pixels, complaint):
    write(tmp_path / "a.png", pixels)
    with pytest.raises(InputError, match=rf"a\.png: {complaint}"):
        read_colour(tmp_path / "a.png")


def test_what_is_not_there_or_no_picture_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"a\.png: missing; expected a picture"):
        read_colour(tmp_path / "a.png")
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(InputError, match=r"a\.png: not a picture"):
        read_colour(tmp_path / "a.png")
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.jpg: (not a picture|cannot be read)"):
        read_colour(tmp_path / "empty.jpg")


SMOOTH = cv2.resize(np.random.default_rng(0).integers(0, 255, (3, 4, 3)).astype(np.uint8), (32, 24))
STORED = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
"""The turn that undoes each of EXIF's orientations."""


def photo(path, orientation, shown=SMOOTH):
    """A photo as a camera stores it that viewers show as `shown`."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(upright(shown, STORED[orientation]))
    how = {"tiffinfo": {0x0112: orientation}} if path.suffix == ".tiff" else {"exif": exif, "quality": 95}
    stored.save(path, **how, **({"lossless": True} if path.suffix == ".webp" else {}))
    return path


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_comes_as_viewers_show_it(tmp_path, ending, orientation):
    path = photo(tmp_path / f"a.{ending}", orientation)
    with Image.open(path) as picture:
        shown = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    seen = read_colour(path)
    assert seen.shape == shown.shape == SMOOTH.shape
    assert np.abs(seen.astype(int) - shown).mean() < 1 and np.abs(seen.astype(int) - SMOOTH).mean() < 6


def test_damaged_tags_turn_nothing(tmp_path):
    path = photo(tmp_path / "a.jpg", 6)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Exif\0\0MM", b"Exif\0\0XX"))
    assert read_colour(path).shape == (32, 24, 3)


def saved(path, mode, **how):
    Image.fromarray(SMOOTH).convert(mode).save(path, **how)
    return path


@pytest.mark.parametrize(
    ("name", "mode", "complaint"),
    [
        ("a.png", "LA", "a grey picture"),
        ("a.tiff", "LA", "a grey picture"),
        ("a.png", "1", "a grey picture"),
        ("a.jpg", "CMYK", "stored as CMYK, the colours of print; convert it to 8-bit RGB"),
        ("a.tiff", "CMYK", "stored as CMYK"),
        ("a.tiff", "LAB", "stored as CIE Lab"),
        ("a.tiff", "F", "stored as floating-point numbers"),
    ],
)
def test_other_colours_are_refused_by_name(tmp_path, name, mode, complaint):
    with pytest.raises(InputError, match=rf"{name}: {complaint}"):
        read_colour(saved(tmp_path / name, mode))


@pytest.mark.parametrize(("name", "mode"), [("a.png", "P"), ("a.gif", "P"), ("a.ppm", "RGB"), ("a.bmp", "RGB")])
def test_palettes_and_other_formats_are_read(tmp_path, name, mode):
    path = saved(tmp_path / name, mode)
    with Image.open(path) as picture:
        np.testing.assert_array_equal(read_colour(path), np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("ending", ["png", "gif", "webp", "tiff"])
def test_more_than_one_frame_is_refused(tmp_path, ending):
    frames = [Image.fromarray(np.roll(SMOOTH, 9 * k, 1)) for k in range(3)]
    frames[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match=rf"a\.{ending}: holds 3 frames or pages; expected a single picture"):
        read_colour(tmp_path / f"a.{ending}")


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tiff", "bmp", "gif", "ppm"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.97])
def test_half_a_picture_is_refused_without_further_noise(tmp_path, capfd, ending, part):
    path = saved(tmp_path / f"a.{ending}", "RGB")
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(InputError, match=rf"a\.{ending}: (a damaged picture|truncated PNG|not a picture)"):
        read_colour(path)
    assert capfd.readouterr().err == ""


def test_a_picture_without_measure_is_refused_by_its_header(tmp_path):
    path = write(tmp_path / "a.png", RED)
    data = path.read_bytes()
    header = b"IHDR" + struct.pack(">II", 20000, 20000) + data[24:29]
    path.write_bytes(data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:])
    with pytest.raises(InputError, match=r"a\.png: expected a picture of at most 134217728 pixels"):
        read_colour(path)


@pytest.mark.parametrize(
    ("orientation", "size", "way"),
    [(1, (24, 32), 1), (6, (24, 32), 6), (6, (32, 24), 1), (8, (24, 32), 8), (8, (32, 24), 1)],
)
def test_a_labelled_picture_is_turned_as_its_labels_are(tmp_path, orientation, size, way):
    path = photo(tmp_path / "a.png", orientation)
    stored = upright(SMOOTH, STORED[orientation])
    np.testing.assert_array_equal(read_labelled(path, size, "image 1"), upright(stored, way))


@pytest.mark.parametrize(("orientation", "shown"), [(3, SMOOTH), (2, SMOOTH), (6, SMOOTH[:, :24])])
def test_a_labelled_picture_that_may_be_turned_or_not_is_refused(tmp_path, orientation, shown):
    path = photo(tmp_path / "a.png", orientation, shown)
    with pytest.raises(InputError, match=rf"a\.png: image 1: its EXIF orientation {orientation} turns"):
        read_labelled(path, shown.shape[:2], "image 1")


def test_a_labelled_picture_of_another_size_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"a\.png: image 1: expected 32x32 pixels, the file has 24x32"):
        read_labelled(photo(tmp_path / "a.png", 6), (32, 32), "image 1")
