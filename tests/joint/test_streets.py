import dataclasses

from graspbook.joint import streets
from tests.conftest import standard


def test_each_split_of_the_simulated_aisle_is_read_from_its_own_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(streets, "Streets", lambda folder, split: (folder, split))
    joint = standard("joint")
    opened = streets.open_splits(joint.data, joint.world, tmp_path)
    assert opened == {"train": (tmp_path, "train"), "validation": (tmp_path, "val"), "test": (tmp_path, "test")}


def test_of_a_real_data_set_some_cities_validate_and_none_is_learned_as_well(monkeypatch):
    monkeypatch.setattr(streets, "Streets", lambda *given, **cities: (*given, cities))
    joint = standard("joint")
    data = dataclasses.replace(joint.data, folder="real", validation_cities=["a", "b"])
    size = joint.world.height, joint.world.width
    assert streets.open_splits(data, joint.world, None) == {
        "train": ("real", "train", size, {"without": ["a", "b"]}),
        "validation": ("real", "train", size, {"only": ["a", "b"]}),
        "test": ("real", "val", size, {}),
    }
