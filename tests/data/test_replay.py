"""Episodes that are as chaotic as physics: what is simulated depends on the machine, which here is a variable."""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.core.progress import TERMINAL_VARIABLE
from graspbook.data.collect import Episodes
from graspbook.data.replay import VARIABLE
from graspbook.data.states import make_state, read_states, states_path

MACHINE = "GRASPBOOK_TEST_MACHINE"


@dataclasses.dataclass(frozen=True)
class Falls(Episodes):
    """Where something falls depends on the machine; its picture is drawn from there."""

    kind = "falls"
    fields = {"place": ("<f8", ())}  # noqa: RUF012
    seed: int
    fails_at: int = -1

    def settings(self):
        return [self.seed]

    def record(self, number, folder):
        if number == self.fails_at:
            raise KeyboardInterrupt
        place = np.random.default_rng([self.seed, number]).random() + int(os.environ.get(MACHINE, "0"))
        state = make_state(self.fields, place=[place])
        self.draw(number, state, folder)
        return state

    def draw(self, number, state, folder):
        (folder / "picture.json").write_text(json.dumps([number, state["place"].tolist()]))


@pytest.fixture(autouse=True)
def aloud(monkeypatch):
    monkeypatch.delenv(TERMINAL_VARIABLE, raising=False)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv(MACHINE, raising=False)


def pictures(tmp_path: Path, count=4, keep="replay", workers=1, falls=Falls(3)):
    with falls.collected(tmp_path / "scratch", workers, count, states=file_in(tmp_path), keep=keep) as paths:
        return [json.loads((path / "picture.json").read_text()) for path in paths]


def file_in(tmp_path):
    return states_path(tmp_path / "set")


def test_without_states_all_is_as_it_was(tmp_path):
    plain = pictures(tmp_path, keep=None)
    assert plain == pictures(tmp_path) and not any((tmp_path / "scratch").iterdir())


def test_what_one_machine_kept_another_draws(tmp_path, monkeypatch, capsys):
    first = pictures(tmp_path)
    assert "set.states.npz: replayed 0 of 4 episodes, simulated 4" in capsys.readouterr().err
    before = file_in(tmp_path).read_bytes()
    monkeypatch.setenv(MACHINE, "1")
    assert pictures(tmp_path, keep=None) != first, "simulated anew, this machine's are others"
    assert pictures(tmp_path) == first
    assert "replayed 4 of 4 episodes\n" in capsys.readouterr().err
    assert file_in(tmp_path).read_bytes() == before


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_simulating_anew_replaces_the_states(tmp_path, monkeypatch, capsys, how):
    first, kept = pictures(tmp_path), read_states(file_in(tmp_path)).hash
    monkeypatch.setenv(MACHINE, "1")
    if how == "variable":
        monkeypatch.setenv(VARIABLE, "1")
    anew = pictures(tmp_path, keep="replay" if how == "variable" else "simulate")
    assert anew != first and anew == pictures(tmp_path, keep=None)
    assert read_states(file_in(tmp_path)).hash != kept
    assert "replayed 0 of 4 episodes, simulated 4" in capsys.readouterr().err


def test_where_states_are_missing_episodes_are_simulated_and_kept(tmp_path, monkeypatch, capsys):
    first = pictures(tmp_path, 2)
    monkeypatch.setenv(MACHINE, "1")
    more = pictures(tmp_path, 5)
    assert more[:2] == first and more[2:] == pictures(tmp_path, 5, keep=None)[2:]
    assert "replayed 2 of 5 episodes, simulated 3" in capsys.readouterr().err
    monkeypatch.setenv(MACHINE, "2")
    assert pictures(tmp_path, 5) == more


def test_the_file_has_the_states_of_the_episodes_that_were_taken_whatever_was_simulated_ahead(tmp_path):
    # the only test with two workers: they keep the variables that they were started with
    for folder, workers in (("one", 1), ("two", 2)):
        path = states_path(tmp_path / folder)
        for _ in ("simulated", "drawn"):
            with Falls(3).collected(tmp_path / "scratch", workers, states=path, keep="replay") as paths:
                for _ in range(3):
                    next(paths)
            assert list(read_states(path).episodes) == [0, 1, 2]
    assert states_path(tmp_path / "one").read_bytes() == states_path(tmp_path / "two").read_bytes()


def test_a_run_that_was_killed_goes_on_and_leaves_states_only_when_all_is_done(tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        pictures(tmp_path, falls=Falls(3, fails_at=2))
    assert not file_in(tmp_path).exists()
    recorded, record = [], Falls.record
    monkeypatch.setattr(Falls, "record", lambda *given: recorded.append(given[1]) or record(*given))
    expected = pictures(tmp_path)
    assert recorded == [2, 3] and list(read_states(file_in(tmp_path)).episodes) == [0, 1, 2, 3]
    assert pictures(tmp_path, keep=None) == expected


def test_states_of_other_data_are_refused_before_any_work_and_the_error_says_what_helps(tmp_path):
    pictures(tmp_path)
    before = file_in(tmp_path).read_bytes()
    with pytest.raises(InputError, match=rf"set\.states\.npz: field settings\.0: .* {VARIABLE}=1"):
        pictures(tmp_path, falls=Falls(4))
    file_in(tmp_path).write_bytes(before[:-30])
    with pytest.raises(InputError, match=r"set\.states\.npz: field"):
        pictures(tmp_path)
    assert not any((tmp_path / "scratch").iterdir())


@pytest.mark.parametrize("machine", ["0", "1"])
def test_other_code_than_that_which_kept_them_is_told_and_tried_on_one_episode(tmp_path, monkeypatch, capsys, machine):
    first, kept = pictures(tmp_path), read_states(file_in(tmp_path))
    monkeypatch.setattr(Falls, "key", lambda _: "0" * 16 + "-" + "1" * 16)
    monkeypatch.setenv(MACHINE, machine)
    capsys.readouterr()
    assert pictures(tmp_path) == first
    told = capsys.readouterr().err
    assert ("simulates the same" in told) == (machine == "0") and ("simulates another one" in told) == (machine == "1")
    again = read_states(file_in(tmp_path))
    assert again.hash == kept.hash and again.made == "0" * 16 + "-" + "1" * 16


@pytest.mark.parametrize(("keep", "variable", "message"), [("yes", "0", "keep"), ("replay", "yes", VARIABLE)])
def test_bad_requests_are_named(tmp_path, monkeypatch, keep, variable, message):
    monkeypatch.setenv(VARIABLE, variable)
    with pytest.raises(InputError, match=message):
        pictures(tmp_path, keep=keep)
