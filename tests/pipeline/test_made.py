import hashlib
from pathlib import Path

import pytest

from graspbook.core.errors import InputError
from graspbook.data.states import States, make_state, write_states
from graspbook.pipeline.made import list_made


def made(root, *paths):
    list_made(root, [Path(path) for path in paths], root / "made.csv")
    return [line.split(",") for line in (root / "made.csv").read_text().splitlines()[1:]]


def test_a_file_is_listed_with_the_hash_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert made(tmp_path, "a") == [["a", hashlib.md5(b"abc").hexdigest(), "3", "1"]]


def test_a_folder_changes_its_hash_with_any_name_or_byte_in_it(tmp_path):
    (tmp_path / "d/e").mkdir(parents=True)
    (tmp_path / "d/e/one").write_bytes(b"1")
    (tmp_path / "d/two").write_bytes(b"22")
    [first] = made(tmp_path, "d")
    assert first[2:] == ["3", "2"]
    (tmp_path / "d/two").write_bytes(b"23")
    [other] = made(tmp_path, "d")
    (tmp_path / "d/two").rename(tmp_path / "d/three")
    [renamed] = made(tmp_path, "d")
    assert len({first[1], other[1], renamed[1]}) == 3


def test_what_is_not_there_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    for path in ("none", "empty"):
        with pytest.raises(InputError, match=f"{path}: the notebook should have made this"):
            made(tmp_path, path)


NAME = "0123456789abcdef-fedcba9876543210"


def keep(path, place, made=NAME):
    states = States("falls", [1], made, {0: make_state({"place": ("<f8", ())}, place=[place])})
    write_states(path, states)
    return f"{states.hash}.{made}"


def test_a_data_set_with_states_is_listed_by_these_and_by_the_code_that_drew_it_whatever_its_last_bits(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/one.png").write_bytes(b"1")
    (tmp_path / "set/two.png").write_bytes(b"22")
    name = keep(tmp_path / "set.states.npz", 0.5)
    here = made(tmp_path, "set", "set.states.npz")
    assert here == [["set", name, "", "2"], ["set.states.npz", name, "", "1"]]
    (tmp_path / "set/two.png").write_bytes(b"another machine")
    assert made(tmp_path, "set", "set.states.npz") == here
    keep(tmp_path / "set.states.npz", 0.25)
    other = made(tmp_path, "set", "set.states.npz")
    keep(tmp_path / "set.states.npz", 0.5, NAME[:-1] + "1")
    assert len({here[0][1], other[0][1], made(tmp_path, "set", "set.states.npz")[0][1]}) == 3
    (tmp_path / "set/three.png").write_bytes(b"3")
    assert made(tmp_path, "set", "set.states.npz")[0][3] == "3"


def test_parts_of_a_data_set_have_states_of_their_own(tmp_path):
    for name in ("aisle", "aisle.old", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.png").write_bytes(b"1")
    names = {part: keep(tmp_path / f"aisle.{part}.states.npz", place) for place, part in enumerate(("train", "val"))}
    paths = ["aisle", "aisle.train.states.npz", "aisle.val.states.npz", "aisle.old", "other"]
    lines = {line[0]: line[1:] for line in made(tmp_path, *paths)}
    assert lines["aisle"] == [f"{names['train']}+{names['val']}", "", "1"]
    for name in ("aisle.old", "other"):
        assert lines[name][0].endswith(".dir") and lines[name][1] == "1"


def test_a_stage_that_names_no_states_is_listed_by_its_bytes_though_there_are_some(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/one.png").write_bytes(b"1")
    before = made(tmp_path, "set")
    keep(tmp_path / "set.states.npz", 0.5)
    assert made(tmp_path, "set") == before and before[0][1].endswith(".dir")


def test_states_that_are_missing_or_damaged_are_named(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/one.png").write_bytes(b"1")
    with pytest.raises(InputError, match=r"set\.states\.npz: missing"):
        made(tmp_path, "set", "set.states.npz")
    (tmp_path / "set.states.npz").write_bytes(b"x")
    with pytest.raises(InputError, match=r"set\.states\.npz: field"):
        made(tmp_path, "set", "set.states.npz")
