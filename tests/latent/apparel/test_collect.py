import dataclasses
import json

import cv2
import numpy as np
import pytest
from safetensors.numpy import save_file

from graspbook.core.errors import InputError
from graspbook.latent.apparel.collect import Totes, _tools, collect_totes
from graspbook.latent.apparel.config import DataConfig
from graspbook.latent.apparel.truth import instances_of, pack_answers, read_answers, unpack_answers
from graspbook.latent.dataset import load_images
from tests.latent.worlds import SMALL_TOTES

pytestmark = pytest.mark.slow

CONFIG = DataConfig(seed=5, n_train=3, n_validation=2, n_test=2, totes=SMALL_TOTES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Small sets of two splits, of a catalogue that has no shapes and twelve textures."""
    root = tmp_path_factory.mktemp("apparel")
    catalogue = root / "data" / "catalogue"
    catalogue.mkdir(parents=True)
    (catalogue / "shapes.json").write_text(json.dumps({"shapes": []}))
    save_file({}, catalogue / "shapes.safetensors")
    tiles = np.random.default_rng(0).integers(40, 220, (128, 128 * 12, 3)).astype(np.uint8)
    cv2.imwrite(str(catalogue / "textures.png"), tiles)
    for split, count in (("train", 3), ("test", 2)):
        collect_totes(root / "out", split, count, CONFIG, 1, root / "data", root / "scratch")
    return root


def test_labels_are_the_answers_that_the_coins_drew(folder):
    images, answers = load_images(folder / "out/train/annotations.json"), read_answers(folder / "out/train-answers.npz")
    assert len(images) == len(answers) == 3
    for number, answer in enumerate(answers):
        labels = answer.labels(CONFIG.totes.least_pixels)
        np.testing.assert_array_equal(images.instances(number).masks, instances_of(labels).masks)
        assert {question.two for question in answer.questions} <= {answer.coin}


def test_more_totes_begin_with_the_same_ones(folder):
    collect_totes(folder / "more", "train", 2, CONFIG, 2, folder / "data", folder / "scratch")
    few, many = (load_images(folder / name / "train/annotations.json") for name in ("more", "out"))
    np.testing.assert_array_equal(few.images, many.images[:2])


def test_splits_share_no_tote_and_no_print(folder):
    train, test = (load_images(folder / f"out/{split}/annotations.json") for split in ("train", "test"))
    for one in train.images:
        assert all((one != other).any() for other in test.images)
    prints = {split: set(_tools(str(folder / "data"), split, 0.3)[1].tolist()) for split in ("train", "test")}
    assert not prints["train"] & prints["test"]


def test_answers_come_back_as_they_were(folder):
    answers = read_answers(folder / "out/train-answers.npz")
    again = unpack_answers(pack_answers(answers))
    assert [a.questions for a in again] == [a.questions for a in answers]
    with pytest.raises(InputError, match="expected the answers"):
        read_answers(folder / "out/nothing.npz")


def test_the_scratch_key_changes_with_all_that_decides_a_tote_and_not_with_how_many_are_wanted(folder, tmp_path):
    totes = Totes("train", CONFIG, str(folder / "data"))
    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    (catalogue / "textures.png").write_bytes(b"others")
    variants = [
        {"split": "test"},
        {"config": dataclasses.replace(CONFIG, seed=6)},
        {"config": dataclasses.replace(CONFIG, totes=dataclasses.replace(SMALL_TOTES, agreement=0.75))},
        {"data_dir": str(tmp_path)},
    ]
    assert len({totes.key(), *(dataclasses.replace(totes, **change).key() for change in variants)}) == 5
    assert dataclasses.replace(totes, config=dataclasses.replace(CONFIG, n_train=9)).key() == totes.key()
