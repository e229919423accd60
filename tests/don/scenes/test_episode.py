import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.don.scenes import episode as module
from graspbook.don.scenes.episode import FIRST_UNKNOWN, record_scene
from graspbook.world.table.bending import Bend
from tests.conftest import standard

CONFIG = dataclasses.replace(standard("don").scenes, unknown=2)


class Table:
    """A table on which all lies at the middle but one object, which has rolled away."""

    def __init__(self):
        self.items = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def chute(self, *_):
        return self

    def drop(self, number, item, *_):
        self.items[number] = item

    def settle(self, *_):
        pass

    def shift(self, *_):
        pass

    def pose(self, number):
        return self.poses()[number]

    def poses(self):
        return {number: (np.eye(3), np.array([2.0 * (number == 2), 0.0, 0.0])) for number in self.items}

    def remove(self, numbers):
        for number in numbers:
            del self.items[number]


@pytest.fixture
def recorded(monkeypatch):
    """Records scenes without physics and pictures; the split of unknown objects and the noise are noted."""
    splits, noise = [], []
    layers = SimpleNamespace(ids=np.zeros((2, 2), np.uint8))
    studio = SimpleNamespace(plain=None, renderer=SimpleNamespace(see=lambda *_: layers))
    functions = {
        "TableCell": Table,
        "draw_bent_item": lambda studio, config, number, rng: (f"item {number}", Bend((1.1, 1.0, 0.9), 0.5)),
        "draw_item": lambda rng, catalogue, split, *_: splits.append(split) or "unknown",
        "draw_backdrop": lambda *_: SimpleNamespace(table=None, light=None),
        "wrist_cameras": lambda config: [None] * 3,
        "photograph": lambda layers, rng, config: noise.append(rng.random()) or np.zeros((2, 2, 3), np.uint8),
        "measure": lambda *_: np.zeros((2, 2), np.float32),
        "looks": lambda *_: None,
    }
    for name, function in functions.items():
        monkeypatch.setattr(module, name, function)

    def record(arrangement, known, split="train"):
        splits.clear()
        noise.clear()
        return record_scene(studio, CONFIG, arrangement, known, split, (1, 2)), list(splits), list(noise)

    return record


def test_unknown_objects_are_of_the_split_and_a_single_object_has_none_beside_it(recorded):
    assert recorded("packed", (1, 5), "test")[1] == ["test", "test"]
    assert recorded("loose", (1, 5), "train")[1] == ["train", "train"]
    assert recorded("single", (1,))[1] == []


def test_known_objects_that_did_not_roll_away_are_recorded_and_soft_ones_with_their_bend(recorded):
    recording, _, noise = recorded("packed", (1, 2, 5))
    assert list(recording.objects) == [1, 5], "2 has rolled away"
    assert recording.objects[1].extra == {}
    assert recording.objects[5].extra == {"squeeze": [1.1, 1.0, 0.9], "curve": 0.5}
    assert all(number < FIRST_UNKNOWN for number in recording.objects)
    assert len(set(noise)) == 3, "each picture has noise of its own"
