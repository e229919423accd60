import pytest

from graspbook.core.errors import InputError
from graspbook.core.outputs import add_files


def add(out, files, **how):
    with add_files(out, files, **how) as folder:
        for name, text in files.items():
            (folder / name).write_text(text)


def content(out):
    return {path.name: path.read_text() for path in out.glob("[!.]*")}


def test_files_join_what_is_there_and_replace_those_of_earlier_runs(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for version in "12":
        add(tmp_path, {"a": version, "b": version})
        add(tmp_path, {"c": version})
        assert content(tmp_path) == {"a": version, "b": version, "c": version, "mine.txt": "mine"}


@pytest.mark.parametrize("known", [True, False])
def test_a_file_of_the_users_own_is_kept_and_nothing_is_written(tmp_path, known):
    (tmp_path / "b").write_text("mine")
    with (
        pytest.raises(InputError, match=r"/b: is there already and not as an earlier run wrote it; not overwriting"),
        add_files(tmp_path, ["a", "b"] if known else []) as folder,
    ):
        assert not known
        for name in "ab":
            (folder / name).write_text("new")
    assert content(tmp_path) == {"b": "mine"}


def test_a_file_that_was_changed_or_is_a_link_or_a_folder_is_the_users_own(tmp_path):
    (tmp_path / "elsewhere").write_text("mine")
    add(tmp_path, {"a": "1"})
    for spoil in (
        lambda path: path.write_text("edited"),
        lambda path: (path.unlink(), path.symlink_to(tmp_path / "elsewhere")),
        lambda path: (path.unlink(), path.symlink_to(tmp_path / "nowhere")),
        lambda path: (path.unlink(), path.mkdir()),
    ):
        spoil(tmp_path / "a")
        with pytest.raises(InputError, match="not overwriting it"):
            add(tmp_path, {"a": "2"})
    assert (tmp_path / "elsewhere").read_text() == "mine"


def test_what_is_read_is_kept_even_if_an_earlier_run_wrote_it(tmp_path):
    add(tmp_path, {"a": "1"})
    with pytest.raises(InputError, match="/a: is read, and would be overwritten"):
        add(tmp_path, {"a": "2"}, inputs=[tmp_path / "a"])
    assert content(tmp_path) == {"a": "1"}


def test_an_interrupted_block_leaves_nothing(tmp_path):
    for out in (tmp_path / "new", tmp_path / "old"):
        if out.name == "old":
            out.mkdir()
        with pytest.raises(KeyboardInterrupt), add_files(out) as folder:
            (folder / "a").touch()
            raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["old"] and not list((tmp_path / "old").iterdir())


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="/out: exists and is no folder"):
        add(tmp_path / "out", {"a": "1"})


def test_errors_name_the_file_as_it_would_have_been_called(tmp_path):
    with pytest.raises(InputError) as error, add_files(tmp_path) as folder:
        raise InputError(f"{folder / 'a'}: cannot be written")
    assert str(error.value) == f"{tmp_path / 'a'}: cannot be written"
