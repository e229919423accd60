"""Labelled sets pasted at one size and shrunk to another."""

import itertools

import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes, LabelledScene, resize_ids, write_scenes
from graspbook.selfsup.instance_segmentation import pasted_scenes as module
from graspbook.selfsup.instance_segmentation.pasted_scenes import composites, keep_pasted_scenes, pasted_scenes
from graspbook.selfsup.pasting.bank import ObjectBank, bank_of_scenes
from graspbook.selfsup.pasting.config import PasteConfig
from graspbook.selfsup.pasting.paste import boundary, paste

SIZE = (20, 30)
PASTING = PasteConfig(min_objects=1, max_objects=4, rotation=360.0, min_scale=0.75, max_scale=1.25, min_area=0.0)


class Whiten:
    """Stands in for an inpainter: paints masks white, and keeps what it was given."""

    def __init__(self):
        self.masks, self.drawn = [], []

    def __call__(self, images, masks, generator):
        self.masks += list(masks)
        self.drawn.append(generator.initial_seed())
        images = images.copy()
        images[masks] = 255
        return images


@pytest.fixture
def scenes(tmp_path):
    rng = np.random.default_rng(0)

    def make(number):
        ids = np.zeros((40, 60), np.uint16)
        ids[5:17, 8:22], ids[20:33, 30:48] = 1, 2
        return LabelledScene(f"scene-{number}", rng.integers(0, 200, (40, 60, 3), dtype=np.uint8), ids)

    return CocoScenes(write_scenes(tmp_path / "scenes", map(make, range(3)), [4, 4, 9]))


@pytest.fixture
def bank(scenes, tmp_path):
    return ObjectBank(bank_of_scenes(scenes, tmp_path / "bank.parquet", 1))


def test_each_scene_in_turn_is_pasted_on_shrunk_and_labelled(scenes, bank):
    made = list(pasted_scenes(scenes, bank, 11, 7, PASTING, SIZE))
    assert [scene.name for scene in made] == [f"{k:06d}" for k in range(11)]
    for k, scene in enumerate(made):
        composite = paste(scenes[k % 3], bank, np.random.default_rng([7, k]), PASTING)
        assert np.array_equal(scene.image, cv2.resize(composite.image, SIZE[::-1], interpolation=cv2.INTER_AREA))
        assert np.array_equal(scene.ids, resize_ids(composite.ids, SIZE))


def test_a_longer_set_begins_with_the_shorter_one(scenes, bank):
    painter = Whiten()
    short, long = (list(pasted_scenes(scenes, bank, n, 1, PASTING, SIZE, painter, 5.0)) for n in (9, 17))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(short, long, strict=False))


def test_inpainting_changes_bands_and_nothing_else(scenes, bank):
    painter = Whiten()
    plain = list(pasted_scenes(scenes, bank, 10, 3, PASTING, (40, 60)))
    painted = list(pasted_scenes(scenes, bank, 10, 3, PASTING, (40, 60), painter, 80.0))
    for k, (before, after) in enumerate(zip(plain, painted, strict=True)):
        zone = boundary(paste(scenes[k % 3], bank, np.random.default_rng([3, k]), PASTING), 80.0)
        assert np.array_equal(painter.masks[k], zone) and zone.any()
        assert np.array_equal(before.ids, after.ids)
        assert np.array_equal(after.image[~zone], before.image[~zone]) and (after.image[zone] == 255).all()
    assert len(painter.drawn) == len(set(painter.drawn)) == 2  # batches of eight draw noise of their own


def test_what_cannot_be_made_is_refused(scenes, bank):
    with pytest.raises(InputError, match="dilate: expected pixels"):
        next(pasted_scenes(scenes, bank, 1, 0, PASTING, SIZE, Whiten()))
    with pytest.raises(InputError, match="scenes: expected at least one"):
        next(composites(scenes.subset([]), bank, 0, PASTING))


def test_a_kept_set_is_made_once_and_says_which_bins_it_shows(scenes, bank, tmp_path, monkeypatch):
    kept = keep_pasted_scenes(tmp_path, scenes, bank, 5, 7, PASTING, SIZE)
    expected = list(pasted_scenes(scenes, bank, 5, 7, PASTING, SIZE))
    assert kept.groups.tolist() == [4, 4, 9, 4, 4]
    for scene, made in zip(kept, expected, strict=True):
        assert np.array_equal(scene.image, made.image) and np.array_equal(scene.ids > 0, made.ids > 0)

    def refuse(*_):
        raise AssertionError("made again")

    monkeypatch.setattr(module, "write_scenes", refuse)
    again = keep_pasted_scenes(tmp_path, scenes, bank, 5, 7, PASTING, SIZE)
    assert again.path == kept.path


def test_other_settings_make_other_sets(scenes, bank, tmp_path):
    calls = [
        (scenes, 2, 7, PASTING, None, None),
        (scenes, 3, 7, PASTING, None, None),
        (scenes, 2, 8, PASTING, None, None),
        (scenes.subset([1, 2]), 2, 7, PASTING, None, None),
        (scenes, 2, 7, PASTING, Whiten(), 5.0),
    ]
    paths = {keep_pasted_scenes(tmp_path, s, bank, n, seed, p, SIZE, *more).path for s, n, seed, p, *more in calls}
    assert len(paths) == len(calls)


def test_an_interrupted_set_is_not_taken_for_a_whole_one(scenes, bank, tmp_path, monkeypatch):
    whole = module.pasted_scenes

    def interrupted(scenes, bank, count, *rest):
        if count == 1:  # what names the set
            return whole(scenes, bank, count, *rest)
        return itertools.chain(itertools.islice(whole(scenes, bank, count, *rest), 2), _fail())

    def _fail():
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(module, "pasted_scenes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        keep_pasted_scenes(tmp_path, scenes, bank, 5, 7, PASTING, SIZE)
    assert not list(tmp_path.glob("pasted/*/annotations.json"))
    monkeypatch.setattr(module, "pasted_scenes", whole)
    assert len(keep_pasted_scenes(tmp_path, scenes, bank, 5, 7, PASTING, SIZE)) == 5
