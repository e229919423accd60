import dataclasses

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.don import floors as module
from graspbook.don.floors import FLOORS, answer_floor
from graspbook.don.queries import draw_queries
from graspbook.don.scores import answer
from tests.conftest import standard
from tests.don.flat import HEIGHT, WIDTH, flat_scene

NETWORK = dataclasses.replace(standard("don").network, weights="random")


@pytest.fixture(scope="module")
def asked():
    scenes = [flat_scene(seed) for seed in range(2)]
    config = dataclasses.replace(standard("don").evaluate, pairs=2, queries=10, travel=0.05)
    return scenes, draw_queries(scenes, config, 2, 0.005)


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOORS)
def test_every_floor_answers_every_query(name, asked):
    scores = answer_floor(name, *asked, NETWORK, 1)
    assert len(scores.errors) == sum(len(query.pixels) for query in asked[1])
    assert np.isfinite(scores.errors).all()
    assert (scores.predicted >= 0).all() and (scores.predicted <= (WIDTH - 1, HEIGHT - 1)).all()
    if name == "random":
        assert scores.on_object.all()
    if name == "grid":
        assert scores.errors.max() <= np.hypot(8, 8) * 800 / np.hypot(HEIGHT, WIDTH)


def test_an_unknown_floor_is_refused(asked):
    with pytest.raises(InputError, match="expected one of random"):
        answer_floor("orb", *asked, NETWORK, 1)


def test_raw_colours_are_compared_by_their_distance(asked):
    scenes, queries = asked

    def colours(scene, view):
        return torch.from_numpy(scenes[scene].images[view].reshape(-1, 3).astype(np.float32))

    expected = answer(colours, scenes, queries, "euclidean").predicted
    np.testing.assert_array_equal(answer_floor("rgb", scenes, queries, NETWORK, 1).predicted, expected)


@pytest.mark.parametrize(("name", "measure"), [("rgb", "euclidean"), ("sift", "euclidean"), ("imagenet", "cosine")])
def test_floors_are_compared_as_such_descriptors_are(name, measure, asked, monkeypatch):
    given, heads = [], []
    monkeypatch.setattr(module, "answer", lambda look, scenes, queries, how: given.append(how))
    monkeypatch.setattr(module, "look_with", lambda network, *_: heads.append(network.head))
    answer_floor(name, *asked, NETWORK, 1)
    assert given == [measure]
    assert all(isinstance(head, torch.nn.Identity) for head in heads), "features of ImageNet, not of a random head"
