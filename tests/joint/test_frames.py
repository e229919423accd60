import os

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


def test_two_pictures_named_alike_get_names_of_their_own(tmp_path):
    for name in ("a.png", "a.bmp", "b.png", "B.ppm", "c.png"):
        write(tmp_path / name, RED)
    assert set(read_frames(tmp_path).names) == {"a.png", "a.bmp", "b.png", "B.ppm", "c"}
    write(tmp_path / "a.png.png", RED)  # would be a.png as well
    assert set(read_frames(tmp_path).names) == {path.name for path in tmp_path.iterdir()}


def test_what_a_folder_holds_besides_is_said(tmp_path, caplog):
    write(tmp_path / "a.ppm", RED)
    read_frames(tmp_path)
    assert not caplog.records
    (tmp_path / "b.png").mkdir()
    (tmp_path / "clip.avi").touch()
    (tmp_path / ".hidden").touch()
    assert [name for name, _ in read_frames(tmp_path)] == ["a"]
    assert "2 other files and folders are left out: b.png, clip.avi" in caplog.text


def test_every_picture_is_checked_before_the_first_is_handed_out(tmp_path):
    for name in "abcd":
        write(tmp_path / f"{name}.png", RED)
    write(tmp_path / "b.png", RED[..., 0])
    write(tmp_path / "c.png", RED[:5])

    def check(picture):
        if len(picture) < 10:
            raise InputError("picture: too small")

    with pytest.raises(InputError) as error:
        read_frames(tmp_path, check)
    first, *rest = str(error.value).splitlines()
    assert "2 of 4 pictures cannot be used; nothing was done" in first
    assert "b.png: a grey picture" in rest[0] and "c.png: picture: too small" in rest[1] and len(rest) == 2


def test_names_that_are_no_utf_8_do_no_harm(tmp_path):
    picture, video = (tmp_path / os.fsdecode(b"caf\xe9" + ending) for ending in (b".png", b".avi"))
    write(tmp_path / "a.png", RED).rename(picture)
    assert [name for name, _ in read_frames(tmp_path)] == [picture.stem]
    video.touch()
    with pytest.raises(InputError, match="the name of a video has to be UTF-8"):
        read_frames(video)
