import dataclasses
import hashlib

import numpy as np
import pytest

from graspbook.data.cityscapes import Streets
from graspbook.world.aisle.collect import VIEWS, Drives, collect_streets
from tests.world.aisle.small import small

COUNTS = {"train": 5, "val": 2}


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.png"))
    }


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aisle")
    return collect_streets(folder / "set", COUNTS, small(), 1, workers=1, scratch_dir=folder / "scratch")


def test_the_number_of_workers_changes_nothing(collected, tmp_path):
    again = collect_streets(tmp_path / "set", COUNTS, small(), 1, workers=2, scratch_dir=tmp_path)
    assert contents(again) == contents(collected)


def test_drives_are_disjoint_between_splits_and_counts_are_met(collected):
    train, validation = Streets(collected, "train"), Streets(collected, "val")
    assert (len(train), len(validation)) == (5, 2)
    assert train.cities == ("train00000", "train00000", "train00001", "train00001", "train00002")
    assert not set(train.cities) & set(validation.cities)
    images = [hashlib.sha256(street.image).hexdigest() for part in (train, validation) for street in part]
    assert len(set(images)) == 7


def test_what_is_read_is_what_was_seen(collected, tmp_path):
    with np.load(Drives(small(), 1).store(0, tmp_path) / VIEWS) as stored:
        seen = dict(stored)
    street = Streets(collected, "train")[1]
    np.testing.assert_array_equal(street.image, seen["image"][1])
    np.testing.assert_array_equal(street.classes, seen["classes"][1])
    for value in np.unique(seen["instances"][1]):
        assert len(np.unique(street.instances[seen["instances"][1] == value])) == 1
    assert street.instances.max() == len(np.unique(seen["instances"][1])) - 1


def test_a_finished_drive_is_not_driven_again(tmp_path, monkeypatch):
    path = Drives(small(), 1).store(0, tmp_path)
    monkeypatch.setattr("graspbook.world.aisle.collect.run_drive", lambda *_: pytest.fail("driven again"))
    assert Drives(small(), 1).store(0, tmp_path) == path


def test_the_scratch_key_changes_with_world_and_seed():
    drives = Drives(small(), 1)
    others = [Drives(small(), 2), Drives(dataclasses.replace(small(), noise=0.123), 1)]
    assert len({drives.key(), *(other.key() for other in others)}) == 3
    assert Drives(small(), 1).key() == drives.key()
