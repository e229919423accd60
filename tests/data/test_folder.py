import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data import schema
from graspbook.data.folder import GraspFolder, check_cups, open_grasps
from graspbook.data.grasps import GraspDataset
from graspbook.data.images import write_png
from graspbook.data.writer import write_grasps

RNG = np.random.default_rng(0)


def cups(blobs, height=24, width=36):
    mask = np.zeros((height, width), bool)
    for blob in range(blobs):
        mask[4:7, 5 * blob + 1 : 5 * blob + 4] = True
    return mask


def write(folder, name, **files):
    """Write a sound grasp, with some of its files replaced, or left out where None."""
    images = {
        "before": RNG.integers(0, 256, (24, 36, 3), dtype=np.uint8),
        "after": RNG.integers(0, 256, (24, 36, 3), dtype=np.uint8),
        "cups": cups(2),
    } | files
    for field, pixels in images.items():
        if pixels is not None:
            write_png(folder / f"{name}_{field}.png", pixels)
    return images


def test_grasps_are_read_in_order_of_their_names(tmp_path):
    written = {name: write(tmp_path, name) for name in ("tote_2", "a", "b_before")}
    (tmp_path / ".DS_Store").write_bytes(b"")
    folder = open_grasps(tmp_path)
    assert isinstance(folder, GraspFolder) and len(folder) == 3
    assert [sample.grasp_id for sample in folder] == ["a", "b_before", "tote_2"]
    for sample in folder:
        for field, read in (("before", sample.before), ("after", sample.after), ("cups", sample.suction)):
            assert np.array_equal(read, written[sample.grasp_id][field])
        assert sample.visible is None and sample.amodal is None


def test_a_folder_with_a_table_is_read_by_it(tmp_path, make_grasp):
    path = write_grasps(tmp_path / "set", [make_grasp(0)])
    for opened in (open_grasps(path), open_grasps(path.parent)):
        assert isinstance(opened, GraspDataset) and opened[0].grasp_id == "e00000g00"


def test_of_a_table_with_outcomes_the_failures_are_left_out(tmp_path, make_grasp):
    outcomes = ["dropped", "success", "lost", "success"]
    path = write_grasps(tmp_path / "set", [make_grasp(i, outcome=o) for i, o in enumerate(outcomes)])
    assert [sample.grasp_id for sample in open_grasps(path)] == ["e00000g01", "e00000g03"]
    rows = [GraspDataset(path).row(index) | {"outcome": None} for index in range(4)]
    schema.write_table(path, rows)
    assert len(open_grasps(path)) == 4  # unknown is not failed
    schema.write_table(path, [row | {"outcome": "lost"} for row in rows])
    with pytest.raises(InputError, match=r"column outcome: .*every grasp failed"):
        open_grasps(path)


@pytest.mark.parametrize("field", ["before", "after", "cups"])
def test_a_missing_file_is_named(tmp_path, field):
    write(tmp_path, "a")
    write(tmp_path, "b", **{field: None})
    with pytest.raises(InputError, match=rf"b_{field}\.png: field {field}: expected a PNG file"):
        GraspFolder(tmp_path)


@pytest.mark.parametrize("field", ["after", "cups"])
def test_files_of_unequal_size_are_named(tmp_path, field):
    pixels = np.ones((24, 35, 3), np.uint8)
    write(tmp_path, "a", **{field: pixels if field == "after" else pixels[..., 0] > 0})
    with pytest.raises(InputError, match=rf"a_{field}\.png: field {field}: expected 24x36 .* found 24x35"):
        GraspFolder(tmp_path)


@pytest.mark.parametrize("name", ["a_before.jpg", "notes.txt", "a_mask.png", "_before.png", "a.png"])
def test_an_unknown_file_is_named(tmp_path, name):
    write(tmp_path, "a")
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=f"{name}: unknown file"):
        GraspFolder(tmp_path)


def test_an_empty_or_absent_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="at least one grasp"):
        open_grasps(tmp_path)
    with pytest.raises(InputError, match="nowhere: expected a folder"):
        open_grasps(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("pixels", "found"),
    [
        (np.zeros((24, 36), np.uint8), "8-bit grey"),
        (np.zeros((24, 36), np.uint16), "16-bit grey"),
    ],
)
def test_grey_and_sixteen_bit_images_are_refused(tmp_path, pixels, found):
    write(tmp_path, "a", before=pixels)
    with pytest.raises(InputError, match=rf"a_before\.png: field before: expected 8-bit RGB, found {found}"):
        GraspFolder(tmp_path)[0]


def test_a_sixteen_bit_colour_image_is_refused(tmp_path):
    write(tmp_path, "a")
    cv2.imwrite(str(tmp_path / "a_after.png"), np.zeros((24, 36, 3), np.uint16))
    with pytest.raises(InputError, match=r"field after: expected 8-bit RGB, found 16-bit RGB"):
        GraspFolder(tmp_path)[0]


def test_a_truncated_image_is_refused(tmp_path):
    write(tmp_path, "a")
    data = (tmp_path / "a_after.png").read_bytes()
    (tmp_path / "a_after.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"a_after\.png: field after: truncated PNG"):
        GraspFolder(tmp_path)[0]


@pytest.mark.parametrize("blobs", [1, 2, 5])
def test_up_to_five_cups_are_accepted(tmp_path, blobs):
    write(tmp_path, "a", cups=cups(blobs))
    assert np.array_equal(GraspFolder(tmp_path)[0].suction, cups(blobs))


def test_a_mask_without_a_cup_is_refused(tmp_path):
    write(tmp_path, "a", cups=cups(0))
    with pytest.raises(InputError, match=r"a_cups\.png: field cups: expected at least one active cup"):
        GraspFolder(tmp_path)[0]


def test_a_mask_of_more_blobs_than_cups_is_refused(tmp_path):
    write(tmp_path, "a", cups=cups(6))
    with pytest.raises(InputError, match=r"a_cups\.png: field cups: expected at most 5 blobs.*found 6"):
        GraspFolder(tmp_path)[0]


def test_cups_that_touch_at_a_corner_are_one_blob():
    mask = np.zeros((24, 36), bool)
    mask[np.arange(20), np.arange(20)] = True
    assert check_cups(mask, "here") is mask
