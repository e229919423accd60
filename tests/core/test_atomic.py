import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from graspbook.core.atomic import check_apart, new_file, new_folder, scratch_folder, write_text
from graspbook.core.errors import InputError
from graspbook.core.manifest import manifest_of


def fill(out, text, make=new_folder):
    with make(out) as folder:
        assert not out.exists() or not (out / text).exists()
        (folder / text).write_text(text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def kill_while_making(out, *lines):
    """A process that makes a folder and is killed, with SIGKILL, where it prints."""
    script = """
        import sys
        from pathlib import Path
        from graspbook.core import atomic

        out = Path(sys.argv[1])
        def stop(*_):
            print("here", flush=True)
            sys.stdin.read()
        LINES
        with atomic.new_folder(out) as folder:
            (folder / "half").touch()
            stop()
    """
    script = textwrap.dedent(script).replace("LINES", "\n".join(lines))
    command = [sys.executable, "-c", script, str(out)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_folder_takes_its_name_when_it_is_whole_and_replaces_an_earlier_one(tmp_path):
    out = tmp_path / "deep/out"
    for text in ("first", "second"):
        fill(out, text)
        assert names(out) == [text]
        assert names(tmp_path / "deep") == sorted(["out", manifest_of(out).name])


def test_an_empty_folder_is_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "new")
    assert (tmp_path / "out/new").exists()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("make", [new_folder, scratch_folder])
def test_an_interrupted_block_leaves_nothing(tmp_path, make, error):
    with pytest.raises(error), make(tmp_path / "out") as folder:
        (folder / "half").touch()
        raise error
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_cleared(tmp_path):
    kill_while_making(tmp_path / "out")
    assert len(names(tmp_path)) == 1 and "partial" in names(tmp_path)[0]
    fill(tmp_path / "out", "new")
    assert names(tmp_path) == sorted(["out", ".out.manifest"])


@pytest.mark.parametrize("make", [new_folder, scratch_folder])
def test_what_a_living_process_is_writing_is_left_alone(tmp_path, make):
    with make(tmp_path / "out") as first:
        (first / "text").write_text("first")
        with make(tmp_path / "out") as second:
            (second / "text").write_text("second")
            assert (first / "text").exists()
    (text,) = (tmp_path / "out").iterdir()
    assert text.read_text() == ("first" if make is new_folder else "second"), "the last, or in scratch the first, done"
    assert not [name for name in names(tmp_path) if "partial" in name or "old" in name]


def test_an_old_folder_is_there_until_the_new_one_bears_its_name(tmp_path):
    """Killed between the two renames: the old one was moved aside, and comes back."""
    fill(tmp_path / "out", "old")
    patched = """
rename, targets = atomic.os.replace, []
def replace(source, target):
    targets.append(target)
    if targets.count(out) == 2:
        print("here", flush=True)
        sys.stdin.read()
    rename(source, target)
atomic.os.replace = replace
stop = lambda: None
"""
    kill_while_making(tmp_path / "out", patched)
    old = [path for path in tmp_path.iterdir() if "old-" in path.name]
    assert names(old[0]) == ["old"], "moved aside, not deleted, until the new one is in place"
    with pytest.raises(RuntimeError), new_folder(tmp_path / "out"):
        assert names(tmp_path / "out") == ["old"], "the next run puts it back"
        raise RuntimeError
    fill(tmp_path / "out", "new")
    assert names(tmp_path / "out") == ["new"]


def test_anybody_elses_folder_or_file_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/scores.csv").touch()
    (tmp_path / "file").touch()
    for name, complaint in (("folder", "folder: holds scores.csv, which was not made here"), ("file", "is no folder")):
        with pytest.raises(InputError, match=complaint):
            fill(tmp_path / name, "new")
    assert (tmp_path / "folder/scores.csv").exists() and (tmp_path / "file").exists()


@pytest.mark.parametrize("change", ["another file", "a changed file", "a link", "a renamed file"])
def test_a_folder_made_here_that_somebody_has_changed_is_not_replaced(tmp_path, change):
    out = tmp_path / "out"
    fill(out, "made")
    if change == "another file":
        (out / "deep").mkdir()
        (out / "deep/thesis.tex").touch()
    elif change == "a changed file":
        (out / "made").write_text("made better")
    elif change == "a link":
        (out / "link").symlink_to("/nowhere")
    else:
        (out / "made").rename(out / "kept")
    before = names(out)
    with pytest.raises(InputError, match="which was not made here; not replacing it"):
        fill(out, "new")
    assert names(out) == before


def test_a_file_that_somebody_puts_there_meanwhile_is_kept_and_so_is_the_work(tmp_path):
    out = tmp_path / "out"
    fill(out, "old")
    with pytest.raises(InputError, match=r"holds thesis\.tex.* what was made now lies in") as raised:
        with new_folder(out) as folder:
            (folder / "new").touch()
            (out / "thesis.tex").touch()
    assert names(out) == ["old", "thesis.tex"]
    assert names(Path(str(raised.value).rpartition("lies in ")[2])) == ["new"]


def test_a_faulty_manifest_lists_nothing(tmp_path):
    fill(tmp_path / "out", "made")
    for text in ("", "[1]", "{}", json.dumps([{"made": ["no", "hash"]}])):
        manifest_of(tmp_path / "out").write_text(text)
        with pytest.raises(InputError, match="was not made here"):
            fill(tmp_path / "out", "new")


def test_through_a_symbolic_link_the_folder_that_it_leads_to_is_made_again_and_again(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "far/out")
    for text in ("first", "second"):
        with new_folder(tmp_path / "link") as folder:
            (folder / text).touch()
        assert (tmp_path / "link").is_symlink() and names(tmp_path / "far/out") == [text]


@pytest.mark.parametrize("out", ["", ".", "..", "/", "file/x", "file", "loop"])
def test_where_no_folder_can_be_made_it_is_said_before_anything_is_done(tmp_path, monkeypatch, out):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("file").write_text("kept")
    Path("loop").symlink_to("loop")
    with pytest.raises(InputError), new_folder(Path(out)):
        raise AssertionError("the work begins")
    assert Path("file").read_text() == "kept"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_disk_that_is_full_or_read_only_is_named_in_a_sentence(tmp_path, number):
    for make in (new_folder, scratch_folder, new_file):
        with pytest.raises(InputError, match=f"out: cannot be written: {os.strerror(number)}"):
            with make(tmp_path / "out"):
                raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_is_named_in_the_words_of_safetensors(tmp_path):
    with pytest.raises(InputError, match=r"/out: cannot be written: .*No space left"), scratch_folder(tmp_path / "out"):
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize("given", ["out", "out/a.json", "out/deep/a.json"])
def test_a_folder_that_is_read_is_not_replaced(tmp_path, given):
    with pytest.raises(InputError, match=r"is read, and would be lost when .*out is replaced"):
        check_apart(tmp_path / "out", None, tmp_path / "outer", tmp_path / given)
    check_apart(tmp_path / "out", None, tmp_path / "outer", tmp_path)


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
    code = "import sys, graspbook.core.atomic; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "matplotlib", "cv2", "torch"} & set(modules)
