"""Files written by hand in Jacquard's own format, and what can be wrong with them."""

import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.mlgsl.grasp_data.jacquard import (
    find_images,
    object_of,
    read_depth,
    read_grasps,
    write_grasps,
    write_image,
)


def write(tmp_path, content, name="0_1a2b_grasps.txt"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_line_is_x_y_theta_opening_jaw_in_pixels_and_degrees(tmp_path):
    path = write(tmp_path, b"512.5;300.25;30.0;80.5;20.0\n")
    np.testing.assert_allclose(read_grasps(path), [[512.5, 300.25, np.pi / 6, 80.5, 20.0]], rtol=1e-6)


def test_theta_turns_from_x_to_the_right_towards_y_downwards(tmp_path):
    """A closing direction that descends to the right on the screen has a positive angle: dx = dy = 1 is 45 degrees."""
    [[_, _, phi, _, _]] = read_grasps(write(tmp_path, b"10;10;45;8;4\n"))
    assert np.tan(phi) == pytest.approx(1)


@pytest.mark.parametrize(("degrees", "same"), [(135.0, -45.0), (-100.0, 80.0), (90.0, -90.0), (269.0, 89.0)])
def test_angles_a_half_turn_apart_are_one(tmp_path, degrees, same):
    [[_, _, phi, _, _]] = read_grasps(write(tmp_path, f"1;2;{degrees};3;4".encode()))
    assert np.degrees(phi) == pytest.approx(same, abs=1e-4)


def test_the_last_line_counts_whole_where_no_line_end_follows(tmp_path):
    grasps = read_grasps(write(tmp_path, b"1;2;3;4;15\n6;7;8;9;25"))
    assert grasps[:, 4].tolist() == [15.0, 25.0]


def test_windows_line_ends_blank_lines_a_mark_and_a_last_semicolon_are_no_trouble(tmp_path):
    grasps = read_grasps(write(tmp_path, b"\xef\xbb\xbf1;2;3;4;5;\r\n\r\n6;7;8;9;10\r\n"))
    assert grasps[:, 0].tolist() == [1.0, 6.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1;2;3;4;5\n1,2,3,4,5\n", r"line 2: expected x;y;theta;opening;jaw size, .*commas stand where semicolons"),
        (b"1,5;2;3;4;5\n", r"line 1: x is '1,5', no number \(write a decimal point"),
        (b"1;2;3;4\n", "line 1: expected .*found 4"),
        (b"1;2;nan;4;5\n", "line 1: theta is 'nan', expected a finite"),
        (b"1;2;3;-4;5\n", "line 1: opening is -4, expected more than 0"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as raised:
        read_grasps(write(tmp_path, content))
    assert "0_1a2b_grasps.txt" in str(raised.value)


def test_what_is_written_is_read_again(tmp_path):
    rng = np.random.default_rng(0)
    grasps = np.column_stack([rng.uniform(0, 79, (9, 2)), rng.uniform(-1.5, 1.5, 9), rng.uniform(3, 30, (9, 2))])
    write_grasps(tmp_path / "3_x_grasps.txt", grasps)
    np.testing.assert_allclose(read_grasps(tmp_path / "3_x_grasps.txt"), grasps, atol=1e-3)


def test_images_are_found_at_any_depth_by_object_and_number(tmp_path):
    for name in ("part_1/b/0_b", "part_0/a/10_a", "part_0/a/2_a"):
        path = tmp_path / f"{name}_grasps.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1;2;3;4;5\n")
    stems = find_images(tmp_path)
    assert [stem.relative_to(tmp_path).as_posix() for stem in stems] == [
        "part_0/a/2_a",
        "part_0/a/10_a",
        "part_1/b/0_b",
    ]
    assert [object_of(stem) for stem in stems] == ["a", "a", "b"]
    with pytest.raises(InputError, match="layout of Jacquard"):
        find_images(tmp_path / "part_9")


def test_depth_is_float_metres_with_zero_for_gaps(tmp_path):
    perfect = np.full((6, 8), 0.61234567, np.float32)
    stereo = perfect.copy()
    stereo[2, 3] = 0
    rgb = np.zeros((6, 8, 3), np.uint8)
    stem = tmp_path / "a" / "0_a"
    write_image(stem, grasps=np.array([[1, 2, 0.5, 3, 4]]), perfect=perfect, stereo=stereo, mask=perfect > 1, rgb=rgb)
    np.testing.assert_array_equal(read_depth(stem, "perfect"), perfect)
    np.testing.assert_array_equal(read_depth(stem), stereo)
    assert len(list((tmp_path / "a").iterdir())) == 5


def test_millimetres_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "0_a_stereo_depth.tiff"), np.full((4, 4), 612, np.float32))
    with pytest.raises(InputError, match="expected metres, this looks like millimetres"):
        read_depth(tmp_path / "0_a")
    with pytest.raises(InputError, match="no such file"):
        read_depth(tmp_path / "1_a")
