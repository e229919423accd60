import os

import pytest

from graspbook.core.errors import InputError
from graspbook.core.workers import VARIABLE, worker_count


def test_the_environment_says_how_many(monkeypatch):
    monkeypatch.setenv(VARIABLE, "7")
    assert worker_count() == 7


def test_without_it_there_is_one_per_core_of_this_process(monkeypatch):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 3}, raising=False)
    assert worker_count() == 3


@pytest.mark.parametrize("text", ["", "0", "-1", "two", "1.5", "²"])
def test_anything_but_a_positive_whole_number_is_refused_by_name(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(InputError, match=f"{VARIABLE}: expected a positive whole number"):
        worker_count()
