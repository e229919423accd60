import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.joint.frames import read_frames

RED = np.zeros((24, 32, 3), np.uint8)
RED[..., 0] = 255


def write(path, pixels):
    assert cv2.imwrite(str(path), pixels)
    return path


def test_a_folder_gives_its_pictures_in_the_order_of_their_names(tmp_path):
    for name in ("b", "a"):
        write(tmp_path / f"{name}.png", RED[..., ::-1])
    (tmp_path / "notes.txt").write_text("no picture")
    frames = list(read_frames(tmp_path))
    assert [name for name, _ in frames] == ["a", "b"]
    np.testing.assert_array_equal(frames[0][1], RED)
    np.testing.assert_array_equal(next(read_frames(tmp_path / "a.png"))[1], RED)


def test_a_video_gives_its_frames(tmp_path):
    video = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (32, 24))
    assert video.isOpened()
    for _ in range(3):
        video.write(RED[..., ::-1])
    video.release()
    frames = list(read_frames(tmp_path / "a.avi"))
    assert [name for name, _ in frames] == ["000000", "000001", "000002"]
    assert abs(frames[2][1].astype(int) - RED).max() < 20


def test_what_is_not_there_or_no_picture_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match="nothing: missing; expected a folder"):
        read_frames(tmp_path / "nothing")
    with pytest.raises(InputError, match="no picture in it"):
        read_frames(tmp_path)
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(InputError, match=r"a\.png: not a picture"):
        list(read_frames(tmp_path))
    (tmp_path / "a.mp4").write_text("text")
    with pytest.raises(InputError, match=r"a\.mp4: neither a picture"):
        read_frames(tmp_path / "a.mp4")
