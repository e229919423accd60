import subprocess
import sys

import pytest

from graspbook.data.atomic import new_file, new_folder, write_text
from graspbook.errors import InputError


def fill(out, text):
    with new_folder(out, "marker") as folder:
        assert not out.exists() or not (out / text).exists()
        (folder / "marker").touch()
        (folder / text).touch()


def test_a_folder_takes_its_name_when_it_is_whole_and_replaces_an_earlier_one(tmp_path):
    for text in ("first", "second"):
        fill(tmp_path / "deep/out", text)
        assert sorted(path.name for path in (tmp_path / "deep/out").iterdir()) == sorted(["marker", text])
        assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_an_empty_folder_is_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "new")
    assert (tmp_path / "out/new").exists()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_block_leaves_nothing(tmp_path, error):
    with pytest.raises(error), new_folder(tmp_path / "out", "marker") as folder:
        (folder / "half").touch()
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("leftover", [".out.partial", ".out.old"])
def test_what_a_killed_run_left_is_cleared(tmp_path, leftover):
    (tmp_path / leftover).mkdir()
    (tmp_path / leftover / "stale").touch()
    fill(tmp_path / "out", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not (tmp_path / "out/stale").exists()


def test_anybody_elses_folder_or_file_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/thesis").touch()
    (tmp_path / "file").touch()
    for name in ("folder", "file"):
        with pytest.raises(InputError, match=f"{name}: exists and holds no marker"):
            fill(tmp_path / name, "new")
    assert (tmp_path / "folder/thesis").exists() and (tmp_path / "file").exists()


def test_a_file_takes_its_name_when_it_is_whole_and_replaces_an_earlier_one(tmp_path):
    out = tmp_path / "deep/out.txt"
    for text in ("first", "second"):
        with new_file(out) as partial:
            assert partial != out and not partial.exists() and partial.parent == out.parent
            partial.write_text(text)
            assert not out.exists() or out.read_text() != text
        assert out.read_text() == text
        assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_file_leaves_what_was_there(tmp_path, error):
    write_text(tmp_path / "out", "old")
    with pytest.raises(error), new_file(tmp_path / "out") as partial:
        partial.write_text("half")
        raise error
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text() == "old"


def test_text_is_written_as_utf_8_without_carriage_returns(tmp_path):
    write_text(tmp_path / "out", "§ one\ntwo\n")
    assert (tmp_path / "out").read_bytes() == "§ one\ntwo\n".encode()


def test_writing_a_text_loads_no_large_library():
    code = "import sys, graspbook.data.atomic; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "matplotlib", "cv2", "torch"} & set(modules)
