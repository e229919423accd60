from graspbook.joint import streets
from tests.conftest import standard


def test_each_split_of_the_simulated_aisle_is_read_from_its_own_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(streets, "Streets", lambda folder, split: (folder, split))
    joint = standard("joint")
    opened = streets.open_splits(joint.data, joint.world, tmp_path)
    assert opened == {"train": (tmp_path, "train"), "validation": (tmp_path, "val"), "test": (tmp_path, "test")}
