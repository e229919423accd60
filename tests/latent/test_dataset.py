import json

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.data.coco import LabelledScene, write_scenes
from graspbook.latent.dataset import load_images


@pytest.fixture
def annotations(tmp_path):
    """Two images of 12x16 with two instances and none; the instances get categories 7 and 3."""
    rng = np.random.default_rng(0)
    ids = np.zeros((2, 12, 16), np.uint16)
    ids[0, 2:6, 2:7], ids[0, 7:11, 8:15] = 1, 2
    scenes = [LabelledScene(f"s{k}", rng.integers(0, 255, (12, 16, 3)).astype(np.uint8), ids[k]) for k in range(2)]
    path = write_scenes(tmp_path / "set", scenes, [0, 1])
    content = json.loads(path.read_text())
    content["categories"] = [{"id": 7, "name": "sink"}, {"id": 3, "name": "bowl"}]
    for note, kind in zip(content["annotations"], (7, 3), strict=True):
        note["category_id"] = kind
    path.write_text(json.dumps(content))
    return path


def test_masks_and_classes_come_as_they_are_labelled(annotations):
    images = load_images(annotations)
    own = images.instances(0)
    assert own.classes.tolist() == [1, 0] and own.masks.sum((1, 2)).tolist() == [20, 28]
    assert len(images.instances(1)) == 0 and images.groups.tolist() == [0, 1]


def test_mirrored_masks_go_with_their_images(annotations):
    images = load_images(annotations)
    plain = images.batch([0, 1])
    turned = images.batch([0, 1], np.array([[True, False], [True, True]]))
    torch.testing.assert_close(turned.images[0], plain.images[0].flip(2))
    torch.testing.assert_close(turned.images[1], plain.images[1].flip(1, 2))
    torch.testing.assert_close(turned.masks[0], plain.masks[0].flip(2))
    assert [len(masks) for masks in turned.masks] == [2, 0]
    assert images.subset([1, 0]).batch([1]).classes[0].tolist() == [1, 0]


def test_a_category_that_is_no_number_is_refused(annotations):
    content = json.loads(annotations.read_text())
    content["annotations"][0]["category_id"] = "sink"
    annotations.write_text(json.dumps(content))
    with pytest.raises(InputError, match="category_id"):
        load_images(annotations)


def test_a_subset_keeps_what_belongs_to_its_images(annotations):
    images, some = load_images(annotations), load_images(annotations).subset([1, 0])
    assert some.groups.tolist() == images.groups[::-1].tolist()
    for k in (0, 1):
        np.testing.assert_array_equal(some.instances(k).masks, images.instances(1 - k).masks)
        np.testing.assert_array_equal(some.classes[k], images.classes[1 - k])
