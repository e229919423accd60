import os
import pty
import threading

from graspbook.core.progress import TERMINAL_VARIABLE, progress, terminal_path


def test_elements_pass_through_in_order_and_lazily(monkeypatch):
    monkeypatch.setenv(TERMINAL_VARIABLE, "")
    taken = []
    bar = progress((taken.append(i) or i for i in range(3)), "counting", total=3)
    assert next(bar) == 0
    assert taken == [0]
    assert list(bar) == [1, 2]


def test_without_a_terminal_nothing_is_written(monkeypatch, capfd):
    monkeypatch.setenv(TERMINAL_VARIABLE, "")
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_a_terminal_that_is_gone_is_no_error(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv(TERMINAL_VARIABLE, str(tmp_path / "gone" / "tty"))
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_the_bar_goes_to_the_named_terminal_and_nowhere_else(monkeypatch, capfd):
    ours, theirs = pty.openpty()
    monkeypatch.setenv(TERMINAL_VARIABLE, os.ttyname(theirs))
    seen = []
    reader = threading.Thread(target=lambda: seen.append(os.read(ours, 4096)))
    reader.start()
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    reader.join(timeout=10)
    os.close(theirs)
    os.close(ours)
    assert b"counting" in seen[0]
    assert capfd.readouterr() == ("", "")


def test_the_variable_decides_which_terminal(monkeypatch):
    monkeypatch.setenv(TERMINAL_VARIABLE, "/dev/pts/99")
    assert terminal_path() == "/dev/pts/99"
