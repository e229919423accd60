import dataclasses

import numpy as np
import pytest
import torch

from graspbook.don.config import Row
from graspbook.don.metrics import area_under_pck, pixel_errors
from graspbook.don.network import DescriptorNetwork, describe
from graspbook.don.queries import Query, draw_queries, draw_tracks
from graspbook.don.scores import _depth_near, answer, judge, lines_of, look_with, measure_of, score, track_errors
from tests.conftest import standard
from tests.don.flat import HEIGHT, WIDTH, flat_scene


@pytest.fixture(scope="module")
def scenes():
    return [flat_scene(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def queries(scenes):
    config = dataclasses.replace(standard("don").evaluate, pairs=3, queries=15, travel=0.05, tracked=3)
    return {
        "within": draw_queries(scenes, config, 3, 0.005),
        "across": draw_queries(scenes, config, 3, 0.005, across=True),
        "tracks": draw_tracks(scenes, config, 0.005),
    }


@pytest.mark.parametrize("kind", ["within", "across"])
def test_colours_that_name_the_point_are_right_to_a_pixel(scenes, queries, kind):
    """In these scenes a colour says which point of which object it is."""

    def colours(scene, view):
        return torch.from_numpy(scenes[scene].images[view].reshape(-1, 3).astype(np.float32))

    scores = answer(colours, scenes, queries[kind], "euclidean")
    assert np.median(scores.errors) < 800 / np.hypot(HEIGHT, WIDTH) * 1.5
    assert scores.on_object.mean() > 0.95
    assert scores.auc.mean() == pytest.approx(area_under_pck(scores.errors))


def test_answers_equal_a_search_pixel_by_pixel(scenes, queries):
    torch.manual_seed(0)
    network = DescriptorNetwork(4, None).eval()
    asked = queries["within"][:2]
    scores = score(network, scenes, asked, "euclidean")
    place = 0
    for query in asked:
        a, b = (describe(network, torch.from_numpy(scenes[s].images[v])) for s, v in (query.a, query.b))
        for pixel in query.pixels.astype(int):
            wanted = a[pixel[1] * WIDTH + pixel[0]]
            distance = (b - wanted).norm(dim=1)
            u, v = scores.predicted[place].astype(int)
            assert distance[v * WIDTH + u] <= distance.min() + 1e-4
            place += 1


def test_views_that_are_described_together_are_the_same_alone(scenes, queries):
    torch.manual_seed(1)
    network = DescriptorNetwork(4, None).eval()
    look = look_with(network, scenes, queries["across"])
    s, v = queries["across"][0].b
    assert torch.allclose(look(s, v), describe(network, torch.from_numpy(scenes[s].images[v])), atol=1e-5)


def test_tracking_errors_are_distances_in_the_world(scenes, queries):
    tracks = queries["tracks"]
    exact = [np.rint(query.answers) for query in tracks]
    near = track_errors(judge(exact, scenes, tracks), scenes, tracks)
    assert np.nanmax(near) < 10  # half a pixel is up to 6 mm here
    corner = [np.zeros_like(query.answers) for query in tracks]
    assert np.nanmin(track_errors(judge(corner, scenes, tracks), scenes, tracks)) > 50


def test_lines_add_up(scenes, queries):
    asked = queries["within"]
    scores = judge([query.answers for query in asked], scenes, asked)
    lines = lines_of(scores, asked)
    assert lines["asked"].sum() == len(scores.errors) and lines["auc"].sum() == lines["asked"].sum()
    assert pixel_errors(scores.predicted, scores.predicted, (3, 4)).max() == 0


def test_a_pixel_without_depth_takes_the_nearest_one():
    depth = np.zeros((9, 9), np.float32)
    depth[4, 6], depth[3, 4], depth[2, 2] = 5, 3, 7
    assert _depth_near(depth, np.array([4.2, 3.8])) == 3
    assert _depth_near(depth, np.array([8.0, 8.0])) == 0


def test_sums_are_for_the_scene_that_is_searched(scenes, queries):
    asked = queries["across"]
    lines = lines_of(judge([query.answers for query in asked], scenes, asked), asked)
    assert set(zip(lines["scene"], lines["object"], strict=True)) == {(query.b[0], query.number) for query in asked}
    counts = lines.set_index(["scene", "object"])["asked"]
    first = asked[0].b[0], asked[0].number
    assert counts[first] == sum(len(q.pixels) for q in asked if (q.b[0], q.number) == first)


def test_descriptors_are_compared_as_their_loss_does():
    row = Row("row", "nt-xent", "multi", 1, matches=25)
    assert measure_of(row) == "cosine" and measure_of(dataclasses.replace(row, loss="pixelwise")) == "euclidean"


def test_an_answer_on_another_object_is_not_on_the_object(scenes):
    rows, columns = np.nonzero(scenes[0].ids[1] == 2)
    other = np.stack([columns, rows], 1)[:5].astype(np.float32)
    for number, right in ((1, False), (2, True)):
        query = Query(number, (0, 0), (0, 1), other, other)
        assert judge([other], scenes, [query]).on_object.tolist() == [right] * 5


def test_tracking_errors_are_measured_where_the_answer_is(scenes):
    pixels = np.array([[10.0, 12.0]], np.float32)
    query = Query(1, (0, 0), (0, 1), pixels, pixels)
    changed = dataclasses.replace(scenes[0], depth=scenes[0].depth * np.array([9, 1, 1, 1], np.float32)[:, None, None])
    found = [track_errors(judge([pixels + 2], [scene], [query]), [scene], [query])[0] for scene in (scenes[0], changed)]
    assert found[0] == pytest.approx(found[1])
