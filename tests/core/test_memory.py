import psutil
import pytest

from graspbook.core import memory
from graspbook.core.errors import InputError
from graspbook.core.memory import check_memory, free_memory


def test_what_is_free_is_what_the_system_says(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert free_memory() == pytest.approx(psutil.virtual_memory().available, rel=0.2)


def test_a_container_may_have_less(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    for name, text in (("max", "3000"), ("current", "2500"), ("stat", "anon 5\ninactive_file 400\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert free_memory() == 900
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory() > 10**6


def test_too_much_is_refused_and_what_is_not_known_is_not(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 2 * 10**9)
    check_memory(10**9, "this")
    with pytest.raises(InputError, match=r"^this would take about 3 GB of memory; 2\.0 GB are free"):
        check_memory(3e9, "this")
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    check_memory(1e30, "this")
