import subprocess

import pytest

from graspbook.core.errors import InputError
from graspbook.pipeline.revision import Revision


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one.txt").write_bytes(b"one\n")
    (tmp_path / "a b.txt").write_bytes(b"")
    for arguments in (["init"], ["add", "."], ["commit", "-m", "a run"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_files_are_listed_read_and_recognised(repository):
    found = Revision(repository)
    assert found.files() == ["a b.txt", "a/one.txt"] and found.files("a") == found.files("a/one.txt") == ["a/one.txt"]
    (repository / "a/one.txt").write_bytes(b"two\n")
    assert found.read("a/one.txt") == b"one\n" and found.read("b") is None
    assert found.has("a/one.txt", b"one\n") and found.has("a b.txt", b"")
    assert not found.has("a/one.txt", b"two\n") and not found.has("b", b"")


def test_a_revision_that_is_not_there_is_named(repository):
    with pytest.raises(InputError, match="git knows no revision 'v9'"):
        Revision(repository, "v9")
