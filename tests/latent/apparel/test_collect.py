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
from graspbook.world.totes.scene import muted
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


def test_validation_has_prints_of_the_training_and_totes_of_its_own(folder):
    assert (
        _tools(str(folder / "data"), "validation", 0.3)[1].tolist()
        == _tools(str(folder / "data"), "train", 0.3)[1].tolist()
    )
    assert len({Totes(split, CONFIG, "data").seed for split in ("train", "validation", "test")}) == 3
    later = dataclasses.replace(CONFIG, seed=CONFIG.seed + 1)
    assert Totes("test", CONFIG, str(folder / "data")).key() != Totes("validation", later, str(folder / "data")).key()


def test_no_two_totes_of_a_split_are_alike(folder):
    images = load_images(folder / "out/train/annotations.json").images
    assert all((images[k] != images[j]).any() for k in range(3) for j in range(k))


def test_prints_are_as_strong_as_the_settings_say(folder, monkeypatch):
    strengths = []
    monkeypatch.setattr(
        "graspbook.latent.apparel.collect.muted",
        lambda catalogue, contrast: strengths.append(contrast) or muted(catalogue, contrast),
    )
    _tools.__wrapped__(str(folder / "data"), "train", 0.125)
    assert strengths == [0.125]
