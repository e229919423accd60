import json
from fractions import Fraction

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes, LabelledScene, resize_ids, resize_image, resize_mask, write_scenes
from graspbook.data.images import write_png
from graspbook.data.rle import encode_mask

H, W = 20, 30


def scene(number, height=H, width=W, objects=4):
    rng = np.random.default_rng(number)
    ids = np.zeros((height, width), np.uint16)
    for value in range(1, objects + 1):
        y, x = rng.integers(0, height - 4), rng.integers(0, width - 4)
        ids[y : y + rng.integers(2, 9), x : x + rng.integers(2, 9)] = value
    return LabelledScene(f"e{number:03d}", rng.integers(0, 256, (height, width, 3), dtype=np.uint8), ids)


def box(y0, y1, x0, x1):
    mask = np.zeros((H, W), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def rle(mask):
    return {"size": list(mask.shape), "counts": encode_mask(mask)}


def uncompressed(mask):
    columns = mask.T.ravel()
    ends = np.flatnonzero(np.diff(columns)) + 1
    runs = np.diff(np.concatenate(([0], ends, [columns.size])))
    return {"size": list(mask.shape), "counts": ([0] if columns[0] else []) + runs.tolist()}


def content(*segmentations, **image):
    """A COCO dictionary of one image."""
    return {
        "images": [{"id": 7, "file_name": "a.png", "height": H, "width": W, **image}],
        "annotations": [
            {"id": 10 + number, "image_id": 7, "category_id": number, "segmentation": segmentation}
            for number, segmentation in enumerate(segmentations)
        ],
        "categories": [],
    }


@pytest.fixture
def put(tmp_path):
    """A function: write a COCO dictionary beside a white image a.png, return its path."""

    def write(coco, folder="."):
        file = tmp_path / folder / "a.png"
        file.parent.mkdir(exist_ok=True)
        write_png(file, np.full((H, W, 3), 255, np.uint8))
        path = tmp_path / "coco.json"
        path.write_text(coco if isinstance(coco, str) else json.dumps(coco))
        return path

    return write


@pytest.fixture
def written(tmp_path):
    scenes = [scene(number) for number in range(5)]
    return scenes, write_scenes(tmp_path / "set", scenes, [3, 3, 8, 8, 8])


def test_scenes_that_were_written_come_back(written):
    scenes, path = written
    read = CocoScenes(path)
    assert len(read) == 5 and read.size == (H, W)
    assert read.names == tuple(s.name for s in scenes)
    assert read.groups.dtype == np.int64 and read.groups.tolist() == [3, 3, 8, 8, 8]
    for expected, found in zip(scenes, read, strict=True):
        assert found.name == expected.name
        assert np.array_equal(found.image, expected.image) and found.image.dtype == np.uint8
        # instances without a pixel are not written, so that ids may have moved up
        present = np.unique(expected.ids[expected.ids > 0])
        renumbered = np.where(expected.ids > 0, np.searchsorted(present, expected.ids) + 1, 0)
        assert np.array_equal(found.ids, renumbered) and found.ids.dtype == np.uint16


def test_the_file_is_valid_for_pycocotools(written):
    coco = COCO(str(written[1]))
    assert len(coco.imgs) == 5 and 0 not in coco.anns
    for annotation in coco.anns.values():
        mask = coco.annToMask(annotation).astype(bool)
        assert annotation["area"] == mask.sum() > 0
        assert annotation["bbox"] == coco_mask.toBbox(annotation["segmentation"]).tolist()
        assert annotation["iscrowd"] == 0 and annotation["category_id"] == 1


def test_writing_twice_gives_the_same_bytes_and_replaces(tmp_path):
    paths = [write_scenes(tmp_path / "set", [scene(1)], [0]) for _ in range(2)]
    first = paths[0].read_bytes()
    write_scenes(tmp_path / "other", [scene(1)], [0])
    assert (tmp_path / "other/annotations.json").read_bytes() == first
    assert sorted(path.name for path in (tmp_path / "set").rglob("*.png")) == ["e001.png"]


@pytest.mark.parametrize(
    "scenes, bins, message",
    [
        ([scene(1), scene(1)], [0, 0], "e001 is added twice"),
        ([scene(1), scene(2)], [0], "bins"),
        ([scene(1)], [0, 1], "bins"),
        ([], [], "at least one"),
        ([LabelledScene("a", np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.int64))], [0], "field ids"),
        ([LabelledScene("a", np.zeros((4, 5, 3), np.uint8), np.zeros((4, 4), np.uint16))], [0], "field image"),
        ([LabelledScene("../a", np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint16))], [0], "field name"),
    ],
)
def test_faulty_scenes_are_refused_and_leave_nothing(tmp_path, scenes, bins, message):
    with pytest.raises(InputError, match=message):
        write_scenes(tmp_path / "set", scenes, bins)
    assert not list(tmp_path.iterdir())


def test_polygons_and_both_kinds_of_rle_agree(put):
    mask = box(2, 8, 3, 12)
    polygon = [[3, 2, 12, 2, 12, 8, 3, 8]]
    for segmentation in (polygon, rle(mask), uncompressed(mask)):
        assert np.array_equal(CocoScenes(put(content(segmentation)))[0].ids == 1, mask)
    edge = box(0, 3, 0, 2)  # begins with an object pixel
    assert np.array_equal(CocoScenes(put(content(uncompressed(edge))))[0].ids == 1, edge)


def test_an_object_of_several_polygons_is_one_instance(put):
    parts = [[1, 1, 5, 1, 5, 5, 1, 5], [10, 10, 15, 10, 15, 15, 10, 15]]
    ids = CocoScenes(put(content(parts)))[0].ids
    assert np.array_equal(ids, box(1, 5, 1, 5) | box(10, 15, 10, 15))


def test_where_masks_overlap_the_later_annotation_wins(put):
    first, second = box(0, 10, 0, 10), box(5, 15, 5, 15)
    ids = CocoScenes(put(content(rle(first), rle(second))))[0].ids
    assert np.array_equal(ids == 2, second) and np.array_equal(ids == 1, first & ~second)


def test_crowds_are_left_out_and_empty_images_stay(put):
    coco = content(rle(box(0, 9, 0, 9)))
    coco["annotations"][0]["iscrowd"] = 1
    coco["annotations"][0]["segmentation"] = "not looked at"
    scenes = CocoScenes(put(coco))
    assert len(scenes) == 1 and not scenes[0].ids.any() and scenes.truth()["annotations"] == []


def test_an_annotation_without_a_polygon_has_no_pixel(put):
    scenes = CocoScenes(put(content([], rle(box(0, 2, 0, 2)))))
    assert np.unique(scenes[0].ids).tolist() == [0, 2]


def test_without_bins_each_image_is_its_own_group(put):
    assert CocoScenes(put(content())).groups.tolist() == [0]


def test_images_may_lie_in_a_folder_beside_the_file(put):
    assert CocoScenes(put(content(), folder="images"))[0].image.all()


def test_jpeg_images_are_read(put, tmp_path):
    cv2.imwrite(str(tmp_path / "b.jpg"), np.full((H, W, 3), (0, 0, 255), np.uint8))  # BGR: red
    image = CocoScenes(put(content(file_name="b.jpg")))[0].image
    assert image.shape == (H, W, 3) and image[..., 0].min() > 200 and image[..., 1:].max() < 50


def test_resizing_keeps_the_aspect_and_the_labels(written):
    scenes, path = written
    small = CocoScenes(path, height=10)
    assert small.size == (10, 15) and small[0].image.shape == (10, 15, 3) and small[0].ids.shape == (10, 15)
    means = scenes[0].image.reshape(10, 2, 15, 2, 3).mean((1, 3))
    assert np.abs(small[0].image - means).max() <= 0.5
    large = CocoScenes(path, height=60)
    assert np.array_equal(large[0].ids, CocoScenes(path)[0].ids.repeat(3, 0).repeat(3, 1))


@pytest.mark.parametrize("size", [(7, 11), (15, 30), (20, 30), (33, 44), (1, 1)])
def test_resized_ids_are_those_at_the_new_centres(size):
    ids = scene(4).ids
    found = resize_ids(ids, size)
    assert found.shape == size and found.dtype == ids.dtype
    for row, column in np.ndindex(size):
        y, x = (int(Fraction(2 * k + 1, 2) * old / new) for k, old, new in ((row, H, size[0]), (column, W, size[1])))
        assert found[row, column] == ids[y, x]
    assert resize_image(scene(4).image, size).shape == (*size, 3)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_a_smaller_mask_is_where_more_than_half_was_covered(factor):
    mask = np.random.default_rng(factor).random((4 * factor, 6 * factor)) < 0.5
    small = resize_mask(mask, (4, 6))
    assert small.dtype == bool
    for row, column in np.ndindex(4, 6):
        part = mask[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
        assert small[row, column] == (part.sum() > part.size / 2)


def test_a_larger_mask_keeps_its_halves():
    mask = np.arange(8) < np.full((6, 1), 4)
    large = resize_mask(mask, (12, 16))
    assert (large == (np.arange(16) < np.full((12, 1), 8))).all()


def test_a_view_holds_the_images_asked_for(written):
    scenes, path = written
    view = CocoScenes(path).subset([4, 0])
    assert view.names == (scenes[4].name, scenes[0].name) and view.groups.tolist() == [8, 3]
    assert np.array_equal(view[0].image, scenes[4].image)
    assert len(CocoScenes(path).subset([])) == 0


@pytest.mark.parametrize(
    ("count", "places"), [(1, [0]), (2, [0, 4]), (3, [0, 2, 4]), (4, [0, 1, 2, 4]), (5, range(5)), (9, range(5))]
)
def test_a_few_images_are_spread_over_the_set(written, count, places):
    scenes, path = written
    assert CocoScenes(path).spread(count).names == tuple(scenes[place].name for place in places)


@pytest.mark.parametrize("height", [None, 10, 7])
def test_the_truth_is_the_visible_masks(written, height):
    scenes = CocoScenes(written[1], height)
    truth = scenes.truth()
    assert [image["id"] for image in truth["images"]] == [1, 2, 3, 4, 5]
    assert [image["file_name"] for image in truth["images"]] == list(scenes.names)
    assert [annotation["id"] for annotation in truth["annotations"]] == list(range(1, len(truth["annotations"]) + 1))
    for number, found in enumerate(scenes, 1):
        masks = [coco_mask.decode(a["segmentation"]) for a in truth["annotations"] if a["image_id"] == number]
        present = [value for value in range(1, found.ids.max() + 1) if (found.ids == value).any()]
        assert np.array_equal(masks, [found.ids == value for value in present])


def drop(coco, place, field):
    del coco[place][0][field]
    return coco


GOOD = rle(box(0, 5, 0, 5))


@pytest.mark.parametrize(
    "coco, message",
    [
        ("{", "expected a COCO JSON file"),
        ([], "field images"),
        ({"images": []}, "at least one|annotations"),
        ({"images": [], "annotations": []}, "at least one image"),
        ({"images": [3], "annotations": []}, "field images: expected a list of objects"),
        (drop(content(), "images", "id"), "image number 0: field id"),
        (drop(content(), "images", "file_name"), "image 7: field file_name"),
        (content(height=0), "image 7: field height"),
        (content(width="30"), "image 7: field width"),
        (content(file_name="gone.png"), "image 7: field file_name: expected the file .*gone.png"),
        (content(file_name="../a.png"), "image 7: field file_name: expected a relative path"),
        (content(file_name="/etc/a.png"), "image 7: field file_name: expected a relative path"),
        (content(bin="left"), "image 7: field bin"),
        (content() | {"images": content()["images"] * 2}, "image 7: field id"),
        (drop(content(GOOD), "annotations", "image_id"), "annotation 10: field image_id"),
        (drop(content(GOOD), "annotations", "segmentation"), "annotation 10: field segmentation"),
        (content([[1, 1, 2, 2]]), "annotation 10: field segmentation: .*3 points"),
        (content([[1, 1, 2, 2, 3]]), "3 points"),
        (content([[1, 1, 2, 2, 3, "x"]]), "3 points"),
        (content([3, 4]), "3 points"),
        (content([[1, 1, 1e9, 2, 3, 3]]), "on or near the image, every x from -30 to 60"),
        (content([[1, 1, 2, -21, 3, 3]]), "on or near the image, every y from -20 to 40"),
        (content([[1, 1, 10**400, 2, 3, 3]]), "on or near the image"),
        ('{"images": [{"id": 1}], "annotations": [{"segmentation": [[NaN, 1, 2, 3, 4, 5]]}]}', "field height"),
        ("[" * 100_000, "nested too deeply"),
        (content(height=10**5, width=10**5), "image 7: fields height, width: expected at most"),
        (content(bin=2**70), "image 7: field bin"),
        (content(file_name="a\0b.png"), "image 7: field file_name"),
        (content(file_name="a" * 9999), "image 7: field file_name"),
        (content(GOOD | {"size": [H, W + 1]}), r"size: expected \[20, 30\]"),
        (content(GOOD | {"counts": "!"}), "annotation 10: field segmentation: RLE counts"),
        (content(GOOD | {"counts": [5, 5]}), "annotation 10: field segmentation: counts"),
        (content(GOOD | {"counts": [-5, H * W + 5]}), "counts"),
        (content(GOOD | {"counts": None}), "list of polygons"),
    ],
)
def test_a_faulty_file_is_named_with_its_place(put, coco, message):
    path = put(coco)
    with pytest.raises(InputError, match=message) as caught:
        CocoScenes(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_wrong_height_are_refused(tmp_path, put):
    with pytest.raises(InputError, match="there is none"):
        CocoScenes(tmp_path / "none.json")
    with pytest.raises(InputError, match="height"):
        CocoScenes(put(content()), height=0)


def test_an_image_of_another_size_than_stated_is_named(put):
    scenes = CocoScenes(put(content(height=H + 1)))
    with pytest.raises(InputError, match=r"a.png: image 7 .*expected 21x30 pixels, the file has 20x30"):
        scenes[0]


def test_an_unreadable_image_is_named(put, tmp_path):
    scenes = CocoScenes(put(content()))
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"a.png: image 7"):
        scenes[0]


def two_images(tmp_path, names, sizes):
    images = []
    for number, (name, size) in enumerate(zip(names, sizes, strict=True)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_png(tmp_path / name, np.zeros((*size, 3), np.uint8))
        images.append({"id": number, "file_name": name, "height": size[0], "width": size[1]})
    path = tmp_path / "two.json"
    path.write_text(json.dumps({"images": images, "annotations": []}))
    return path


def test_images_of_several_shapes_are_black_and_background_beside_what_they_show(tmp_path):
    sizes = [(20, 30), (40, 30), (20, 30)]
    path = two_images(tmp_path, ["a.png", "b.png", "c.png"], sizes)
    whole = json.loads(path.read_text())
    for number, (height, width) in enumerate(sizes):
        cv2.imwrite(str(tmp_path / "abc"[number]) + ".png", np.full((height, width, 3), 99, np.uint8))
        everything = {"size": [height, width], "counts": [0, height * width]}
        whole["annotations"].append({"id": number, "image_id": number, "segmentation": everything})
    path.write_text(json.dumps(whole))
    for height, size, shown in ((None, (40, 30), sizes), (10, (10, 15), [(10, 15), (10, 8), (10, 15)])):
        scenes = CocoScenes(path, height).subset([2, 1])
        for scene, (rows, columns) in zip(scenes, (shown[2], shown[1]), strict=True):
            inside = np.zeros(size, bool)
            inside[:rows, :columns] = True
            np.testing.assert_array_equal(scene.image, np.where(inside, 99, 0)[..., None].repeat(3, 2))
            np.testing.assert_array_equal(scene.ids, inside)
        assert {(image["height"], image["width"]) for image in scenes.truth()["images"]} == {scenes.size} == {size}


@pytest.mark.parametrize("layout", ["beside", "own"])
def test_images_lie_beside_a_folder_of_annotations_or_where_it_is_said(tmp_path, layout):
    for name in ("set/annotations", "set/images", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    path = tmp_path / "set/annotations/x.json"
    path.write_text(json.dumps(content()))
    with pytest.raises(InputError, match=r"expected the file .*set/annotations/images/a\.png or .*set"):
        CocoScenes(path)
    folder = tmp_path / ("set/images" if layout == "beside" else "elsewhere")
    write_png(folder / "a.png", np.full((H, W, 3), 255, np.uint8))
    assert CocoScenes(path, images=None if layout == "beside" else folder)[0].image.all()


def test_what_is_left_out_is_counted_aloud(put, caplog):
    coco = content(rle(box(0, 9, 0, 9)), rle(box(0, 0, 0, 0)), [], rle(box(1, 3, 1, 3)), [[1, 1, 9, 1, 9, 9]])
    coco["annotations"][0]["iscrowd"] = 1
    CocoScenes(put(coco))
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "1 of 5 annotations are left out: they are marked as crowds (iscrowd 1; masks drawn with a brush often are, "
        "and count once they have iscrowd 0)",
        "2 of 5 annotations are left out: their masks have no pixel",
    ]


def test_of_a_whole_file_nothing_is_said(put, caplog):
    CocoScenes(put(content(rle(box(0, 9, 0, 9)))))
    assert not caplog.records


def test_names_must_differ_without_folder_and_ending(tmp_path):
    path = two_images(tmp_path, ["x/a.png", "y/a.png"], [(20, 30), (20, 30)])
    with pytest.raises(InputError, match=r"image 1: field file_name: .*image 0"):
        CocoScenes(path)


def test_only_one_image_is_read_at_a_time(written, monkeypatch):
    read = []
    monkeypatch.setattr(cv2, "imdecode", lambda data, how, real=cv2.imdecode: read.append(0) or real(data, how))
    scenes = CocoScenes(written[1])
    scenes.truth()
    assert read == []
    next(iter(scenes))
    assert len(read) == 1


@pytest.mark.parametrize("seed", range(20))
def test_a_polygon_that_leaves_the_image_is_cut_off_at_its_edge(put, seed):
    """Against the same polygon in an image so large that it lies within."""
    rng = np.random.default_rng(seed)
    points = rng.integers((-W, -H), (2 * W, 2 * H), (5, 2)).astype(float)
    around = coco_mask.frPyObjects([(points + np.array((W, H))).ravel().tolist()], 3 * H, 3 * W)
    expected = coco_mask.decode(coco_mask.merge(around))[H : 2 * H, W : 2 * W]
    found = CocoScenes(put(content([points.ravel().tolist()]))).ids(0)
    assert ((found > 0) != expected.astype(bool)).mean() < 0.04  # pycocotools rounds outlines by a pixel
