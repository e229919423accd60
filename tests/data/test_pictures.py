import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.pictures import read_colour

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
