import dataclasses

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.bop import SceneObject
from graspbook.don.queries import draw_queries, draw_tracks, map_across, to_object, to_scene, visible
from tests.conftest import standard
from tests.don.flat import WIDTH, flat_scene

TOLERANCE = 0.005


@pytest.fixture
def scenes():
    return [flat_scene(seed) for seed in range(3)]


@pytest.fixture
def config():
    return dataclasses.replace(standard("don").evaluate, pairs=3, queries=15, travel=0.05, tracked=3)


def point_of(scene, view, uv):
    """The object's id and the point in its frame that a pixel shows, from rays alone."""
    camera = scene.cameras[view]
    direction = camera.world_from_camera[:3, :3] @ [(uv[0] - camera.cx) / camera.fx, (uv[1] - camera.cy) / camera.fy, 1]
    point = camera.centre - camera.centre[2] / direction[2] * direction
    for number, thing in scene.objects.items():
        local = (point - thing.position) @ thing.rotation
        if (np.abs(local[:2]) < 0.05).all():
            return number, local
    return 0, None


@pytest.mark.parametrize("across", [False, True])
def test_a_query_and_its_answer_are_the_same_point_of_the_same_object(scenes, config, across):
    queries = draw_queries(scenes, config, config.pairs, TOLERANCE, across=across)
    assert len(queries) == 6
    for query in queries:
        assert (query.a[0] != query.b[0]) == across
        for pixel, answer in zip(query.pixels, query.answers, strict=True):
            (number, here), (other, there) = (
                point_of(scenes[s], v, uv) for (s, v), uv in ((query.a, pixel), (query.b, answer))
            )
            assert number == other == query.number and np.abs(here - there).max() < 1e-4


def test_tracked_points_stay_the_same_point(scenes, config):
    for query in draw_tracks(scenes, config, TOLERANCE):
        assert query.a[0] == query.b[0] and query.a != query.b
        for pixel, answer in zip(query.pixels, query.answers, strict=True):
            here, there = (point_of(scenes[s], v, uv) for (s, v), uv in ((query.a, pixel), (query.b, answer)))
            assert here[0] == there[0] == query.number and np.abs(here[1] - there[1]).max() < 1e-4


def test_points_of_a_bent_object_go_to_its_frame_at_rest_and_back():
    thing = SceneObject(np.eye(3)[[1, 2, 0]], np.array([0.1, 0.2, 0.3]), {"squeeze": [1.2, 0.8, 1.0], "curve": 2.0})
    points = np.random.default_rng(0).normal(0, 0.1, (9, 3))
    assert np.allclose(to_scene(thing, to_object(thing, points)), points)


def test_an_object_that_is_not_there_is_named(scenes):
    with pytest.raises(InputError, match="field obj_id: object 9"):
        map_across(scenes[0], 0, scenes[1], 0, 9, TOLERANCE)


def test_scenes_without_masks_cannot_be_asked(scenes, config):
    bare = [dataclasses.replace(scene, objects={}) for scene in scenes]
    with pytest.raises(InputError, match="field mask_visib"):
        draw_queries(bare, config, 1, TOLERANCE)


def test_views_within_a_scene_are_apart_in_place_and_in_direction(scenes, config):
    far = dataclasses.replace(config, travel=0.3, turn=15.0)  # neighbours are turned enough, and too near
    for query in draw_queries(scenes, far, 3, TOLERANCE):
        poses = [scenes[s].cameras[v].world_from_camera for s, v in (query.a, query.b)]
        assert np.linalg.norm(poses[0][:3, 3] - poses[1][:3, 3]) >= 0.3


def test_a_point_before_or_behind_what_the_camera_sees_is_not_visible(scenes):
    depth = np.float64(scenes[0].depth[0][20, 24])
    points = np.array([depth - 0.1, depth, depth + 0.1])
    assert visible(scenes[0], 0, np.full((3, 2), (24.0, 20.0)), points, TOLERANCE).tolist() == [False, True, False]


def test_an_object_that_shows_few_pixels_is_not_asked_for(scenes, config):
    ids = scenes[0].ids.copy()
    for view in ids:
        view.ravel()[np.flatnonzero(view == 1)[10:]] = 0
    queries = draw_queries([dataclasses.replace(scenes[0], ids=ids)], config, 3, TOLERANCE)
    assert {query.number for query in queries} == {2}


def test_points_that_another_object_hides_in_the_other_scene_are_no_answers(scenes):
    hidden = scenes[1].ids.copy()
    hidden[hidden == 1] = np.where(np.arange((hidden == 1).sum()) % 2, 1, 2)
    other = dataclasses.replace(scenes[1], ids=hidden)
    _, answers = map_across(scenes[0], 0, other, 1, 1, TOLERANCE)
    assert len(answers)
    column, row = np.rint(answers).astype(int).T
    assert (hidden[1][row, column] == 1).all()


def test_queries_within_scenes_and_across_them_draw_apart(scenes, config, monkeypatch):
    keys, make = [], np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda key: keys.append(key) or make(key))
    for across in (False, True):
        draw_queries(scenes, config, 1, TOLERANCE, across=across)
    draw_tracks(scenes, config, TOLERANCE)
    assert keys == [[config.seed, 0], [config.seed, 1], [config.seed, 2]]


def test_views_that_are_turned_too_little_are_not_asked_for(scenes, config):
    with pytest.raises(InputError, match="no object is seen in two views"):
        draw_queries(scenes, dataclasses.replace(config, travel=0.0, turn=179.0), 3, TOLERANCE)


def test_keypoints_are_different_pixels_of_the_view_that_shows_most_and_are_asked_for_where_they_are_seen(
    scenes, config
):
    many = dataclasses.replace(config, tracked=25)
    queries = draw_tracks(scenes, many, TOLERANCE)
    for scene in range(3):
        for number in scenes[scene].objects:
            own = [query for query in queries if query.a[0] == scene and query.number == number]
            assert {query.a[1] for query in own} == {int((scenes[scene].ids == number).sum((1, 2)).argmax())}
            pixels = np.unique(np.concatenate([query.pixels for query in own]), axis=0)
            assert len(pixels) <= 25
    striped = np.where(np.arange(WIDTH) % 2, 1, 1.5)  # in every other view, every other column is measured too far
    nearer = [
        dataclasses.replace(one, depth=np.where(np.arange(4)[:, None, None] % 2, one.depth, one.depth * striped))
        for one in scenes
    ]
    for query in draw_tracks(nearer, many, TOLERANCE):
        (first, view), (second, other) = query.a, query.b
        column, row = query.pixels.astype(int).T
        points = nearer[first].cameras[view].backproject(query.pixels, nearer[first].depth[view][row, column])
        uv, depth = nearer[second].cameras[other].project(points)
        assert visible(nearer[second], other, uv, depth, TOLERANCE + 1e-6).all()


def test_keypoints_of_an_object_are_never_one_pixel_twice(scenes, config):
    ids = np.where(np.arange(scenes[0].ids[0].size).reshape(scenes[0].ids[0].shape) % 5, 0, scenes[0].ids)
    few = dataclasses.replace(scenes[0], ids=ids.astype(np.uint8))
    tracked = int((few.ids == 1).sum((1, 2)).max())
    assert tracked >= 20, "as many as there are"
    queries = draw_tracks([few], dataclasses.replace(config, tracked=20), TOLERANCE)
    for query in queries:
        assert len(np.unique(query.pixels, axis=0)) == len(query.pixels)
