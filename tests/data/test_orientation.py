import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from graspbook.core.errors import InputError
from graspbook.data.images import read_depth, read_grey, read_mask, read_rgb
from graspbook.data.orientation import png_orientation, upright


def tagged(pixels, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3)])
def test_pixels_are_turned_as_pillow_turns_them(orientation, shape):
    stored = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    data = tagged(stored, orientation)
    assert png_orientation(data) == orientation
    turned = upright(stored, orientation)
    np.testing.assert_array_equal(turned, np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))))
    assert turned.flags.c_contiguous


def test_what_does_not_say_is_upright():
    assert png_orientation(tagged(np.zeros((2, 2), np.uint8), 0)) == 1
    assert png_orientation(tagged(np.zeros((2, 2), np.uint8), 99)) == 1
    assert png_orientation(b"no PNG, but with eXIf in it") == 1


@pytest.mark.parametrize(
    ("read", "pixels"),
    [
        (read_rgb, np.zeros((3, 5, 3), np.uint8)),
        (read_grey, np.zeros((3, 5), np.uint8)),
        (read_mask, np.zeros((3, 5), np.uint8)),
        (read_depth, np.zeros((3, 5), np.uint16)),
    ],
)
def test_a_picture_of_a_set_that_alone_is_turned_is_refused(tmp_path, read, pixels):
    (tmp_path / "a.png").write_bytes(tagged(pixels, 1))
    assert read(tmp_path / "a.png", "before").shape[:2] == (3, 5)
    (tmp_path / "a.png").write_bytes(tagged(pixels, 6))
    with pytest.raises(InputError, match=r"a\.png: field before: an EXIF tag turns or mirrors it"):
        read(tmp_path / "a.png", "before")
