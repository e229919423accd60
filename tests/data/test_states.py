import dataclasses
import json

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.states import States, check_states, make_state, read_states, states_path, write_states

FIELDS = {"poses": ("<f8", (7,)), "ends": ("|i1", ()), "held": ("|b1", (2,))}
SETTINGS = ["train", {"seed": 4, "dials": {"clutter": 12.5}}, (1, 2)]
NAME = "0123456789abcdef-fedcba9876543210"


def state(number):
    rng = np.random.default_rng(number)
    return make_state(FIELDS, poses=rng.normal(size=(number, 7)), ends=rng.integers(5, size=number + 1), held=[])


@pytest.fixture
def states():
    return States("bins", SETTINGS, NAME, {number: state(number) for number in (0, 1, 4)})


def test_states_come_back_bit_by_bit(states, tmp_path):
    write_states(tmp_path / "a", states)
    again = read_states(tmp_path / "a")
    assert (again.scenario, again.made, again.hash) == ("bins", NAME, states.hash)
    assert again.settings == json.loads(json.dumps(SETTINGS))
    check_states(tmp_path / "a", again, "bins", SETTINGS, FIELDS)
    for number, one in states.episodes.items():
        for name, rows in one.items():
            found = again.episodes[number][name]
            assert found.dtype == rows.dtype == np.dtype(FIELDS[name][0]) and found.shape == rows.shape
            assert found.tobytes() == rows.tobytes()


def test_the_same_states_are_the_same_bytes_and_none_are_states_too(states, tmp_path):
    for name in ("a", "b"):
        write_states(tmp_path / name, states)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    write_states(tmp_path / "none", dataclasses.replace(states, episodes={}))
    assert read_states(tmp_path / "none").episodes == {}


def test_the_hash_covers_every_value_and_the_settings_but_neither_the_order_nor_the_code_nor_the_endian(states):
    nudged = {**states.episodes, 4: states.episodes[4] | {"poses": np.nextafter(states.episodes[4]["poses"], 9)}}
    others = [
        {"episodes": nudged},
        {"episodes": {number: states.episodes[number] for number in (0, 1)}},
        {"episodes": {number + 1: one for number, one in states.episodes.items()}},
        {"scenario": "tables"},
        {"settings": [*SETTINGS, 1]},
    ]
    assert len({states.hash, *(dataclasses.replace(states, **change).hash for change in others)}) == 6
    swapped = {
        number: {name: rows.astype(rows.dtype.newbyteorder(">")) for name, rows in reversed(one.items())}
        for number, one in reversed(states.episodes.items())
    }
    assert dataclasses.replace(states, episodes=swapped, made="x").hash == states.hash


def test_a_refactor_of_what_the_settings_name_changes_no_state(states):
    named, later = (f"model {code}" for code in (NAME, NAME[:17] + "0" * 16))
    first, second, other = (
        dataclasses.replace(states, settings=[text]) for text in (named, later, named.replace("0123", "3210"))
    )
    assert first.hash == second.hash != other.hash


def test_a_file_that_is_cut_off_or_damaged_is_refused_and_named(states, tmp_path):
    path = tmp_path / "a"
    write_states(path, states)
    content = path.read_bytes()
    damaged = [content[:cut] for cut in range(0, len(content), 97)]
    for at in range(0, len(content), 41):
        damaged.append(content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :])
    for one in damaged:
        path.write_bytes(one)
        try:
            assert read_states(path).hash == states.hash  # a bit that says nothing, such as a time
        except InputError as error:
            assert str(path) in str(error) and "field" in str(error)


def test_values_that_are_not_those_of_the_hash_are_refused(states, tmp_path):
    write_states(tmp_path / "a", states)
    with np.load(tmp_path / "a") as stored:
        arrays = dict(stored)
    arrays["ends"] = arrays["ends"] + 1
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=r"a\.npz: field hash"):
        read_states(tmp_path / "a.npz")


def test_other_files_and_later_versions_are_refused(states, tmp_path):
    with pytest.raises(InputError, match="nowhere: missing"):
        read_states(tmp_path / "nowhere")
    np.savez(tmp_path / "other.npz", poses=np.zeros(3))
    with pytest.raises(InputError, match=r"other\.npz: field about"):
        read_states(tmp_path / "other.npz")
    np.savez(tmp_path / "objects.npz", about=np.array([{}], object))
    with pytest.raises(InputError, match=r"objects\.npz: field about"):
        read_states(tmp_path / "objects.npz")
    later = {"version": 2, "scenario": "bins", "settings": [], "made": NAME, "episodes": [], "hash": ""}
    np.savez(tmp_path / "later.npz", about=np.frombuffer(json.dumps(later).encode(), np.uint8))
    with pytest.raises(InputError, match=r"later\.npz: field version: expected 1, found 2"):
        read_states(tmp_path / "later.npz")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scenario": "tables"}, 'field scenario: expected "tables", found "bins"'),
        ({"settings": ["test", *SETTINGS[1:]]}, 'field settings.0: expected "test", found "train"'),
        ({"settings": ["train", {"seed": 5, "dials": {"clutter": 12.5}}, (1, 2)]}, "settings.1.seed: expected 5"),
        ({"settings": ["train", {"seed": 4, "dials": {"clutter": 3}}, (1, 2)]}, "settings.1.dials.clutter: expected 3"),
        ({"settings": ["train"]}, 'field settings: expected ["train"], found'),
        ({"fields": FIELDS | {"more": ("<f8", ())}}, "field more: expected .*, found none"),
        ({"fields": FIELDS | {"ends": ("<f8", ())}}, "field ends: expected .*f8.*, found .*i1"),
        ({"fields": {name: FIELDS[name] for name in ("poses", "ends")}}, "field held: expected none"),
    ],
)
def test_states_of_other_data_are_refused_with_the_first_field_that_differs(states, tmp_path, given, message):
    wanted = {"scenario": "bins", "settings": SETTINGS, "fields": FIELDS} | given
    with pytest.raises(InputError, match=message.replace("[", r"\[").replace("]", r"\]")):
        check_states(tmp_path / "a", states, **wanted)


def test_states_lie_beside_their_data_set(tmp_path):
    assert states_path(tmp_path / "grasps/train") == tmp_path / "grasps/train.states.npz"
    assert states_path(tmp_path / "aisle", "val") == tmp_path / "aisle.val.states.npz"
