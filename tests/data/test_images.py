import struct
import zlib

import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data import images

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (12, 16, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (12, 16), dtype=np.uint8)


def encoded(pixels):
    return cv2.imencode(".png", pixels)[1].tobytes()


def test_colour_comes_back_as_it_was_written(tmp_path):
    images.write_png(tmp_path / "a.png", COLOUR)
    assert np.array_equal(images.read_rgb(tmp_path / "a.png", "before"), COLOUR)
    assert cv2.imread(str(tmp_path / "a.png"))[0, 0].tolist() == COLOUR[0, 0, ::-1].tolist()
    assert images.png_size(tmp_path / "a.png", "before") == (12, 16)


def test_grey_and_masks_come_back_as_they_were_written(tmp_path):
    images.write_png(tmp_path / "a.png", GREY)
    assert np.array_equal(images.read_grey(tmp_path / "a.png", "ids"), GREY)
    images.write_png(tmp_path / "m.png", GREY > 99)
    assert np.array_equal(images.read_mask(tmp_path / "m.png", "cups"), GREY > 99)


def test_a_mask_may_be_colour(tmp_path):
    pixels = np.zeros((4, 5, 3), np.uint8)
    pixels[1, 2] = (0, 0, 1)
    images.write_png(tmp_path / "m.png", pixels)
    assert np.argwhere(images.read_mask(tmp_path / "m.png", "cups")).tolist() == [[1, 2]]


def test_a_mask_may_have_one_bit_per_pixel(tmp_path):
    mask = GREY > 99
    rows = b"".join(b"\0" + row.tobytes() for row in np.packbits(mask, axis=1))
    header = struct.pack(">IIBBBBB", 16, 12, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    (tmp_path / "m.png").write_bytes(data)
    assert np.array_equal(images.read_mask(tmp_path / "m.png", "cups"), mask)


def test_depth_comes_back_to_half_a_step_and_drop_outs_exactly(tmp_path):
    depth = RNG.uniform(0, images.DEPTH_LIMIT, (12, 16)).astype(np.float32)
    depth[0] = 0
    images.write_png(tmp_path / "d.png", images.depth_levels(depth))
    read = images.read_depth(tmp_path / "d.png", "depth_before")
    assert read.dtype == np.float32
    assert np.abs(read - depth).max() <= images.DEPTH_STEP / 2 + 1e-6
    assert (read[0] == 0).all()


@pytest.mark.parametrize(
    ("pixels", "found"),
    [
        (GREY, "8-bit grey"),
        (COLOUR.astype(np.uint16) * 257, "16-bit RGB"),
        (GREY.astype(np.uint16) * 257, "16-bit grey"),
        (np.dstack([COLOUR, GREY]), "8-bit RGB with alpha"),
    ],
)
def test_what_is_not_eight_bit_colour_is_refused_by_its_kind(tmp_path, pixels, found):
    path = tmp_path / "a_before.png"
    path.write_bytes(encoded(pixels))
    with pytest.raises(InputError, match=f"a_before.png: field before: expected 8-bit RGB, found {found}$"):
        images.read_rgb(path, "before")


def test_a_palette_is_refused(tmp_path):
    path = tmp_path / "a.png"
    header = b"IHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)))
    with pytest.raises(InputError, match="found 8-bit palette"):
        images.read_rgb(path, "before")


@pytest.mark.parametrize("keep", [8, 20, 33, 60, -40, -12, -1])
def test_a_png_cut_off_anywhere_is_truncated(tmp_path, keep):
    (tmp_path / "a.png").write_bytes(encoded(COLOUR)[:keep])
    with pytest.raises(InputError, match=r"a\.png: field after: truncated PNG"):
        images.read_rgb(tmp_path / "a.png", "after")


def test_a_flipped_bit_is_found(tmp_path):
    data = bytearray(encoded(COLOUR))
    data[len(data) // 2] ^= 4
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match="field after: damaged PNG"):
        images.read_rgb(tmp_path / "a.png", "after")


def test_pixels_that_do_not_decode_are_refused(tmp_path):
    header = struct.pack(">IIBBBBB", 16, 12, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"too short")), (b"IEND", b""))
    data = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    with pytest.raises(InputError, match="do not decode"):
        images.read_rgb(tmp_path / "a.png", "after")


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xe0 a JPEG"])
def test_what_is_no_png_is_refused(tmp_path, data):
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match="first bytes are not a PNG's"):
        images.read_rgb(tmp_path / "a.png", "after")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.png: field after: expected a PNG file, there is none"):
        images.read_rgb(tmp_path / "gone.png", "after")
    with pytest.raises(InputError, match="field after: cannot be read"):
        images.read_rgb(tmp_path, "after")


def with_size(width, height):
    data = encoded(COLOUR)
    header = struct.pack(">II", width, height) + data[24:29]
    return data[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + data[33:]


@pytest.mark.parametrize("size", [(100_000, 100_000), (0, 16), (2**31 - 1, 1), (2**32 - 1, 2**32 - 1)])
def test_a_header_that_claims_a_size_no_image_has_is_refused_at_once(tmp_path, size):
    (tmp_path / "a.png").write_bytes(with_size(*size))
    for read in (images.read_rgb, images.png_size):
        with pytest.raises(InputError, match=r"a\.png: field before: expected 1 to 134217728 pixels"):
            read(tmp_path / "a.png", "before")
