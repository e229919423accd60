import dataclasses
import json

import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.latent.sets.categories import category_names, load_classes
from graspbook.latent.sets.collect import collect_set
from graspbook.latent.sets.config import RealSet, RealSplit
from graspbook.latent.sets.opened import class_names, open_split
from tests.latent.sets.small import OBJECTS

REAL = RealSet(
    folder="",
    train=RealSplit(annotations="annotations/instances_train2017.json", images="train2017"),
    test=RealSplit(annotations="annotations/instances_val2017.json", images="val2017"),
    height=24,
    width=36,
)


@pytest.fixture
def coco(tmp_path):
    """A folder as COCO has it: polygons, images of two sizes, category ids with gaps, a crowd."""
    rng = np.random.default_rng(0)
    categories = [{"id": number, "name": name} for number, name in ((3, "car"), (1, "person"), (90, "toothbrush"))]
    (tmp_path / "annotations").mkdir()
    for split, count in (("train2017", 5), ("val2017", 2)):
        (tmp_path / split).mkdir()
        images, notes = [], []
        for k in range(1, count + 1):
            height, width = (48, 60) if k % 2 else (60, 48)
            cv2.imwrite(str(tmp_path / split / f"{k:012d}.jpg"), rng.integers(0, 255, (height, width, 3)))
            images.append({"id": k, "file_name": f"{k:012d}.jpg", "height": height, "width": width})
            square = [8, 8, 28, 8, 28, 28, 8, 28]
            about = {"image_id": k, "iscrowd": 0, "segmentation": [square], "category_id": 90 if k % 2 else 3}
            notes.append(about | {"id": 10 * k})
            crowd = {"size": [height, width], "counts": [0, height * width]}
            notes.append(about | {"id": 10 * k + 1, "iscrowd": 1, "segmentation": crowd})
        content = {"images": images, "annotations": notes, "categories": categories}
        (tmp_path / f"annotations/instances_{split}.json").write_text(json.dumps(content))
    return tmp_path


@pytest.fixture
def config(coco):
    real = dataclasses.replace(REAL, folder=str(coco))
    return dataclasses.replace(OBJECTS, n_train=100, n_validation=2, n_test=1, real=real)


def test_a_real_set_is_read_where_it_lies_and_made_to_fit(config, coco):
    train, validation, test = (open_split(config, coco / "nowhere", s) for s in ("train", "validation", "test"))
    assert [len(part) for part in (train, validation, test)] == [3, 2, 1]
    assert train.images.shape == (3, 24, 36, 3)
    own = train.instances(0)  # 48x60 becomes 24x30
    assert own.classes.tolist() == [2] and train.instances(1).classes.tolist() == [1]
    inside = np.zeros((24, 36), bool)
    inside[4:14, 4:14] = True
    assert (own.masks[0] & inside).sum() / (own.masks[0] | inside).sum() > 0.85
    assert not train.images[0, :, 30:].any() and train.images[0, :, :30].any()
    assert not train.images[1, :, 20:].any(), "60x48 becomes 24x19"
    for one in train.images:
        assert all((one != other).any() for other in validation.images), "what is held out is not learned from"
    assert class_names(config, coco) == ("person", "car", "toothbrush")


def test_where_there_is_a_real_set_none_is_made(config, tmp_path):
    collect_set(tmp_path / "made", config, 1, tmp_path / "scratch")
    assert not (tmp_path / "made").exists()


def change(coco, edit, split="train2017"):
    path = coco / f"annotations/instances_{split}.json"
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c.pop("categories"), "train2017.json: field categories"),
        (lambda c: c.update(categories=[]), "train2017.json: field categories"),
        (lambda c: c.update(categories=[{"id": "3", "name": "car"}]), "train2017.json: field categories"),
        (lambda c: c.pop("images"), "train2017.json: field images"),
        (lambda c: c["annotations"][0].update(category_id=7), "annotation 10: field category_id.*got 7"),
        (lambda c: c["images"][0].update(file_name="none.jpg"), "image 1: field file_name.*none.jpg, there is none"),
        (lambda c: c["images"][0].update(height=40), "image 1: field file_name: expected 40x60 pixels"),
    ],
)
def test_what_is_missing_is_named_by_file_and_field(config, coco, edit, message):
    change(coco, edit)
    with pytest.raises(InputError, match=message):
        open_split(config, coco, "train")


def test_a_missing_file_is_named(config, coco):
    (coco / "annotations/instances_val2017.json").unlink()
    with pytest.raises(InputError, match=r"instances_val2017\.json: expected a COCO JSON file, there is none"):
        open_split(config, coco, "test")


def test_both_files_name_the_same_classes(config, coco):
    change(coco, lambda c: c["categories"].pop(), "val2017")
    with pytest.raises(InputError, match=r"val2017\.json: field categories: expected those of"):
        class_names(config, coco)


def test_a_set_smaller_than_what_is_held_out_is_refused(config, coco):
    few = dataclasses.replace(config, n_validation=9)
    with pytest.raises(InputError, match="field images: expected more than 5"):
        open_split(few, coco, "train")


def test_classes_keep_their_numbers_where_one_is_not_shown(coco):
    path = coco / "annotations/instances_val2017.json"
    change(coco, lambda c: c.update(annotations=c["annotations"][:1]), "val2017")
    assert list(category_names(path)) == [1, 3, 90]
    assert load_classes(path, coco / "val2017", (24, 36)).instances(0).classes.tolist() == [2]


def test_some_of_the_images_have_groups_of_their_own(coco):
    file, images = coco / "annotations/instances_train2017.json", coco / "train2017"
    whole = load_classes(file, images, (24, 36))
    some = load_classes(file, images, (24, 36), slice(1, None), 2)
    np.testing.assert_array_equal(some.images, whole.images[1:3])
    assert some.groups.tolist() == whole.groups[1:3].tolist()
