import hashlib
from pathlib import Path

import pytest

from graspbook.core.errors import InputError
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
