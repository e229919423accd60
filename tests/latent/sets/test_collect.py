import dataclasses
import json

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.latent.sets.categories import category_names, load_classes
from graspbook.latent.sets.collect import Pictures, collect_set
from graspbook.latent.sets.opened import class_names, open_split
from graspbook.latent.sets.truth import instances_if, pack_answers, read_answers, unpack_answers
from graspbook.world.aisle.classes import THINGS
from graspbook.world.aisle.drive import split_textures
from graspbook.world.hall.things import CLASSES
from tests.latent.sets.small import AISLE, OBJECTS

pytestmark = pytest.mark.slow

SETS = {"objects": OBJECTS, "aisle": AISLE}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Both sets, small."""
    root = tmp_path_factory.mktemp("sets")
    for name, config in SETS.items():
        collect_set(root / name, config, 1, root / "scratch")
    return root


@pytest.mark.parametrize("name", SETS)
def test_labels_are_the_answers_that_the_coins_drew(root, name):
    for split in ("train", "test"):
        images, answers = open_split(SETS[name], root / name, split), read_answers(root / name / f"{split}-answers.npz")
        assert len(images) == len(answers) == getattr(SETS[name], f"n_{split}")
        for number, answer in enumerate(answers):
            truth, labelled = instances_if(answer, SETS[name].labels.least_pixels), images.instances(number)
            np.testing.assert_array_equal(labelled.masks, truth.masks)
            np.testing.assert_array_equal(labelled.classes, truth.classes)


def test_classes_are_those_of_the_world_whichever_are_seen(root):
    assert class_names(OBJECTS, root / "objects") == CLASSES
    assert class_names(AISLE, root / "aisle") == tuple(thing.name for thing in THINGS)


def test_fewer_pictures_begin_with_the_same_ones(root):
    collect_set(root / "fewer", dataclasses.replace(OBJECTS, n_train=2), 2, root / "scratch")
    few, many = (load_classes(root / name / "train/annotations.json") for name in ("fewer", "objects"))
    np.testing.assert_array_equal(few.images, many.images[:2])
    np.testing.assert_array_equal(few.ids, many.ids[:2])


@pytest.mark.parametrize("name", SETS)
def test_splits_share_no_picture_and_no_texture(root, name):
    pictures = [open_split(SETS[name], root / name, split).images for split in ("train", "validation", "test")]
    for one in pictures[0]:
        assert all((one != other).any() for split in pictures[1:] for other in split)
    pools = [split_textures(Pictures(SETS[name], split).seed) for split in ("train", "validation", "test")]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not {t.tobytes() for t in pools[first]} & {t.tobytes() for t in pools[second]}


def test_a_made_set_is_read_by_pycocotools(root):
    from pycocotools.coco import COCO

    file = root / "aisle/train/annotations.json"
    coco = COCO(str(file))
    assert coco.getCatIds() == list(range(1, 9)) == list(category_names(file))
    note = json.loads(file.read_text())["annotations"][0]
    images = load_classes(file)
    np.testing.assert_array_equal(coco.annToMask(note).astype(bool), images.instances(0).masks[0])


@pytest.mark.parametrize("name", SETS)
def test_answers_come_back_as_they_were(root, name):
    answers = read_answers(root / name / "train-answers.npz")
    for one, other in zip(unpack_answers(pack_answers(answers)), answers, strict=True):
        assert one.questions == other.questions
        for field in ("units", "instance", "classes", "asked"):
            np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    with pytest.raises(InputError, match="expected the answers"):
        read_answers(root / "nothing.npz")


def test_the_scratch_key_changes_with_all_that_decides_a_picture_and_not_with_how_many_are_wanted():
    pictures = Pictures(OBJECTS, "train")
    variants = [
        {"split": "test"},
        {"config": AISLE},
        {"config": dataclasses.replace(OBJECTS, seed=OBJECTS.seed + 9)},
        {"config": dataclasses.replace(OBJECTS, world=dataclasses.replace(OBJECTS.world, noise=0.123))},
        {"config": dataclasses.replace(OBJECTS, labels=dataclasses.replace(OBJECTS.labels, agreement=0.75))},
    ]
    assert len({pictures.key(), *(dataclasses.replace(pictures, **change).key() for change in variants)}) == 6
    assert dataclasses.replace(pictures, config=dataclasses.replace(OBJECTS, n_train=99)).key() == pictures.key()
